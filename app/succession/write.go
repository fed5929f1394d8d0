package succession

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/standing"
)

// Entry is a case as a company enters it.
type Entry struct {
	ID           uuid.UUID // Open only, made with the form, so that sending twice makes one
	Membership   uuid.UUID // Open only
	Kind         string    // Open only
	Day          string    // the first day on which it counts, as 2026-03-04
	Reason       string
	Note         string
	Successor    string // number of the membership that goes on, of a merger
	NewName      string // of a split or sale
	NewCountry   string
	EntityType   string    // of a change of the kind of member
	Lead         uuid.UUID // of sharing: the membership whose profile it is
	Whole        bool      // of a sale
	ShareAnswers bool
	Proof        []uuid.UUID // items of the library
	Version      int
}

// Open prepares a case about a membership. Those who edit for the company may. Invalid: what
// is missing; Conflict: the membership has ended, or a case about it is open already.
func (s *Service) Open(ctx context.Context, by identity.Actor, in Entry) (c Case, err error) {
	if err := editor(by); err != nil {
		return c, err
	}
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		m, err := s.lockMember(ctx, tx, by, in.Membership)
		if err != nil {
			return err
		}
		there, err := scan[Case](ctx, tx, `select * from change_case where id = ? and membership_id = ?`, in.ID, m.ID)
		if err != nil || len(there) > 0 {
			if len(there) > 0 {
				c = there[0]
			}
			return err
		}
		if m.Status == string(standing.Ended) {
			return fault.New(fault.Conflict, "This membership has ended already")
		}
		if _, ok := m.rules.Succession.Kind(in.Kind); !ok {
			return fault.Fail([]fault.Field{fault.F("kind", "Choose what you want to do")})
		}
		if in.ID == uuid.Nil {
			in.ID = pg.NewID()
		}
		c = Case{ID: in.ID, CompanyID: m.CompanyID, MembershipID: m.ID, OfficeID: m.OfficeID, Programme: m.Programme, Kind: in.Kind, Status: Draft,
			CreatedAt: now, CreatedBy: &by.PersonID, Version: 1}
		if err := s.put(ctx, tx, now, in, m, &c); err != nil {
			return err
		}
		n, err := number(ctx, tx)
		if err != nil {
			return fmt.Errorf("give the case a number: %w", err)
		}
		c.Reference = fmt.Sprintf("X-%d-%04d", clock.DayOf(now, m.zone).Year(), n)
		if err := add(ctx, tx, &c); err != nil {
			return err
		}
		if err := show(ctx, tx, c, in.Proof); err != nil {
			return err
		}
		return record(ctx, tx, now, by, c, audit.Event{Action: "succession.open", After: c.said(len(in.Proof))})
	})
	if pg.Constraint(err) == "one_open_change_case" {
		err = fault.New(fault.Conflict, "A case about this membership is open already. Finish it or call it off first")
	}
	return c, err
}

// editor lets those through who edit for a company.
func editor(by identity.Actor) error {
	switch {
	case by.Audience != identity.Companies:
		return fault.Missing()
	case !by.Is(identity.CompanyEditors...):
		return fault.New(fault.Forbidden, "You can read this account but not change it. Ask its owner for the right to edit")
	}
	return nil
}

// put takes what a person entered into a case.
func (s *Service) put(ctx context.Context, tx pg.Tx, now time.Time, in Entry, m member, c *Case) error {
	var k entry.Check
	var reasons []string
	for _, r := range m.rules.Succession.ReasonsFor(c.Kind) {
		reasons = append(reasons, r.Code)
	}
	c.Reason = k.OneOf("reason", "why", in.Reason, reasons...)
	least := 0
	if !c.ahead() && len(in.Proof) == 0 {
		least = 1 // something must show it
	}
	c.Note = k.Text("note", "what has happened", in.Note, least, 4000)
	if len(in.Proof) > mostProofs {
		k.Add("proof", "Choose up to %d items", mostProofs)
	}
	c.EffectiveOn = clock.Day{}
	if c.Kind != TypeChange {
		c.EffectiveOn = day(&k, in.Day, m, *c, clock.DayOf(now, m.zone))
	}
	c.SuccessorNumber, c.SuccessorID, c.NewName, c.NewCountry, c.EntityType, c.Whole, c.ShareAnswers, c.LeadID = "", nil, "", "", "", false, false, nil
	switch c.Kind {
	case Merger:
		if err := s.into(ctx, tx, &k, in.Successor, m, c); err != nil {
			return err
		}
	case Split, Sale:
		c.NewName = k.Line("new_name", "the name of the new company", in.NewName, 1, 200)
		if c.NewCountry = strings.ToUpper(strings.TrimSpace(in.NewCountry)); len(c.NewCountry) != 2 {
			k.Add("new_country", "Choose the country of the new company")
			c.NewCountry = ""
		}
		c.Whole, c.ShareAnswers = in.Whole && c.Kind == Sale, in.ShareAnswers
	case TypeChange:
		var types []string
		for _, e := range m.rules.EntityTypes() {
			if e.Enabled && e.Code != m.EntityType {
				types = append(types, e.Code)
			}
		}
		c.EntityType = k.OneOf("entity_type", "what the company does now", in.EntityType, types...)
	case Share, Unshare:
		if err := s.with(ctx, tx, &k, in.Lead, c); err != nil {
			return err
		}
	}
	return k.Err()
}

// day reads the first day on which a case counts: not in the past for who leaves or shares a
// profile, not before the membership for what the law of companies has done.
func day(k *entry.Check, text string, m member, c Case, today clock.Day) clock.Day {
	d, err := clock.ParseDay(text)
	switch {
	case err != nil:
		k.Add("effective_on", "Enter the first day on which it counts, for example 3 5 2027")
		return clock.Day{}
	case c.Kind == Withdrawal && d.Before(today):
		k.Add("effective_on", "Enter today or a later day. Nobody leaves in the past")
	case c.Shares() && d.Before(today):
		k.Add("effective_on", "Enter today or a later day. A yearly review does not change in the past")
	case d.Before(m.EffectiveOn):
		k.Add("effective_on", "Enter a day on which the membership was in effect: it began on %s", m.EffectiveOn.String())
	case d.After(today.AddDays(366)):
		k.Add("effective_on", "Enter a day within the next year")
	}
	return d
}

// into reads which membership goes on after a merger. A number that the company cannot see is
// kept as it is: the agency finds it, and the company learns nothing of others.
func (s *Service) into(ctx context.Context, tx pg.Tx, k *entry.Check, text string, m member, c *Case) error {
	if c.SuccessorNumber = strings.ToUpper(k.Line("successor", "the number of the membership that goes on", text, 3, 60)); c.SuccessorNumber == "" {
		return nil
	}
	if c.SuccessorNumber == strings.ToUpper(m.Number) {
		k.Add("successor", "A membership cannot merge into itself. Enter the number of the other one")
		return nil
	}
	list, err := byNumber(ctx, tx, m.Programme, c.SuccessorNumber)
	if err != nil || len(list) == 0 {
		return err
	}
	if list[0].Status == string(standing.Ended) {
		k.Add("successor", "That membership has ended. Enter the number of one that goes on")
	}
	return nil
}

// said is a case for an audit event.
func (c Case) said(proofs int) map[string]any {
	out := map[string]any{"reference": c.Reference, "kind": c.Kind, "reason": c.Reason, "note": c.Note, "proof": proofs}
	if !c.EffectiveOn.IsZero() {
		out["effective_on"] = c.EffectiveOn
	}
	for key, v := range map[string]string{"successor": c.SuccessorNumber, "new_company": c.NewName, "new_country": c.NewCountry, "entity_type": c.EntityType} {
		if v != "" {
			out[key] = v
		}
	}
	if c.Whole {
		out["whole"] = true
	}
	if c.ShareAnswers {
		out["share_answers"] = true
	}
	return out
}

func record(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c Case, e audit.Event) error {
	e.Kind, e.Subject, e.Company = Kind, c.ID, c.CompanyID
	return audit.Record(ctx, tx, now, by, e)
}

// Change enters a case anew that was not sent yet, or was sent back. The same persons may as
// for Open. Conflict: it was sent, or somebody else changed it.
func (s *Service) Change(ctx context.Context, by identity.Actor, id uuid.UUID, in Entry) (c Case, err error) {
	if err := editor(by); err != nil {
		return c, err
	}
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var m member
		if c, m, err = s.lock(ctx, tx, by, id); err != nil {
			return err
		}
		switch {
		case c.Status != Draft && c.Status != Returned:
			return fault.New(fault.Conflict, "This case was sent, so it stays as it is. Call it off and begin another if it is wrong")
		case c.Version != in.Version:
			return fault.Moved(fault.Change{Label: "What has happened", Yours: entry.Head(in.Note, 4000), Theirs: c.Note})
		}
		was := c
		if err := s.put(ctx, tx, now, in, m, &c); err != nil {
			return err
		}
		err = pg.Update(ctx, tx, &c, c.ID, &c.Version, "effective_on", "reason", "note", "successor_number", "successor_id", "new_name", "new_country", "entity_type", "whole", "share_answers", "lead_id")
		if err != nil {
			return fmt.Errorf("change the case: %w", err)
		}
		if err := show(ctx, tx, c, in.Proof); err != nil {
			return err
		}
		return record(ctx, tx, now, by, c, audit.Event{Action: "succession.change", Before: was.said(0), After: c.said(len(in.Proof))})
	})
	return c, err
}

// step locks a case for a step of an actor and checks the version that they saw.
func (s *Service) step(ctx context.Context, by identity.Actor, id uuid.UUID, version int, do func(tx pg.Tx, now time.Time, c *Case, m member) error) (c Case, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var m member
		if c, m, err = s.lock(ctx, tx, by, id); err != nil {
			return err
		}
		if c.Version != version {
			return fault.Moved()
		}
		return do(tx, now, &c, m)
	})
	return c, err
}

// move makes one move of Lifecycle and saves it with its entry, its event and the named columns.
func (s *Service) move(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c *Case, do Action, f Facts, after map[string]any, columns ...string) (err error) {
	from := c.Status
	if c.Status, err = Lifecycle().Next(from, do, by.Role, f); err != nil {
		return err
	}
	columns = append(columns, "status")
	if c.Status.Final() {
		c.ClosedAt = &now
		columns = append(columns, "closed_at")
	}
	if err := pg.Update(ctx, tx, c, c.ID, &c.Version, columns...); err != nil {
		return fmt.Errorf("%s the case: %w", do, err)
	}
	// What the agency's people say to each other stays with them.
	internal := do == Propose || do == SendBack || do == Take
	if err := write(ctx, tx, now, by, *c, string(do), f.Text, internal); err != nil {
		return err
	}
	said := map[string]any{"reference": c.Reference, "status": c.Status}
	maps.Copy(said, after)
	return record(ctx, tx, now, by, *c, audit.Event{Action: "succession." + string(do), Before: map[string]any{"status": from}, After: said, Reason: f.Text, Internal: internal})
}

// blocked asks, as the portal, what keeps a membership from being left.
func (s *Service) blocked(ctx context.Context, membership uuid.UUID) (why string, err error) {
	if s.Blocked == nil {
		return "", nil
	}
	err = s.DB.Read(ctx, pg.System, func(tx pg.Tx) error {
		why, err = s.Blocked(ctx, tx, membership)
		return err
	})
	return why, err
}

// Submit sends a case. Owner and signatory may. A withdrawal that nothing blocks counts at
// once, and the membership ends on its day; everything else waits for the agency.
func (s *Service) Submit(ctx context.Context, by identity.Actor, id uuid.UUID, version int) (Case, error) {
	if err := signer(by); err != nil {
		return Case{}, err
	}
	of, err := s.membershipOf(ctx, by, id)
	if err != nil {
		return Case{}, err
	}
	why, err := s.blocked(ctx, of)
	if err != nil {
		return Case{}, err
	}
	return s.step(ctx, by, id, version, func(tx pg.Tx, now time.Time, c *Case, m member) error {
		rule, _ := m.rules.Succession.Kind(c.Kind)
		c.NeedsDecision = rule.Decides != programme.NobodyDecides || why != "" && c.Ends()
		c.SentAt, c.SentBy = &now, &by.PersonID
		today := clock.DayOf(now, m.zone)
		if c.Kind == Withdrawal && c.EffectiveOn.Before(today) {
			return fault.Fail([]fault.Field{fault.F("effective_on", "The day has passed. Change the case and enter today or a later day")})
		}
		if err := s.possible(ctx, tx, m, c, today); err != nil {
			return err
		}
		if err := s.owes(ctx, tx, now, m, c); err != nil {
			return err
		}
		err := s.move(ctx, tx, now, by, c, Send, Facts{Direct: !c.NeedsDecision}, c.said(0), "needs_decision", "sent_at", "sent_by", "ground")
		if err != nil {
			return err
		}
		if err := s.repin(ctx, tx, *c); err != nil {
			return err
		}
		if c.NeedsDecision {
			if err := s.tell(ctx, tx, now, by, *c, m, "change_case_received", ""); err != nil {
				return err
			}
			return s.tellOffice(ctx, tx, now, *c)
		}
		return s.count(ctx, tx, now, by, c, m)
	})
}

// signer lets those through who bind a company.
func signer(by identity.Actor) error {
	switch {
	case by.Audience != identity.Companies:
		return fault.Missing()
	case !by.Is(identity.CompanySigners...):
		return fault.New(fault.Forbidden, "Only an owner or a signatory of the company can do this")
	}
	return nil
}

// membershipOf finds the membership of a case that the actor's company has.
func (s *Service) membershipOf(ctx context.Context, by identity.Actor, id uuid.UUID) (of uuid.UUID, err error) {
	err = s.DB.Batch(ctx, by.Scope(), pg.Value(&of, `select membership_id from change_case where id = $1 and company_id = $2`, id, by.CompanyID))
	return of, err
}

// ofMember are the clocks k of a membership, given twice: its own, and those of the cases that
// suspend it.
const ofMember = `k.subject_kind = 'membership' and k.subject_id = ? or k.subject_kind = 'enforcement' and k.subject_id in
	(select e.cause_id from standing_event e where e.membership_id = ? and e.kind = 'suspended' and e.cause_kind = 'enforcement')`

// owes notes that a member leaves while it owes an answer, which decides on a bar.
func (s *Service) owes(ctx context.Context, tx pg.Tx, now time.Time, m member, c *Case) error {
	rule := m.rules.Succession.Owing
	if c.Ground = ""; c.Kind != Withdrawal || rule == nil {
		return nil
	}
	running, err := scan[string](ctx, tx, `select code from clock k where k.code = ? and k.stopped_at is null and (`+ofMember+`)`, rule.Clock, m.ID, m.ID)
	if err != nil {
		return fmt.Errorf("look whether an answer is owed: %w", err)
	}
	if len(running) > 0 {
		c.Ground = rule.Ground
	}
	return nil
}

// repin keeps the proof in the versions of the day on which the case is sent.
func (s *Service) repin(ctx context.Context, tx pg.Tx, c Case) error {
	ids, err := scan[uuid.UUID](ctx, tx, `select evidence_id from change_case_proof where case_id = ? order by evidence_id`, c.ID)
	if err != nil {
		return fmt.Errorf("read the proof: %w", err)
	}
	return show(ctx, tx, c, ids)
}

// StepEntry is a step with a text: a reason or a remark.
type StepEntry struct {
	Version int
	Text    string
}

// Drop gives up a case that was not sent. Those who edit for the company may.
func (s *Service) Drop(ctx context.Context, by identity.Actor, id uuid.UUID, version int) (Case, error) {
	if err := editor(by); err != nil {
		return Case{}, err
	}
	return s.step(ctx, by, id, version, func(tx pg.Tx, now time.Time, c *Case, _ member) error {
		return s.move(ctx, tx, now, by, c, Drop, Facts{}, nil)
	})
}

// TakeBack calls a case off before its day: what was to follow does not. Owner and signatory
// may. Conflict or Invalid: its day has come, or it is over.
func (s *Service) TakeBack(ctx context.Context, by identity.Actor, id uuid.UUID, in StepEntry) (Case, error) {
	if err := signer(by); err != nil {
		return Case{}, err
	}
	return s.step(ctx, by, id, in.Version, func(tx pg.Tx, now time.Time, c *Case, m member) error {
		var k entry.Check
		text := k.Text("text", "why", in.Text, 0, 2000)
		if err := k.Err(); err != nil {
			return err
		}
		today := clock.DayOf(now, m.zone)
		waits := c.Status != Accepted || c.EffectiveOn.IsZero() || c.EffectiveOn.After(today)
		if err := s.move(ctx, tx, now, by, c, CallOff, Facts{Early: waits, Text: text}, nil); err != nil {
			return err
		}
		if c.EventID != nil {
			_, err := s.Standing.Record(ctx, tx, now, by, standing.Event{MembershipID: m.ID, Kind: standing.Overturned, On: today, Undoes: c.EventID, Cause: c.cause(), Reason: text})
			if err != nil {
				return err
			}
		}
		if err := s.tell(ctx, tx, now, by, *c, m, "change_case_called_off", text); err != nil {
			return err
		}
		return s.tellOffice(ctx, tx, now, *c)
	})
}
