package application

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"time"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/programme"
)

// Kind names applications in audit events, clocks, letters and documents.
const Kind = "application"

// Steps moves applications within a transaction: for this package, and for review
// and membership, which complete a journey that began here.
type Steps struct {
	Programmes *programme.Register
	Clocks     *clock.Clocks
	Letters    *notice.Letters
	Profiles   *profile.Steps // nil: no programme has criteria
}

// Details is what the audit event of a move says beyond the two states.
type Details struct {
	Reason   string
	Reasons  []string       // codes that the event carries for clocks that start with certain reasons only
	After    map[string]any // fields that changed besides the status
	Internal bool           // true: the agency's own work, which the company does not see
}

// Programme is the programme of an application. A programme that the deployment no
// longer has is a defect of the deployment, not something the person can mend.
func (s *Steps) Programme(a Application) (*programme.Programme, error) {
	p, ok := s.Programmes.Get(a.Programme)
	if !ok {
		return nil, fmt.Errorf("application %s: the portal has no programme %q", a.Reference, a.Programme)
	}
	return p, nil
}

// Facts begins the facts of a move with what the programme and the row say.
func (s *Steps) Facts(a Application) (Facts, error) {
	p, err := s.Programme(a)
	if err != nil {
		return Facts{}, err
	}
	return Facts{
		AcceptanceStep: p.Process.AcceptanceStep, HearingStep: p.Process.HearingBeforeRefusal, Accepted: a.AcceptedAt != nil,
	}, nil
}

// Move makes one move of Lifecycle: it asks the table, saves the new status with the
// dates that belong to it and the named columns (which the caller has set), records
// the audit event and tells the clocks. The application must have been locked with
// Open. A role that may never do this gets a Forbidden; a move that is not possible
// now, a Conflict; objections of the guards, an Invalid with all of them.
func (s *Steps) Move(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a *Application, do Action, f Facts, e Details, columns ...string) error {
	if !mayEver(by.Role, do) {
		return fault.New(fault.Forbidden, "You cannot do this with your role")
	}
	from := a.Status
	to, err := Lifecycle.Next(from, do, by.Role, f)
	if err != nil {
		return err
	}
	a.Status = to
	columns = append(columns, "status")
	switch {
	case do == Submit:
		a.SubmittedAt, a.Round = &now, a.Round+1
		columns = append(columns, "submitted_at", "round")
	case do == AnswerInformation:
		a.Round++ // what the agency looks at next is another version
		columns = append(columns, "round")
	case do == Accept:
		a.AcceptedAt = &now
		columns = append(columns, "accepted_at")
	}
	if to == Certified || to == Rejected {
		a.DecidedAt = &now
		columns = append(columns, "decided_at")
	}
	if to.Final() {
		a.ClosedAt, a.ClosingReason = &now, e.Reason
		columns = append(columns, "closed_at", "closing_reason")
	}
	if err := pg.Update(ctx, tx, a, a.ID, &a.Version, columns...); err != nil {
		return fmt.Errorf("%s application: %w", do, err)
	}
	after := map[string]any{"status": to}
	for k, v := range e.After {
		after[k] = v
	}
	err = audit.Record(ctx, tx, now, by, audit.Event{
		Action: Kind + "." + string(do), Kind: Kind, Subject: a.ID, Company: a.CompanyID,
		Before: map[string]any{"status": from}, After: after, Reason: e.Reason, Internal: e.Internal,
	})
	if err != nil {
		return err
	}
	if to.Final() && to != Certified && s.Profiles != nil {
		if err := s.Profiles.EndOfApplication(ctx, tx, now, by, a.ID, "The application ended: "+to.Name()); err != nil {
			return err
		}
	}
	return s.happened(ctx, tx, now, by, *a, event(do, to), e.Reasons...)
}

// ProfileOpen reports whether an application has a security profile that was not
// accepted. It locks the profile, so that nothing is decided on one that moves.
func ProfileOpen(ctx context.Context, tx pg.Tx, by identity.Actor, a Application) (bool, error) {
	c, err := profile.OfApplication(ctx, tx, a.ID)
	if err != nil || c == nil {
		return false, err
	}
	locked, err := profile.Lock(ctx, tx, by, c.ID, 0)
	return locked.Status != profile.Accepted, err
}

// happened tells the clocks of an application about an event; "" is none.
func (s *Steps) happened(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a Application, event string, reasons ...string) error {
	if event == "" {
		return nil
	}
	p, err := s.Programme(a)
	if err != nil {
		return err
	}
	subject := clock.Subject{Kind: Kind, ID: a.ID, Company: a.CompanyID, Office: a.OfficeID, Programme: p}
	return s.Clocks.Happened(ctx, tx, now, by, subject, event, reasons...)
}

// Write sends one of the programme's letters about an application to its company.
// What follows from the application and its clocks is filled in: entity_type,
// submitted_on, accepted_on, decided_on, due_on and days (the agency's next
// deadline), and reapply_on. The caller's values win.
func (s *Steps) Write(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a Application, code string, values map[string]string, days map[string]time.Time) error {
	f, err := s.empty(a)
	if err != nil {
		return err
	}
	in := notice.Letter{
		Company: a.CompanyID, SubjectKind: Kind, SubjectID: a.ID, Programme: f.Programme, Code: code,
		Values: map[string]string{"entity_type": f.Entity.Name, "reason": a.ClosingReason},
		Days:   map[string]time.Time{},
	}
	views, err := s.Clocks.Of(ctx, tx, now, Kind, a.ID)
	if err != nil {
		return err
	}
	for _, v := range views {
		if v.StoppedAt != nil {
			continue
		}
		if f.Programme.ReapplyBar(v.Code) {
			in.Days["reapply_on"] = v.DueOn.AddDays(1).Time()
		} else if _, there := in.Days["due_on"]; !there && v.OwedBy == string(programme.Agency) {
			in.Days["due_on"], in.Values["days"] = v.DueOn.Time(), strconv.Itoa(v.Reading.DaysAllowed)
		}
	}
	if _, barred := in.Days["reapply_on"]; !barred {
		in.Values["reapply_on"] = i18n.T(ctx, "at once")
	}
	for name, at := range map[string]*time.Time{"submitted_on": a.SubmittedAt, "accepted_on": a.AcceptedAt, "decided_on": a.ClosedAt} {
		if at != nil {
			zone, err := officeZone(ctx, tx, a.OfficeID)
			if err != nil {
				return err
			}
			in.Days[name] = clock.DayOf(*at, zone).Time()
		}
	}
	maps.Copy(in.Days, days)
	maps.Copy(in.Values, values)
	return s.Letters.ToCompany(ctx, tx, now, by, in)
}

// event is what a move is called among the events that clocks listen to, or "".
func event(do Action, to Status) string {
	switch do {
	case Submit:
		return programme.ApplicationSubmitted
	case Accept:
		return programme.ApplicationAccepted
	case RequestInformation:
		return programme.ApplicationInformationRequested
	case AnswerInformation, CancelRequest: // both end the wait for the company
		return programme.ApplicationInformationReceived
	case Recommend:
		return programme.ApplicationRecommended
	case AnswerHearing, ExpireHearing: // both end the time to answer
		return programme.ApplicationHearingAnswered
	case Withdraw:
		return programme.ApplicationWithdrawn
	case Lapse:
		return programme.ApplicationLapsed
	case Approve:
		return map[Status]string{
			Certified: programme.ApplicationCertified, Rejected: programme.ApplicationRejected, Hearing: programme.ApplicationHearingOpened,
		}[to]
	}
	return ""
}

// mayEver reports whether some row lets the role do this at all.
func mayEver(role identity.Role, do Action) bool {
	for _, r := range Lifecycle {
		if r.Do == do {
			for _, b := range r.By {
				if b == role {
					return true
				}
			}
		}
	}
	return false
}
