package enforcement

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/validation"
)

// OpenEntry opens a case.
type OpenEntry struct {
	ID         uuid.UUID // made with the form, so that sending twice opens one
	Membership uuid.UUID
	Source     string      // one of the sources
	SourceID   uuid.UUID   // of the finding, validation or profile; of an incident its own
	Incidents  []uuid.UUID // that the case takes up
	Reason     string
}

// Open opens a case about a membership, to be looked into: the company does not see it. Case
// workers of the office in charge may. Invalid: the reason or the source; Conflict: the
// membership has ended, or a case about the same source is open.
func (s *Service) Open(ctx context.Context, by identity.Actor, in OpenEntry) (c Case, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		m, err := lockMember(ctx, tx, by, in.Membership)
		if err != nil {
			return err
		}
		if err := worker(by, m.OfficeID); err != nil {
			return err
		}
		if err := s.Steps.source(ctx, tx, m, &in); err != nil {
			return err
		}
		var check entry.Check
		in.Reason = check.Text("reason", "why the case is opened", in.Reason, 1, 4000)
		if err := check.Err(); err != nil {
			return err
		}
		c, err = s.Steps.open(ctx, tx, now, by, m, in)
		return err
	})
	return c, again(err)
}

// again turns the database's refusal of a second case into words.
func again(err error) error {
	if pg.Constraint(err) == "one_case_of_a_source" {
		return fault.New(fault.Conflict, "A case about this is open already. Go on there")
	}
	return err
}

// source checks what a case is opened from: it belongs to the membership's company.
func (s *Steps) source(ctx context.Context, tx pg.Tx, m member, in *OpenEntry) error {
	sql := map[string]string{
		FromIncident:   `select id from incident where id = @id and company_id = @company`,
		FromFinding:    `select id from finding where id = @id and company_id = @company and escalated`,
		FromValidation: `select id from validation where id = @id and company_id = @company`,
		FromReview:     `select id from profile_cycle where id = @id and membership_id = @membership and overdue_at is not null and status = 'open'`,
	}[in.Source]
	switch {
	case in.Source == ByHand:
		in.SourceID = uuid.Nil
		return nil
	case sql == "":
		return fault.Fail([]fault.Field{fault.F("source", "Choose from what the case is opened")})
	}
	ids, err := scan[uuid.UUID](ctx, tx, sql, map[string]any{"id": in.SourceID, "company": m.CompanyID, "membership": m.ID})
	if err != nil {
		return fmt.Errorf("look at the source of the case: %w", err)
	}
	if len(ids) == 0 {
		return fault.Fail([]fault.Field{fault.F("source", "There is no such record of this company, or it does not lead to a case")})
	}
	if in.Source == FromIncident {
		in.Incidents = append(in.Incidents, in.SourceID)
	}
	return nil
}

// open opens a case about a locked membership.
func (s *Steps) open(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, m member, in OpenEntry) (c Case, err error) {
	there, err := scan[Case](ctx, tx, `select id, reference, membership_id from enforcement_case where id = ? and membership_id = ?`, in.ID, m.ID)
	if err != nil {
		return c, fmt.Errorf("look for the case: %w", err)
	}
	if len(there) == 1 {
		return there[0], nil
	}
	if m.Status == "ended" {
		return c, fault.New(fault.Conflict, "This membership has ended, so no case can be opened about it")
	}
	if in.ID == uuid.Nil {
		in.ID = pg.NewID()
	}
	n, err := number(ctx, tx)
	if err != nil {
		return c, fmt.Errorf("give the case a number: %w", err)
	}
	c = Case{ID: in.ID, Reference: fmt.Sprintf("E-%d-%04d", now.UTC().Year(), n), CompanyID: m.CompanyID, MembershipID: m.ID, OfficeID: m.OfficeID, Programme: m.Programme,
		EntityType: m.EntityType, Status: Investigating, SourceKind: in.Source, Reason: in.Reason, OpenedAt: now, Author: by.Name, Version: 1}
	if by.Known() {
		c.OpenedBy = &by.PersonID
	}
	if in.SourceID != uuid.Nil {
		c.SourceID = &in.SourceID
	}
	if err := add(ctx, tx, &c); err != nil {
		return c, fmt.Errorf("open the case: %w", err)
	}
	if err := s.Incidents.TakeUp(ctx, tx, now, by, c.CompanyID, c.ID, in.Incidents); err != nil {
		return c, err
	}
	if err := write(ctx, tx, now, by, c, "open", in.Reason, true); err != nil {
		return c, err
	}
	after := map[string]any{"reference": c.Reference, "source": c.SourceKind, "incidents": len(in.Incidents), "membership_number": m.Number}
	if err := record(ctx, tx, now, by, c, audit.Event{Action: "enforcement.open", After: after, Reason: in.Reason}); err != nil {
		return c, err
	}
	return c, s.tellSecond(ctx, tx, now, c, by.PersonID)
}

// Refer opens a case about a membership whose validation ends with enforcement, in the
// transaction that closes it: a step for the report. An open case about the validation stays
// the only one.
func (s *Steps) Refer(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, v validation.Validation, reason string) error {
	if v.MembershipID == nil {
		return fmt.Errorf("refer validation %s: it is not about a membership", v.Reference)
	}
	m, err := lockMember(ctx, tx, by, *v.MembershipID)
	if err != nil {
		return err
	}
	there, err := scan[uuid.UUID](ctx, tx, `select id from enforcement_case where source_kind = ? and source_id = ? and status <> 'closed'`, FromValidation, v.ID)
	if err != nil {
		return fmt.Errorf("look for a case about the validation: %w", err)
	}
	if len(there) > 0 || m.Status == "ended" {
		return nil
	}
	_, err = s.open(ctx, tx, now, by, m, OpenEntry{Source: FromValidation, SourceID: v.ID, Reason: reason})
	return err
}

// LinkEntry takes further incidents up in a case.
type LinkEntry struct {
	Version   int
	Incidents []uuid.UUID
}

// Link takes further incidents of the company up in a case. Case workers of the office in
// charge may.
func (s *Service) Link(ctx context.Context, by identity.Actor, id uuid.UUID, in LinkEntry) error {
	return s.step(ctx, by, id, in.Version, office(by), func(w work) error {
		if w.Status == Closed {
			return fault.New(fault.Conflict, "This case is closed and stays as it is")
		}
		if len(in.Incidents) == 0 {
			return fault.Fail([]fault.Field{fault.F("incidents", "Choose incidents of this company")})
		}
		if err := s.Steps.Incidents.TakeUp(ctx, w.tx, w.now, by, w.CompanyID, w.ID, in.Incidents); err != nil {
			return err
		}
		return s.Steps.note(ctx, w, "link", "", true, map[string]any{"incidents": len(in.Incidents)}, versionOnly)
	})
}

// RequestEntry is a company's own request for a suspension. The day is written 2026-03-04.
type RequestEntry struct {
	ID         uuid.UUID // made with the form
	Membership uuid.UUID
	Until      string
	Reason     string
}

// Request asks for a suspension of the company's own membership for a time (Delegated
// Regulation (EU) 2015/2446, Art. 16(1)(c)). Those who edit for the company may. The office
// decides on it as on any other case. Invalid: the day or the reason; Conflict: the
// programme knows no such request, or one is open.
func (s *Service) Request(ctx context.Context, by identity.Actor, in RequestEntry) (c Case, err error) {
	if err := companion(by); err != nil {
		return c, err
	}
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		m, err := lockMember(ctx, tx, by, in.Membership)
		if err != nil {
			return err
		}
		c, err = s.Steps.request(ctx, tx, now, by, m, in)
		return err
	})
	return c, again(err)
}

func (s *Steps) request(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, m member, in RequestEntry) (c Case, err error) {
	p, err := s.Rules(Case{Programme: m.Programme})
	if err != nil {
		return c, err
	}
	ground, ok := p.Enforcement.OwnGround()
	switch {
	case !ok:
		return c, fault.New(fault.Conflict, "This programme does not suspend a membership at the request of its holder")
	case m.Status == "ended":
		return c, fault.New(fault.Conflict, "This membership has ended, so it cannot be suspended")
	}
	today, err := m.today(now)
	if err != nil {
		return c, err
	}
	var check entry.Check
	until := ahead(&check, "until", "the last day of the suspension", in.Until, today)
	reason := check.Text("reason", "why you ask for it", in.Reason, 1, 4000)
	if err := check.Err(); err != nil {
		return c, err
	}
	if in.ID == uuid.Nil {
		in.ID = pg.NewID()
	}
	n, err := number(ctx, tx)
	if err != nil {
		return c, fmt.Errorf("give the request a number: %w", err)
	}
	// The membership is the source, so that one request is open at a time.
	c = Case{ID: in.ID, Reference: fmt.Sprintf("E-%d-%04d", now.UTC().Year(), n), CompanyID: m.CompanyID, MembershipID: m.ID, OfficeID: m.OfficeID, Programme: m.Programme,
		EntityType: m.EntityType, Status: Investigating, SourceKind: FromRequest, SourceID: &m.ID, Reason: reason, Ground: ground.Code, OpenedAt: now, OpenedBy: &by.PersonID,
		Author: by.Name, ToldAt: &now, WishOn: until, Version: 1}
	if err := add(ctx, tx, &c); err != nil {
		return c, fmt.Errorf("ask for a suspension: %w", err)
	}
	if err := write(ctx, tx, now, by, c, "request", reason, false); err != nil {
		return c, err
	}
	if err := record(ctx, tx, now, by, c, audit.Event{Action: "enforcement.request", After: map[string]any{"reference": c.Reference, "until": until}, Reason: reason}); err != nil {
		return c, err
	}
	if err := s.tellWorker(ctx, tx, now, c); err != nil {
		return c, err
	}
	return c, s.tell(ctx, tx, now, by, c, "enforcement_request_received", nil, nil)
}

// ahead reads a day that is not in the past; nil when it is wrong.
func ahead(c *entry.Check, name, what, text string, today clock.Day) *clock.Day {
	d, err := clock.ParseDay(strings.TrimSpace(text))
	switch {
	case err != nil:
		c.Add(name, "Enter %s", what)
		return nil
	case d.Before(today):
		c.Add(name, "Enter a day that is not in the past")
		return nil
	case d.After(today.AddYears(10)):
		c.Add(name, "Enter a day within the next ten years")
		return nil
	}
	return &d
}
