package incident

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// step locks an incident for a step of the office in charge and checks the version that
// they saw.
func (s *Service) step(ctx context.Context, by identity.Actor, id uuid.UUID, version int, do func(tx pg.Tx, now time.Time, i *Incident) error) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		i, err := lock(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if err := worker(by, i); err != nil {
			return err
		}
		if i.Version != version {
			return fault.Moved()
		}
		return do(tx, now, &i)
	})
}

// move makes one move of Lifecycle and saves it with its event, its entry and the named
// columns.
func (s *Steps) move(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, i *Incident, do Action, f Facts, after map[string]any, columns ...string) (err error) {
	from := i.Status
	if i.Status, err = Lifecycle().Next(from, do, by.Role, f); err != nil {
		return err
	}
	if err := pg.Update(ctx, tx, i, i.ID, &i.Version, append(columns, "status")...); err != nil {
		return fmt.Errorf("%s the incident: %w", do, err)
	}
	if err := write(ctx, tx, now, by, *i, string(do), f.Text, do != Close || !i.SelfReported); err != nil {
		return err
	}
	said := map[string]any{"reference": i.Reference, "status": i.Status}
	maps.Copy(said, after)
	return record(ctx, tx, now, by, *i, audit.Event{Action: "incident." + string(do), Before: map[string]any{"status": from}, After: said, Reason: f.Text, Internal: do != Close})
}

// Change completes or corrects an incident. Case workers of the office in charge may, of one
// that the company reported too: what it wrote stays in the audit trail. Refusals as for
// Register; Conflict also: it was merged, or somebody else changed it.
func (s *Service) Change(ctx context.Context, by identity.Actor, id uuid.UUID, in Entry) error {
	return taken(s.step(ctx, by, id, in.Version, func(tx pg.Tx, now time.Time, i *Incident) error {
		if i.Status == Merged {
			return fault.New(fault.Conflict, "This incident was merged into another. Change that one")
		}
		if err := oneByOne(ctx, tx, i.CompanyID); err != nil {
			return fmt.Errorf("wait for others who register: %w", err)
		}
		was := *i
		if _, err := s.Steps.put(ctx, tx, now, by, in, i); err != nil {
			return err
		}
		err := pg.Update(ctx, tx, i, i.ID, &i.Version, "membership_id", "office_id", "programme", "kind", "place", "occurred_on", "occurred_until", "found_on", "way", "told_by",
			"number", "number_key", "numbers", "facts", "consequences", "ruled_out")
		if err != nil {
			return fmt.Errorf("change the incident: %w", err)
		}
		return record(ctx, tx, now, by, *i, audit.Event{Action: "incident.change", Before: was.said(), After: i.said(), Reason: i.RuledOut})
	}))
}

// LookInto says that the office looks into an incident. Case workers of the office in charge
// may.
func (s *Service) LookInto(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	return s.step(ctx, by, id, version, func(tx pg.Tx, now time.Time, i *Incident) error {
		return s.Steps.move(ctx, tx, now, by, i, LookInto, Facts{}, nil)
	})
}

// ClosingEntry ends an incident without action.
type ClosingEntry struct {
	Version int
	Founded string // "yes": it did happen; "no": it did not
	Reason  string
}

// Close ends an incident without action; a company that reported it is told. The same
// persons may as for LookInto. One that did not happen counts in no figure.
func (s *Service) Close(ctx context.Context, by identity.Actor, id uuid.UUID, in ClosingEntry) error {
	return s.step(ctx, by, id, in.Version, func(tx pg.Tx, now time.Time, i *Incident) error {
		var c entry.Check
		founded := c.OneOf("founded", "whether it did happen", in.Founded, "yes", "no") == "yes"
		reason := c.Text("reason", "why no action follows", in.Reason, 1, 4000)
		if err := c.Err(); err != nil {
			return err
		}
		i.Founded, i.ClosingNote, i.ClosedAt, i.ClosedBy = &founded, reason, &now, &by.PersonID
		err := s.Steps.move(ctx, tx, now, by, i, Close, Facts{Text: reason, Field: "reason"}, map[string]any{"founded": founded}, "founded", "closing_note", "closed_at", "closed_by")
		if err != nil || !i.SelfReported {
			return err
		}
		p, ok := s.Steps.Programmes.Get(i.Programme)
		if !ok {
			return fmt.Errorf("an incident: the portal has no programme %q", i.Programme)
		}
		return s.Steps.tell(ctx, tx, now, by, *i, p, "incident_closed", map[string]string{"reason": reason})
	})
}

// Reopen takes a closed incident up again. The same persons may as for LookInto.
func (s *Service) Reopen(ctx context.Context, by identity.Actor, id uuid.UUID, version int, reason string) error {
	return s.step(ctx, by, id, version, func(tx pg.Tx, now time.Time, i *Incident) error {
		reason, err := said("reason", "why", reason)
		if err != nil {
			return err
		}
		i.Founded, i.ClosingNote, i.ClosedAt, i.ClosedBy = nil, "", nil, nil
		return s.Steps.move(ctx, tx, now, by, i, Reopen, Facts{Text: reason, Field: "reason"}, nil, "founded", "closing_note", "closed_at", "closed_by")
	})
}

func said(field, what, text string) (string, error) {
	var c entry.Check
	text = c.Text(field, what, text, 1, 4000)
	return text, c.Err()
}

// MergeEntry names the incident that is the same.
type MergeEntry struct {
	Version int
	Into    string // its number, such as I-2026-0001
	Reason  string
}

// Merge says that an incident is the same as another: it stays in the register, linked, and
// counts no more; the other knows when the agency learned of it. Its case goes with it. The
// same persons may as for LookInto. Invalid: the other one; Conflict: both are in a case.
func (s *Service) Merge(ctx context.Context, by identity.Actor, id uuid.UUID, in MergeEntry) error {
	return s.step(ctx, by, id, in.Version, func(tx pg.Tx, now time.Time, i *Incident) error {
		reason, err := said("reason", "why the two are the same", in.Reason)
		if err != nil {
			return err
		}
		other, err := s.Steps.other(ctx, tx, by, *i, in.Into)
		if err != nil {
			return err
		}
		if err := s.Steps.takeOver(ctx, tx, now, by, *i, &other, reason); err != nil {
			return err
		}
		i.MergedInto, i.CaseID, i.Founded, i.ClosedAt, i.ClosedBy = &other.ID, nil, nil, nil, nil
		return s.Steps.move(ctx, tx, now, by, i, Merge, Facts{Text: reason, Field: "reason"}, map[string]any{"into": other.Reference}, "merged_into", "case_id", "founded", "closed_at", "closed_by")
	})
}

// other locks the incident into which another is merged.
func (s *Steps) other(ctx context.Context, tx pg.Tx, by identity.Actor, i Incident, reference string) (o Incident, err error) {
	refuse := func(message string, args ...any) error {
		return fault.Fail([]fault.Field{fault.F("into", message, args...)})
	}
	ids, err := scan[uuid.UUID](ctx, tx, `select id from incident where reference = ? and company_id = ?`, strings.ToUpper(strings.TrimSpace(reference)), i.CompanyID)
	if err != nil {
		return o, fmt.Errorf("look for the other incident: %w", err)
	}
	if len(ids) == 0 {
		return o, refuse("Enter the number of another incident of this company, like I-2026-0001")
	}
	if o, err = lock(ctx, tx, by, ids[0]); err != nil {
		return o, err
	}
	switch {
	case o.ID == i.ID:
		return o, refuse("Enter the number of another incident")
	case o.Status == Merged:
		return o, refuse("%s was itself merged. Enter the number of the one that stays", o.Reference)
	case i.SelfReported && !o.SelfReported:
		return o, refuse("Merge it the other way round, so that the company's own report stays")
	case i.CaseID != nil && o.CaseID != nil && *i.CaseID != *o.CaseID:
		return o, fault.New(fault.Conflict, "Both incidents are in a case. Take one of them out of its case first")
	}
	return o, nil
}

// takeOver gives the incident that stays what it has from the one that is merged into it.
func (s *Steps) takeOver(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, i Incident, o *Incident, reason string) error {
	var columns []string
	if i.DiscoveredAt != nil && (o.DiscoveredAt == nil || i.DiscoveredAt.Before(*o.DiscoveredAt)) {
		o.DiscoveredAt = i.DiscoveredAt
		columns = append(columns, "discovered_at")
	}
	if i.CaseID != nil && o.CaseID == nil {
		o.CaseID, o.Status = i.CaseID, Passed
		o.Founded, o.ClosedAt, o.ClosedBy = nil, nil, nil
		columns = append(columns, "case_id", "status", "founded", "closed_at", "closed_by")
	}
	if columns != nil {
		if err := pg.Update(ctx, tx, o, o.ID, &o.Version, columns...); err != nil {
			return fmt.Errorf("change the incident that stays: %w", err)
		}
	}
	if err := write(ctx, tx, now, by, *o, string(Merge), i.Reference+": "+entry.Head(reason, 3900), true); err != nil {
		return err
	}
	return record(ctx, tx, now, by, *o, audit.Event{Action: "incident.take_over", After: map[string]any{"reference": o.Reference, "from": i.Reference}, Reason: reason, Internal: true})
}

// Note adds an internal note. The same persons may as for LookInto.
func (s *Service) Note(ctx context.Context, by identity.Actor, id uuid.UUID, text string) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		i, err := lock(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if err := worker(by, i); err != nil {
			return err
		}
		text, err := said("note", "the note", text)
		if err != nil {
			return err
		}
		if err := write(ctx, tx, now, by, i, "note", text, true); err != nil {
			return err
		}
		return record(ctx, tx, now, by, i, audit.Event{Action: "incident.note", After: map[string]any{"note": text}, Internal: true})
	})
}

// Supplement adds what a company knows by now to an incident that it reported. Those who
// edit for the company may. Conflict: it was merged.
func (s *Service) Supplement(ctx context.Context, by identity.Actor, id uuid.UUID, text string) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		i, err := lock(ctx, tx, by, id)
		switch {
		case err != nil:
			return err
		case by.Audience != identity.Companies:
			return fault.Missing()
		case !by.Is(identity.CompanyEditors...):
			return fault.New(fault.Forbidden, "You can read this account but not report for it. Ask its owner for the right to edit")
		case !i.SelfReported || i.Status == Merged:
			return fault.New(fault.Conflict, "You can add to reports of your own that are open")
		}
		text, err := said("more", "what you know by now", text)
		if err != nil {
			return err
		}
		if err := write(ctx, tx, now, by, i, "supplement", text, false); err != nil {
			return err
		}
		if err := record(ctx, tx, now, by, i, audit.Event{Action: "incident.supplement", After: map[string]any{"text": text}}); err != nil {
			return err
		}
		persons, err := workers(ctx, tx, i.OfficeID)
		if err != nil {
			return err
		}
		return s.Steps.Letters.ToStaff(ctx, tx, now, persons, Kind, i.ID)
	})
}

// TakeUp links incidents of a company to a case of enforcement, which decides on them: a step
// of enforcement. Invalid, about the field "incidents": one is not there, or in another case.
func (s *Steps) TakeUp(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, company, of uuid.UUID, ids []uuid.UUID) error {
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	for _, id := range slices.Compact(ids) {
		i, err := lock(ctx, tx, by, id)
		if fault.KindOf(err) == fault.NotFound || err == nil && i.CompanyID != company {
			return fault.Fail([]fault.Field{fault.F("incidents", "Choose incidents of this company")})
		}
		if err != nil {
			return err
		}
		if i.CaseID != nil && *i.CaseID == of {
			continue
		}
		if i.Status != Reported && i.Status != LookedInto {
			return fault.Fail([]fault.Field{fault.F("incidents", "%s is closed, merged or in another case", i.Reference)})
		}
		i.CaseID = &of
		if err := s.move(ctx, tx, now, by, &i, Pass, Facts{}, map[string]any{"case": of}, "case_id"); err != nil {
			return err
		}
	}
	return nil
}

// Disclose lets a company see the incidents of a case of which it is told: a step of
// enforcement.
func (s *Steps) Disclose(ctx context.Context, tx pg.Tx, now time.Time, of uuid.UUID) error {
	err := tx.WithContext(ctx).Exec(`update incident set told_at = ?, version = version + 1 where case_id = ? and told_at is null`, now, of).Error
	if err != nil {
		return fmt.Errorf("let the company see the incidents: %w", err)
	}
	return nil
}
