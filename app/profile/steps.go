package profile

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Steps opens and moves cycles within a transaction: for this package, and for those that
// begin a profile or complete one.
type Steps struct {
	Library    *catalogue.Library
	Programmes *programme.Register
	Clocks     *clock.Clocks
	Letters    *notice.Letters

	WarnUnscanned bool // warn of evidence that no scanner has looked at
}

// Service is what a company does with its security profiles.
type Service struct {
	DB  *pg.DB
	Now func() time.Time
	*Steps
}

// Opening says for what a profile is begun.
type Opening struct {
	Company, Office         uuid.UUID
	Programme, EntityType   string
	AlsoTypes               []string   // kinds of member of the memberships that share it
	Kind                    string     // Initial, Annual, Revalidation
	Application, Membership *uuid.UUID // the one that it is for
	Anniversary             clock.Day  // of an annual one
}

// Form is the form of a cycle: the criteria of its edition for its kind of member. An
// edition that the deployment no longer has is a defect of the deployment, not something
// that the person can mend.
func (s *Steps) Form(c Cycle) (*catalogue.Form, error) {
	e, ok := s.Library.Edition(c.Programme, c.Edition)
	if !ok || e.Hash != c.EditionHash {
		return nil, fmt.Errorf("profile %s: the portal does not have edition %s of %s as it was (%s)", c.Reference, c.Edition, c.Programme, c.EditionHash)
	}
	return e.Form(c.FormKey()), nil
}

// FormOf is the form that a page was made from (Cycle.FormKey), for reading the answers it
// sends. NotFound: there is no such edition.
func (s *Steps) FormOf(editionHash, formKey string) (*catalogue.Form, error) {
	for _, p := range s.Programmes.All() {
		for _, e := range s.Library.Editions(p.Code) {
			if e.Hash == editionHash {
				return e.Form(formKey), nil
			}
		}
	}
	return nil, fault.Missing()
}

// inForce is the edition under which a profile of this programme is begun on a day; nil
// when the programme has none with criteria for this kind of member.
func (s *Steps) inForce(programmeCode, entityType string, today clock.Day) *catalogue.Edition {
	if s == nil || s.Library == nil {
		return nil
	}
	e, ok := s.Library.InForce(programmeCode, today.Time())
	if !ok || len(e.Form(entityType).Criteria) == 0 {
		return nil
	}
	return e
}

// Open begins a profile under the edition in force at the office today, and carries over
// the answers of the last one of the same company, programme and kind of member; for what
// only the kinds of sharing memberships are asked, those of their last ones. The caller has
// decided who may. The zero Cycle: the programme has no criteria for this kind
// of member, so there is nothing to fill in.
func (s *Steps) Open(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, in Opening) (Cycle, error) {
	zone, err := officeZone(ctx, tx, in.Office)
	if err != nil {
		return Cycle{}, err
	}
	today := clock.DayOf(now, zone)
	edition := s.inForce(in.Programme, in.EntityType, today)
	if edition == nil {
		return Cycle{}, nil
	}
	if err := catalogue.Keep(ctx, tx, now, edition); err != nil {
		return Cycle{}, err
	}
	last, number, err := lastCycle(ctx, tx, in, in.EntityType)
	if err != nil {
		return Cycle{}, err
	}
	from, err := sources(ctx, tx, last, in)
	if err != nil {
		return Cycle{}, err
	}
	n, err := nextNumber(ctx, tx)
	if err != nil {
		return Cycle{}, fmt.Errorf("give a reference: %w", err)
	}
	c := Cycle{
		ID: pg.NewID(), Reference: fmt.Sprintf("SP-%d-%06d", today.Year(), n), CompanyID: in.Company, Programme: in.Programme, EntityType: in.EntityType, AlsoTypes: in.AlsoTypes,
		Kind: in.Kind, Number: number + 1, Edition: edition.ID, EditionHash: edition.Hash, OfficeID: in.Office,
		ApplicationID: in.Application, MembershipID: in.Membership, Anniversary: in.Anniversary, Status: Open, OpenedAt: now, Version: 1,
	}
	if last != nil {
		c.PreviousID = &last.ID
	}
	if err := add(ctx, tx, &c); err != nil {
		return Cycle{}, fmt.Errorf("open a profile: %w", err)
	}
	err = audit.Record(ctx, tx, now, by, audit.Event{Action: "profile.open", Kind: Kind, Subject: c.ID, Company: c.CompanyID, After: opened(c, last)})
	if err != nil {
		return c, err
	}
	taken := map[string]bool{}
	for _, earlier := range from {
		if err := s.carry(ctx, tx, c, earlier, today, taken); err != nil {
			return c, err
		}
	}
	return c, nil
}

// opened is a cycle for the audit event of its beginning.
func opened(c Cycle, last *Cycle) map[string]any {
	after := map[string]any{"reference": c.Reference, "programme": c.Programme, "entity_type": c.EntityType, "kind": c.Kind, "edition": c.Edition, "edition_hash": c.EditionHash}
	if len(c.AlsoTypes) > 0 {
		after["also_types"] = []string(c.AlsoTypes)
	}
	if last != nil {
		after["previous"] = last.Reference
	}
	if !c.Anniversary.IsZero() {
		after["due_on"] = c.Anniversary
	}
	return after
}

// Details is what the audit event of a move says beyond the two states.
type Details struct {
	Reason   string
	After    map[string]any // fields that changed besides the status
	Internal bool           // true: the agency's own work, which the company does not see
}

// Move makes one move of Lifecycle: it asks the table, saves the new status with the
// dates that belong to it and the named columns (which the caller has set), records the
// audit event and tells the clocks of the application or membership. A return voids the
// signature, and taking the return back restores it. The cycle must have been locked
// with Lock. A role that may never do this gets a Forbidden; a move that is not possible
// now, a Conflict; objections of the guards, an Invalid with all of them.
func (s *Steps) Move(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c *Cycle, do Action, f Facts, e Details, columns ...string) error {
	if !mayEver(by.Role, do) {
		return fault.New(fault.Forbidden, "You cannot do this with your role")
	}
	from := c.Status
	to, err := Lifecycle.Next(from, do, by.Role, f)
	if err != nil {
		return err
	}
	c.Status = to
	columns = append(columns, "status")
	switch do {
	case Submit:
		c.SubmittedAt, c.Round = &now, c.Round+1
		columns = append(columns, "submitted_at", "round")
	case Accept:
		c.AcceptedAt, c.AcceptedBy = &now, &by.PersonID
		columns = append(columns, "accepted_at", "accepted_by")
	case End:
		c.EndedAt, c.EndReason = &now, f.Reason
		columns = append(columns, "ended_at", "end_reason")
	case SendBack:
		err = voidSignature(ctx, tx, *c, &now)
	case CancelReturn:
		err = voidSignature(ctx, tx, *c, nil)
	}
	if err != nil {
		return err
	}
	if err := pg.Update(ctx, tx, c, c.ID, &c.Version, columns...); err != nil {
		return fmt.Errorf("%s profile: %w", do, err)
	}
	after := map[string]any{"status": to}
	for k, v := range e.After {
		after[k] = v
	}
	reason := e.Reason
	if do == End {
		reason = f.Reason
	}
	err = audit.Record(ctx, tx, now, by, audit.Event{
		Action: Kind + "." + string(do), Kind: Kind, Subject: c.ID, Company: c.CompanyID,
		Before: map[string]any{"status": from}, After: after, Reason: reason, Internal: e.Internal,
	})
	if err != nil {
		return err
	}
	for _, event := range events(*c, from, do) {
		if err := s.happened(ctx, tx, now, by, *c, event); err != nil {
			return err
		}
	}
	return nil
}

// events are what a move is called among the events that clocks listen to.
func events(c Cycle, from Status, do Action) []string {
	switch {
	case do == SendBack:
		return []string{programme.ProfileReturned}
	case do == CancelReturn, do == Submit && from == Returned: // both end the wait for the company
		return []string{programme.ProfileAnswered}
	case do == Submit && c.Kind == Annual:
		return []string{programme.AnnualReviewSubmitted, programme.ProfileCompleted}
	case do == Submit && c.Kind == Revalidation:
		return []string{programme.ProfileCompleted}
	}
	return nil
}

// happened tells the clocks of the application or membership that the profile is for.
func (s *Steps) happened(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c Cycle, event string) error {
	p, err := s.programme(c)
	if err != nil {
		return err
	}
	kind, id := c.Subject()
	subject := clock.Subject{Kind: kind, ID: id, Company: c.CompanyID, Office: c.OfficeID, Programme: p}
	if err := s.Clocks.Happened(ctx, tx, now, by, subject, event); err != nil || event != programme.AnnualReviewSubmitted {
		return err
	}
	return s.Clocks.Met(ctx, tx, now, by, subject, event, c.Anniversary)
}

func (s *Steps) programme(c Cycle) (*programme.Programme, error) {
	p, ok := s.Programmes.Get(c.Programme)
	if !ok {
		return nil, fmt.Errorf("profile %s: the portal has no programme %q", c.Reference, c.Programme)
	}
	return p, nil
}

// Subject is the record that the profile is for, whose clocks it moves.
func (c Cycle) Subject() (kind string, id uuid.UUID) {
	if c.ApplicationID != nil {
		return "application", *c.ApplicationID
	}
	return "membership", *c.MembershipID
}

// EndOfApplication ends the profile of an application that ends, unless it was accepted.
// An application without a profile needs nothing. A step for the package in which the
// application ends: it has decided who may.
func (s *Steps) EndOfApplication(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, application uuid.UUID, reason string) error {
	c, err := OfApplication(ctx, tx, application)
	if err != nil || c == nil {
		return err
	}
	return s.end(ctx, tx, now, by, *c, reason)
}

// end ends a cycle unless nothing follows on it anyway.
func (s *Steps) end(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c Cycle, reason string) error {
	if c.Status.Final() {
		return nil
	}
	clockwork := identity.ClockActor(by.RequestID)
	locked, err := Lock(ctx, tx, clockwork, c.ID, 0)
	if err != nil || locked.Status.Final() {
		return err
	}
	return s.Move(ctx, tx, now, clockwork, &locked, End, Facts{Reason: reason}, Details{})
}

// mayEver reports whether some row lets the role do this at all.
func mayEver(role identity.Role, do Action) bool {
	for _, r := range Lifecycle {
		if r.Do == do && slices.Contains(r.By, role) {
			return true
		}
	}
	return false
}
