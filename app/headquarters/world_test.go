package headquarters_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/clock"
	"trustedtrader/app/finding"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/headquarters"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/standing"
	"trustedtrader/app/validation"
)

func TestMain(m *testing.M) { apptest.Run(m) }

// world is a programme with members, applications, validations and findings of every kind.
type world struct {
	*findingtest.World
	s        *headquarters.Service
	members  []uuid.UUID
	combined uuid.UUID
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{World: findingtest.New(t, "2026-03-03T15:00:00Z")}
	w.s = &headquarters.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.World.World.Steps.Programmes, Library: w.World.World.Steps.Profiles.Library}
	return w
}

// fill makes what the dashboard counts.
func (w *world) fill() {
	w.T.Helper()
	for i := range 4 {
		_, id := w.Member(fmt.Sprintf("Member %d Ltd", i))
		w.members = append(w.members, id)
		w.Clock.Move(24 * time.Hour)
	}
	_, w.combined = w.MemberOf(w.Importer("=cmd|' /C calc'!A0"), "ctpat", "importer")
	_, err := w.Applications.Choose(w.Ctx, w.Importer("Draft Only Ltd"), "ctpat", "importer")
	w.Must(err)
	w.Submit(w.Importer("Waiting Ltd"), "ctpat", "importer")
	a := w.Submit(w.Importer("Refused Ltd"), "ctpat", "importer")
	a, err = w.Desk.Claim(w.Ctx, w.Sam, a.ID, a.Version)
	w.Must(err)
	a, err = w.Desk.StartReview(w.Ctx, w.Sam, a.ID, a.Version)
	w.Must(err)
	a = w.ToReject(w.Sam, a)
	_, err = w.Desk.ApproveRejection(w.Ctx, w.Boss, a.ID, a.Version)
	w.Must(err)

	v := w.Validation(w.members[0], validation.Visited)
	for _, kind := range []string{finding.ActionRequired, finding.Recommendation} {
		f := w.Draft(v, kind)
		w.Exec(`update finding set status = 'open', sent_at = ? where id = ?`, w.Clock.Now(), f.ID)
	}
	w.Exec(`update validation set status = 'closed', closed_at = ?, outcome = 'confirmed' where id = ?`, w.Clock.Now(), v.ID)
	w.Exec(`insert into work_log (id, validation_id, company_id, person_id, worked_on, minutes, activity, logged_at) select gen_random_uuid(), id, company_id, ?, '2026-03-07', 150, 'validation', ? from validation where id = ?`,
		w.Sam.PersonID, w.Clock.Now(), v.ID)
	w.Exec(`insert into work_log (id, application_id, company_id, person_id, worked_on, minutes, activity, logged_at) select gen_random_uuid(), application_id, company_id, ?, '2026-03-07', 90, 'certification', ? from membership where id = ?`,
		w.Sam.PersonID, w.Clock.Now(), w.members[0])
	w.Clock.Move(60 * 24 * time.Hour)
	w.record(w.members[1], standing.Suspended, w.today())
	w.record(w.members[2], standing.Removed, w.today())
	w.Clock.Move(24 * time.Hour)
}

func (w *world) today() clock.Day { return clock.DayOf(w.Clock.Now(), time.UTC) }

func (w *world) record(membership uuid.UUID, kind standing.Kind, on clock.Day) {
	w.T.Helper()
	w.Must(w.DB.Write(w.Ctx, w.Boss.Scope(), func(tx pg.Tx) error {
		_, err := w.Members.Standing.Record(w.Ctx, tx, w.Clock.Now(), w.Boss, standing.Event{MembershipID: membership, Kind: kind, On: on,
			Cause: standing.Cause{Kind: "test", ID: uuid.New()}, Reason: "Test"})
		return err
	}))
}

// opens compares a number with the list that it opens.
func (w *world) opens(by identity.Actor, where string, c headquarters.Cell) {
	w.T.Helper()
	rows, after := 0, ""
	for {
		f := c.Filter
		f.After = after
		l, err := w.s.List(w.Ctx, by, f)
		w.Must(err)
		if l.Total != c.N {
			w.T.Errorf("%s: the number is %d and its list has %d rows: %+v", where, c.N, l.Total, c.Filter.Where)
			return
		}
		if rows += len(l.Rows); l.Next == "" {
			break
		}
		after = l.Next
	}
	if rows != c.N {
		w.T.Errorf("%s: the number is %d and its pages have %d rows", where, c.N, rows)
	}
}

func day(t testing.TB, s string) clock.Day {
	d, err := clock.ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var background = context.Background()
