package validation

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Steps moves validations within a transaction: for this package, and for those of the
// plan, the findings and the report, which begin and complete the journey.
type Steps struct {
	Programmes *programme.Register
	Clocks     *clock.Clocks
	Letters    *notice.Letters
	Calendars  clock.Calendars
}

// Details is what the audit event of a move says beyond the two states.
type Details struct {
	Reason   string
	After    map[string]any // fields that changed besides the status
	Internal bool           // true: the agency's own work, which the company does not see
}

// Lock locks a validation for a change. Another company's is not found, nor is one of which
// the company was not told; an old version is a Conflict (0: whatever it is now).
func Lock(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID, version int) (Validation, error) {
	own, err := readsOrClock(by)
	if err != nil {
		return Validation{}, err
	}
	v, err := lockValidation(ctx, tx, id)
	switch {
	case err != nil:
		return v, err
	case own != nil && (v.CompanyID != *own || v.NotifiedAt == nil):
		return Validation{}, fault.Missing()
	case version != 0 && v.Version != version:
		return v, fault.Moved()
	}
	return v, nil
}

// LockVisit locks a visit and its validation, the validation first as everybody does.
func LockVisit(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID, version int) (Visit, Validation, error) {
	if _, err := readsOrClock(by); err != nil {
		return Visit{}, Validation{}, err
	}
	of, err := validationOf(ctx, tx, id)
	if err != nil {
		return Visit{}, Validation{}, err
	}
	v, err := Lock(ctx, tx, by, of, 0)
	if err != nil {
		return Visit{}, v, err
	}
	x, err := lockVisit(ctx, tx, id)
	if err == nil && version != 0 && x.Version != version {
		err = fault.Moved()
	}
	return x, v, err
}

// readsOrClock is reads, with the portal itself.
func readsOrClock(by identity.Actor) (*uuid.UUID, error) {
	if by.Audience == identity.System {
		return nil, nil
	}
	return by.Reads()
}

// Work is Lock for a change by the office in charge: others find nothing or may not.
func Work(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID, version int) (Validation, error) {
	if own, err := by.Reads(); err != nil || own != nil {
		return Validation{}, fault.Missing()
	}
	v, err := Lock(ctx, tx, by, id, 0)
	if err != nil {
		return v, err
	}
	return v, workable(by, v, version, v.Version)
}

// WorkOnVisit is LockVisit for a change by the office in charge.
func WorkOnVisit(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID, version int) (Visit, Validation, error) {
	if own, err := by.Reads(); err != nil || own != nil {
		return Visit{}, Validation{}, fault.Missing()
	}
	x, v, err := LockVisit(ctx, tx, by, id, 0)
	if err != nil {
		return x, v, err
	}
	return x, v, workable(by, v, version, x.Version)
}

// workable refuses in the order of importance: the role, the office, the state, the version.
func workable(by identity.Actor, v Validation, version, is int) error {
	if err := staff(by); err != nil {
		return err
	}
	if err := inCharge(by, v); err != nil {
		return err
	}
	if err := closed(v); err != nil {
		return err
	}
	if version != 0 && version != is {
		return fault.Moved()
	}
	return nil
}

// Subject is a validation as its clocks know it.
func (s *Steps) Subject(v Validation) (clock.Subject, error) {
	p, err := s.Rules(v)
	if err != nil {
		return clock.Subject{}, err
	}
	return clock.Subject{Kind: Kind, ID: v.ID, Company: v.CompanyID, Office: v.OfficeID, Programme: p}, nil
}

// event is what a move is called among the events that clocks listen to.
func event(do Action) string {
	return map[Action]string{Notify: programme.ValidationNotified, Begin: programme.VisitStarted, Finish: programme.VisitEnded,
		Issue: programme.ReportIssued, Close: programme.ValidationClosed, Cancel: programme.ValidationCancelled}[do]
}

// Move makes one move of Lifecycle: it asks the table, saves the status with the dates that
// belong to it and the named columns, which the caller has set, records the audit event and
// tells the clocks of the validation; those of the membership hear when it is closed. The
// validation must have been locked. A role that may never do this gets a Forbidden.
func (s *Steps) Move(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, v *Validation, do Action, f Facts, e Details, columns ...string) error {
	if !by.Is(identity.CaseWorkers...) {
		return fault.New(fault.Forbidden, "You can read validations. Only the office in charge can change them")
	}
	f.Lead = f.Lead || v.LeadID != nil
	from := v.Status
	to, err := Lifecycle().Next(from, do, by.Role, f)
	if err != nil {
		return err
	}
	v.Status = to
	columns = append(columns, "status")
	switch do {
	case Notify:
		v.NotifiedAt = &now
		columns = append(columns, "notified_at")
	case Begin:
		v.VisitBegunAt = &now
		columns = append(columns, "visit_begun_at")
	case Finish:
		v.VisitedAt = &now
		columns = append(columns, "visited_at")
	case Issue:
		v.IssuedAt = &now
		columns = append(columns, "issued_at")
	case Close:
		v.Outcome = &f.Outcome
		columns = append(columns, "outcome")
	}
	if to.Final() {
		v.ClosedAt, v.ClosingReason = &now, e.Reason
		columns = append(columns, "closed_at", "closing_reason")
	}
	if err := pg.Update(ctx, tx, v, v.ID, &v.Version, columns...); err != nil {
		return fmt.Errorf("%s the validation: %w", do, err)
	}
	after := map[string]any{"status": to}
	maps.Copy(after, e.After)
	err = record(ctx, tx, now, by, *v, audit.Event{Action: "validation." + string(do), Before: map[string]any{"status": from}, After: after, Reason: e.Reason,
		Internal: e.Internal || v.NotifiedAt == nil})
	if err != nil {
		return err
	}
	return s.happened(ctx, tx, now, by, *v, do)
}

func (s *Steps) happened(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, v Validation, do Action) error {
	subject, err := s.Subject(v)
	if err != nil {
		return err
	}
	if do == Finish && v.VisitBegunAt == nil { // nobody went there, and no notice is left to wait for
		if err := s.Clocks.Happened(ctx, tx, now, by, subject, programme.VisitStarted); err != nil {
			return err
		}
	}
	if do != Close {
		return s.Clocks.Happened(ctx, tx, now, by, subject, event(do))
	}
	// The end of a validation is the membership's: what starts then, such as the years to the
	// next one, is owed to the member and not for the validation that is over.
	if v.MembershipID == nil {
		return nil
	}
	if err := lockMembership(ctx, tx, *v.MembershipID); err != nil {
		return err
	}
	subject.Kind, subject.ID = notice.AboutMembership, *v.MembershipID
	return s.Clocks.Happened(ctx, tx, now, by, subject, programme.ValidationClosed)
}

// MoveVisit makes one move of VisitLifecycle, saves it with the named columns and records
// the audit event. The visit must have been locked with its validation.
func (s *Steps) MoveVisit(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, x *Visit, v Validation, do VisitAction, f VisitFacts, e Details, columns ...string) error {
	f.Goes, f.Told, f.Agreed = x.Goes(), v.NotifiedAt != nil, x.ShortNoticeAt != nil
	from := x.Status
	to, err := VisitLifecycle().Next(from, do, by.Role, f)
	if err != nil {
		return err
	}
	x.Status = to
	columns = append(columns, "status")
	switch do {
	case Start:
		x.BegunAt = &now
		columns = append(columns, "begun_at")
	case End, Settle:
		x.DoneAt = &now
		columns = append(columns, "done_at")
	case CallOff:
		x.CancelledAt, x.CancelReason = &now, e.Reason
		columns = append(columns, "cancelled_at", "cancel_reason")
	}
	if err := pg.Update(ctx, tx, x, x.ID, &x.Version, columns...); err != nil {
		return fmt.Errorf("%s the visit: %w", do, err)
	}
	after := map[string]any{"place": x.Place}
	if to != from {
		after["status"] = to
	}
	maps.Copy(after, e.After)
	return record(ctx, tx, now, by, v, audit.Event{Action: "visit." + string(do), Kind: VisitKind, Subject: x.ID,
		Before: map[string]any{"status": from}, After: after, Reason: e.Reason, Internal: e.Internal || v.NotifiedAt == nil})
}

// record adds an audit event about a validation, or about what the event names.
func record(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, v Validation, e audit.Event) error {
	if e.Kind == "" {
		e.Kind, e.Subject = Kind, v.ID
	}
	e.Company = v.CompanyID
	return audit.Record(ctx, tx, now, by, e)
}

// Write sends one of the programme's letters about a validation to its company.
func (s *Steps) Write(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, v Validation, code string, values map[string]string, days map[string]time.Time) error {
	p, err := s.Rules(v)
	if err != nil {
		return err
	}
	return s.Letters.ToCompany(ctx, tx, now, by, notice.Letter{Company: v.CompanyID, SubjectKind: Kind, SubjectID: v.ID, Programme: p, Code: code, Values: values, Days: days})
}

// NotBefore is the first day on which a visit respects the programme's notice: as its clock
// says once the company was told, else as if it were told now. The zero Day: the programme
// asks for none.
func (s *Steps) NotBefore(ctx context.Context, tx pg.Tx, now time.Time, v Validation) (clock.Day, error) {
	views, err := s.Clocks.Of(ctx, tx, now, Kind, v.ID)
	if err != nil {
		return clock.Day{}, err
	}
	office, err := officeOf(ctx, tx, v.OfficeID)
	if err != nil {
		return clock.Day{}, err
	}
	return s.notBefore(views, now, v, office)
}

func (s *Steps) notBefore(views []clock.View, now time.Time, v Validation, office officeRow) (clock.Day, error) {
	p, err := s.Rules(v)
	if err != nil {
		return clock.Day{}, err
	}
	for _, rule := range p.ClocksStartedBy(programme.ValidationNotified) {
		if rule.Direction != programme.Earliest {
			continue
		}
		if view, ok := clock.Find(views, rule.Code); ok {
			return view.Reading.OpensDay, nil
		}
		run := clock.Run{Started: now, Zone: zoneNamed(office.Zone), Earliest: true, Term: clock.Term{Amount: rule.Amount, Unit: clock.Unit(rule.Unit)}}
		return run.Read(now, s.Calendars[office.Calendar]).OpensDay, nil
	}
	return clock.Day{}, nil
}
