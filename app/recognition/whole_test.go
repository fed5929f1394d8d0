package recognition_test

import (
	"fmt"
	"testing"
	"time"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/fault"
	"trustedtrader/app/pg"
	"trustedtrader/app/recognition"
	"trustedtrader/app/standing"
)

// step records a step of a whole arrangement, as two persons of headquarters decide it.
func (w *world) step(kind arrangement.Kind, days int) {
	w.T.Helper()
	w.Exec(`insert into arrangement_event (id, arrangement, kind, on_day, recorded_at, recorder, source) values (?, ?, ?, ?, ?, 'x', 'x')`, pg.NewID(), eu, kind, w.today().AddDays(days), w.Clock.Now())
}

func (w *world) letters(code string) int {
	w.T.Helper()
	return w.Count(`select count(*)::int from message where letter = $1`, code)
}

// TestAWholeArrangementIsSuspended: members and the partner are told once, on its day, and
// again when it is resumed.
func TestAWholeArrangementIsSuspended(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec(`insert into person_right (id, person_id, audience, role, agency_id, starts_on, granted_at) values (?, ?, 'partner', 'officer', ?, '2026-01-01', ?)`, pg.NewID(), w.officer.PersonID, w.officer.AgencyID, w.Clock.Now())
	r := w.ask()
	w.step(arrangement.Suspended, 1)
	if w.propagate() != 0 || w.letters("recognition_paused") != 0 {
		t.Error("it was told before its day")
	}
	w.Clock.Move(24 * time.Hour)
	if w.propagate() != 1 || w.propagate() != 0 || w.row(r.ID) != "sent  suspended" || w.events("suspended", recognition.ArrangementSuspended) != 1 {
		t.Errorf("on its day: %s", w.row(r.ID))
	}
	if w.letters("recognition_paused") != 1 {
		t.Error("the company has no letter")
	}
	if n := w.Count(`select count(*)::int from mail where to_address = 'union@agency.example'`); n != 1 {
		t.Errorf("the partner has %d e-mails, want 1", n)
	}
	if n := w.Count(`select count(*)::int from mail l join message m on m.id = l.message_id where m.letter = 'recognition_paused'`); n == 0 {
		t.Error("nobody of the company has an e-mail")
	}
	// What happens to the membership meanwhile does not let it count again.
	cause := w.law(standing.Event{Kind: standing.Suspended, On: w.today()})
	w.propagate()
	w.step(arrangement.Resumed, 0)
	if w.propagate() != 1 || w.row(r.ID) != "sent  suspended" || w.events("reinstated", recognition.ArrangementResumed) != 0 || w.letters("recognition_resumed") != 1 {
		t.Errorf("resumed while the membership is suspended: %s", w.row(r.ID))
	}
	w.law(standing.Event{Kind: standing.Overturned, On: w.today(), Undoes: &cause.ID})
	if w.propagate() != 1 || w.row(r.ID) != "sent  active" || w.events("reinstated", "") != 1 {
		t.Errorf("after the membership counts again: %s", w.row(r.ID))
	}
	w.Clock.Move(time.Minute)
	w.step(arrangement.Suspended, 0)
	w.propagate()
	w.Clock.Move(time.Minute)
	w.step(arrangement.Resumed, 0)
	if w.propagate() != 1 || w.row(r.ID) != "sent  active" || w.events("reinstated", recognition.ArrangementResumed) != 1 {
		t.Errorf("resumed: %s", w.row(r.ID))
	}
	n, err := w.svc.Notices(w.Ctx, w.officer, true, 1)
	w.Must(err)
	if n.Whole != 3 || len(n.Steps) != 4 {
		t.Errorf("the partner reads %d notices of whole arrangements and %d steps", n.Whole, len(n.Steps))
	}
	_, err = w.svc.AcknowledgeWhole(w.Ctx, w.owner)
	w.Want("a company acknowledges", err, fault.NotFound)
	_, err = w.svc.AcknowledgeWhole(w.Ctx, w.other)
	w.Want("another partner acknowledges", err, fault.Conflict)
	if k, err := w.svc.AcknowledgeWhole(w.Ctx, w.officer); err != nil || k != 3 {
		t.Errorf("acknowledged %d, want 3: %v", k, err)
	}
	_, err = w.svc.AcknowledgeWhole(w.Ctx, w.officer)
	w.Want("twice", err, fault.Conflict)
}

// TestThousandsFollow: 1,200 members follow a step in pieces, once each, also when several
// portals work at once.
func TestThousandsFollow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.ask()
	const many = 1200
	w.Exec(`with base as (select a.* from application a join membership m on m.application_id = a.id where m.id = ?),
		made as (insert into application (id, reference, company_id, programme, edition, edition_hash, entity_type, office_id, status, opened_at, submitted_at, decided_at, closed_at)
		  select gen_random_uuid(), reference || '-' || g, company_id, programme, edition, edition_hash, entity_type, office_id, status, opened_at, submitted_at, decided_at, closed_at from base, generate_series(1, ?) g returning id, reference)
		insert into membership (id, company_id, application_id, programme, edition, entity_type, number, tier, status, certified_on, effective_on, created_at)
		select gen_random_uuid(), m.company_id, x.id, m.programme, m.edition, m.entity_type || x.reference, 'N-' || x.reference, m.tier, m.status, m.certified_on, m.effective_on, m.created_at from membership m, made x where m.id = ?`, w.member, many-1, w.member)
	w.Exec(`insert into recognition (id, company_id, membership_id, arrangement, agency_id, status, asked_at, sent_at)
		select gen_random_uuid(), m.company_id, m.id, r.arrangement, r.agency_id, 'sent', r.asked_at, r.sent_at from membership m, recognition r where r.id = ? and m.id <> r.membership_id`, r.ID)
	w.step(arrangement.Ended, 0)
	done := make(chan int)
	for range 2 {
		go func() {
			n, err := w.svc.Follow(w.Ctx)
			if err != nil {
				t.Error(err)
			}
			done <- n
		}()
	}
	n := <-done + <-done
	more, err := w.svc.Follow(w.Ctx)
	w.Must(err)
	if n+more != many {
		t.Errorf("%d members followed, want %d", n+more, many)
	}
	got := fmt.Sprint(w.Count(`select count(*)::int from recognition where status = 'ended' and end_reason = 'ARRANGEMENT_ENDED'`), w.events("lost", recognition.ArrangementEnded), w.letters("recognition_ended"),
		w.Count(`select count(*)::int from audit_event where action = 'recognition.end'`), w.Count(`select count(distinct recognition_id)::int from recognition_event where kind = 'lost'`))
	if want := fmt.Sprint(many, many, many, many, many); got != want {
		t.Errorf("ended, events, letters, audit events, told: %s", got)
	}
}
