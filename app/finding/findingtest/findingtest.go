// Package findingtest makes members with validations whose visits are done, for the tests
// of the packages that work on what was found. Tests only.
package findingtest

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/blob"
	"trustedtrader/app/enforcement"
	"trustedtrader/app/evidence"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding"
	"trustedtrader/app/identity"
	"trustedtrader/app/incident"
	"trustedtrader/app/membership"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile/profiletest"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/validation"
)

// World is an agency with members to validate.
type World struct {
	*reviewtest.World
	Members  *membership.Service
	Evidence *evidence.Service
	Findings *finding.Service
	Register *incident.Service
	Cases    *enforcement.Service
	Steps    *validation.Steps
}

// New makes a world at an instant, with a few criteria.
func New(t testing.TB, at string) *World {
	t.Helper()
	return Over(t, reviewtest.New(t, at).WithCriteria())
}

// Over gives a world with criteria what validations need.
func Over(t testing.TB, base *reviewtest.World) *World {
	t.Helper()
	w := &World{World: base}
	store, err := blob.Open(w.Ctx, blob.Settings{Folder: t.TempDir()})
	w.Must(err)
	w.Evidence = &evidence.Service{DB: w.DB, Now: w.Clock.Now, Log: apptest.Quiet(), Store: store, Master: make([]byte, blob.KeySize), Quota: 1 << 30}
	w.Members = membership.New(w.DB, w.Clock.Now, base.Steps)
	w.Steps = &validation.Steps{Programmes: base.Steps.Programmes, Clocks: base.Steps.Clocks, Letters: base.Steps.Letters, Calendars: base.Steps.Clocks.Calendars}
	w.Findings = &finding.Service{DB: w.DB, Now: w.Clock.Now, Steps: &finding.Steps{Steps: w.Steps, Library: base.Steps.Profiles.Library, Evidence: w.Evidence}}
	w.Cases = enforcement.New(w.DB, w.Clock.Now, &enforcement.Steps{Programmes: base.Steps.Programmes, Clocks: base.Steps.Clocks, Letters: base.Steps.Letters, Standing: w.Members.Standing})
	w.Register = &incident.Service{DB: w.DB, Now: w.Clock.Now, Steps: w.Cases.Steps.Incidents}
	return w
}

// Member certifies a company and returns its membership.
func (w *World) Member(name string) (identity.Actor, uuid.UUID) {
	w.T.Helper()
	return w.MemberOf(w.Importer(name), "ctpat", "importer")
}

// MemberOf certifies a company that is there already as another kind of member.
func (w *World) MemberOf(owner identity.Actor, programme, entity string) (identity.Actor, uuid.UUID) {
	w.T.Helper()
	a := w.Submit(owner, programme, entity)
	a, err := w.Desk.Claim(w.Ctx, w.Sam, a.ID, a.Version)
	w.Must(err)
	a, err = w.Desk.StartReview(w.Ctx, w.Sam, a.ID, a.Version)
	w.Must(err)
	if id := profiletest.OfApplication(w.Ctx, w.T, w.DB, a.ID); id != uuid.Nil {
		profiletest.Accept(w.Ctx, w.T, w.Profiles, w.Sam, id)
	}
	a = w.ToCertify(w.Sam, a)
	m, err := w.Members.Admit(w.Ctx, w.Boss, a.ID, a.Version)
	w.Must(err)
	return owner, m.ID
}

// Validation is a validation of a membership that Sam leads, in a state.
func (w *World) Validation(membership uuid.UUID, status validation.Status) validation.Validation {
	w.T.Helper()
	lead := w.Sam.PersonID
	s := &validation.Service{DB: w.DB, Now: w.Clock.Now, Steps: w.Steps}
	v, err := s.Open(w.Ctx, w.Sam, validation.OpenEntry{Membership: &membership, Reason: "It is due", Lead: &lead})
	w.Must(err)
	at := w.Clock.Now()
	if status == validation.Planned {
		return v
	}
	v = w.move(v, validation.Notify, validation.Facts{Visits: 1})
	w.Exec(`update visit set status = 'booked', starts_at = ?, ends_at = ?, local_from = ?, local_to = ? where validation_id = ?`,
		at.Add(-30*time.Hour), at.Add(-22*time.Hour), at.Add(-30*time.Hour), at.Add(-22*time.Hour), v.ID)
	if status == validation.Notified {
		return v
	}
	v = w.move(v, validation.Begin, validation.Facts{})
	w.Exec(`update visit set status = 'under_way', begun_at = ? where validation_id = ?`, at, v.ID)
	if status == validation.Visiting {
		return v
	}
	w.Exec(`update visit set status = 'done', done_at = ? where validation_id = ?`, at, v.ID)
	return w.move(v, validation.Finish, validation.Facts{Visits: 1})
}

func (w *World) move(v validation.Validation, do validation.Action, f validation.Facts) validation.Validation {
	w.T.Helper()
	w.Must(w.DB.Write(w.Ctx, w.Sam.Scope(), func(tx pg.Tx) (err error) {
		if v, err = validation.Lock(w.Ctx, tx, w.Sam, v.ID, 0); err != nil {
			return err
		}
		return w.Steps.Move(w.Ctx, tx, w.Clock.Now(), w.Sam, &v, do, f, validation.Details{})
	}))
	return v
}

// Visit is the first visit of a validation.
func (w *World) Visit(v validation.Validation) uuid.UUID {
	w.T.Helper()
	return uuid.MustParse(w.Text(`select id::text from visit where validation_id = $1 order by number limit 1`, v.ID))
}

// Draft writes a finding of a kind.
func (w *World) Draft(v validation.Validation, kind string) finding.Finding {
	w.T.Helper()
	p, _ := w.Steps.Programmes.Get(v.Programme)
	in := finding.Entry{Validation: v.ID, Visit: w.Visit(v).String(), Criterion: "3.1", Kind: kind, Title: "Seals are not recorded", Facts: "Three of ten containers had no seal number in the log.",
		Wanted: "Record every seal number.", Cause: "no_record", Elements: map[string]string{}}
	if kind == finding.BestPractice {
		for _, e := range p.Validation.Findings.Elements {
			in.Elements[e.Code] = "Shown on site"
		}
	}
	f, err := w.Findings.Draft(w.Ctx, w.Sam, in)
	w.Must(err)
	return f
}

// Conflicts counts the conflicts among errors, and fails on every other error.
func (w *World) Conflicts(errs []error) (conflicts, done int) {
	w.T.Helper()
	for _, err := range errs {
		switch {
		case err == nil:
			done++
		case fault.KindOf(err) == fault.Conflict:
			conflicts++
		default:
			w.T.Errorf("neither done nor in conflict: %v", err)
		}
	}
	return conflicts, done
}
