package review_test

import (
	"strings"
	"testing"
	"time"

	"trustedtrader/app/application"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/review"
	"trustedtrader/app/review/reviewtest"
)

func TestRecommend(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	a, owner := w.Claimed()
	certify := review.RecommendationEntry{Version: a.Version, Outcome: application.Certify, Reason: "Fine"}
	_, err := w.Desk.Recommend(w.Ctx, owner, a.ID, certify)
	w.Want("the company", err, fault.NotFound)
	_, err = w.Desk.Recommend(w.Ctx, w.Auditor, a.ID, certify)
	w.Want("an auditor", err, fault.Forbidden)
	_, err = w.Desk.Recommend(w.Ctx, w.Sam, a.ID, certify)
	w.Want("before the tracks are done", err, fault.Invalid)
	if n := len(fault.Fields(err)); n != 2 {
		t.Errorf("both tracks must speak: %v", err)
	}
	reject := review.RecommendationEntry{Version: a.Version, Outcome: application.Reject}
	_, err = w.Desk.Recommend(w.Ctx, w.Sam, a.ID, reject)
	w.Want("no reason and no point", err, fault.Invalid)
	if n := len(fault.Fields(err)); n != 2 {
		t.Errorf("every problem at once: %v", err)
	}
	reject.Reason, reject.Points = "No", []application.Point{{Part: "x", Reason: "y", Text: ""}}
	_, err = w.Desk.Recommend(w.Ctx, w.Sam, a.ID, reject)
	w.Want("a point of nothing", err, fault.Invalid)
	_, err = w.Desk.Recommend(w.Ctx, w.Sam, a.ID, review.RecommendationEntry{Version: a.Version, Reason: "?"})
	w.Want("no outcome", err, fault.Invalid)

	a = w.ToCertify(w.Sam, a)
	if a.Status != application.Recommended || w.Count(`select count(*)::int from case_lock`) != 0 {
		t.Errorf("status %s", a.Status)
	}
	if c, err := w.Desk.Work(w.Ctx, w.Sam, a.ID); err != nil || c.Lock.Held() {
		t.Errorf("who has recommended keeps the decider out: %+v %v", c.Lock, err)
	}
	w.Want("verdicts under a recommendation", w.Desk.SetVerdicts(w.Ctx, w.Sam, a.ID, nil), fault.Conflict)
	c := record(w, w.Sam, a)
	if !c.May.TakeBack || c.May.Certify || c.May.Return || !c.May.OwnRecommendation {
		t.Errorf("may: %+v", c.May)
	}
	if c := record(w, w.Boss, a); !c.May.Certify || !c.May.Return || c.May.TakeBack {
		t.Errorf("the supervisor may: %+v", c.May)
	}

	_, err = w.Desk.WithdrawRecommendation(w.Ctx, w.Boss, a.ID, a.Version)
	w.Want("taking back another's", err, fault.Invalid)
	a, err = w.Desk.WithdrawRecommendation(w.Ctx, w.Sam, a.ID, a.Version)
	w.Must(err)
	if _, open := record(w, w.Sam, a).OpenRecommendation(); open || a.Status != application.InReview {
		t.Errorf("status %s", a.Status)
	}
	_, err = w.Desk.WithdrawRecommendation(w.Ctx, w.Sam, a.ID, a.Version)
	w.Want("twice", err, fault.Conflict)
}

func TestReturn(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	a, _ := w.Claimed()
	a = w.ToCertify(w.Sam, a)
	_, err := w.Desk.Return(w.Ctx, w.Sam, a.ID, a.Version, "x")
	w.Want("a specialist", err, fault.Forbidden)
	_, err = w.Desk.Return(w.Ctx, w.Boss, a.ID, a.Version, " ")
	w.Want("no reason", err, fault.Invalid)
	_, err = w.Desk.Return(w.Ctx, w.Boss, a.ID, a.Version-1, "x")
	w.Want("an old version", err, fault.Conflict)
	a, err = w.Desk.Return(w.Ctx, w.Boss, a.ID, a.Version, "Look at the sites again")
	w.Must(err)
	c := record(w, w.Sam, a)
	if r := c.Recommendations[0]; a.Status != application.InReview || r.Decision != "returned" || r.Decider != "Bob Boss" || r.Note != "Look at the sites again" {
		t.Errorf("status %s, %+v", a.Status, r)
	}
	_, err = w.Desk.Return(w.Ctx, w.Boss, a.ID, a.Version, "again")
	w.Want("twice", err, fault.Conflict)
}

func TestFourEyes(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	a := w.Submit(w.Importer("Harbor Trading LLC"), "ctpat", "importer")
	a, err := w.Desk.Claim(w.Ctx, w.Boss, a.ID, a.Version)
	w.Must(err)
	a, err = w.Desk.StartReview(w.Ctx, w.Boss, a.ID, a.Version)
	w.Must(err)
	a = w.ToReject(w.Boss, a)
	_, err = w.Desk.ApproveRejection(w.Ctx, w.Boss, a.ID, a.Version)
	w.Want("approving one's own", err, fault.Invalid)
	_, err = w.Desk.Return(w.Ctx, w.Boss, a.ID, a.Version, "x")
	w.Want("returning one's own", err, fault.Invalid)
	q, err := w.Desk.Queue(w.Ctx, w.Boss, review.Filter{Queue: review.Approval})
	w.Must(err)
	if len(q.Items) != 0 {
		t.Error("one's own recommendation waits for one's approval")
	}
	// The database says so too, whatever the code forgets.
	err = w.DB.Write(w.Ctx, w.Boss.Scope(), func(tx pg.Tx) error {
		return tx.WithContext(w.Ctx).Exec(`update recommendation set decided_by = made_by, decided_at = now(), decision = 'approved'`).Error
	})
	if pg.Constraint(err) != "four_eyes" {
		t.Errorf("the database took it: %v", err)
	}
	if _, err = w.Desk.ApproveRejection(w.Ctx, w.Chief, a.ID, a.Version); err != nil {
		t.Errorf("another person: %v", err)
	}
}

func TestApproveRejection(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	a, _ := w.Claimed()
	_, err := w.Desk.ApproveRejection(w.Ctx, w.Boss, a.ID, a.Version)
	w.Want("no recommendation", err, fault.Conflict)
	a = w.ToReject(w.Sam, a, application.Point{Part: application.PartSites, Reason: "false_information", Text: "There is no such site"})
	_, err = w.Desk.ApproveRejection(w.Ctx, w.Sam, a.ID, a.Version)
	w.Want("a specialist", err, fault.Forbidden)
	var bosses []identity.Actor
	for range 8 {
		bosses = append(bosses, w.Staff("Racing Boss", identity.Supervisor, w.NewYork))
	}
	won, lost := race(8, func(i int) error {
		_, err := w.Desk.ApproveRejection(w.Ctx, bosses[i], a.ID, a.Version)
		return err
	})
	if won != 1 || lost != 7 {
		t.Errorf("%d won, %d were told", won, lost)
	}
	body := w.Text(`select body from message where letter = 'rejected'`)
	for _, want := range []string{"There is no such site", "The application is not complete", "3 March 2026", "false or misleading", "4 March 2027", "18 U.S.C", "write to us in the portal"} {
		if want != "18 U.S.C" && !strings.Contains(body, want) {
			t.Errorf("the letter lacks %q: %s", want, body)
		}
	}
	c := record(w, w.Sam, application.Application{ID: a.ID})
	if c.Status != application.Rejected || c.May.Work || c.Recommendations[0].Decision != "approved" {
		t.Errorf("case: %s %+v", c.Status, c.May)
	}
	w.Want("verdicts on a closed case", w.Desk.SetVerdicts(w.Ctx, w.Sam, a.ID, nil), fault.Conflict)
	w.Must(w.Desk.AddNote(w.Ctx, w.Sam, a.ID, "Filed"))
	if n := w.Count(`select count(*)::int from clock where subject_id = $1 and stopped_at is null and code <> 'reapplication_bar'`, a.ID); n != 0 {
		t.Errorf("clocks still running: %d", n)
	}
}

func TestHearing(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	a, owner := w.Accepted()
	boss := w.Staff("Bart Boss", identity.Supervisor, w.Brussels)
	point := application.Point{Part: application.PartSites, Reason: "records", Text: "No records at the warehouse"}
	a = w.ToReject(w.Other, a, point)
	c := record(w, boss, a)
	if !c.May.Hear || c.May.Reject {
		t.Errorf("may: %+v", c.May)
	}
	a, err := w.Desk.ApproveRejection(w.Ctx, boss, a.ID, a.Version)
	w.Must(err)
	if a.Status != application.Hearing {
		t.Fatalf("status %s", a.Status)
	}
	body := w.Text(`select body from message where letter = 'hearing_opened'`)
	// The thirtieth day, 2 April, is a day off, and so are those up to Easter Monday.
	for _, want := range []string{"7 April 2026", "30 days", "No records at the warehouse"} {
		if !strings.Contains(body, want) {
			t.Errorf("the letter lacks %q: %s", want, body)
		}
	}
	if w.Count(`select count(*)::int from clock where subject_id = $1 and code = 'decision' and paused`, a.ID) != 1 {
		t.Error("the time for the decision runs during the hearing (DA 13(2))")
	}
	w.Clock.Move(5 * 24 * time.Hour)
	a, err = w.Applications.AnswerHearing(w.Ctx, owner, a.ID, application.HearingAnswer{Version: a.Version, Answer: "The records are at the head office"})
	w.Must(err)
	if c := record(w, w.Other, a); c.Hearings[0].Answer != "The records are at the head office" {
		t.Errorf("hearing: %+v", c.Hearings)
	}

	// A new ground needs a new hearing; the old one does not.
	a = w.ToReject(w.Other, a, point, application.Point{Part: application.PartProfile, Reason: "solvency", Text: "Insolvency was opened"})
	if c := record(w, boss, a); !c.May.Hear {
		t.Error("a new ground without a hearing")
	}
	a, err = w.Desk.Return(w.Ctx, boss, a.ID, a.Version, "Keep to what was heard")
	w.Must(err)
	a = w.ToReject(w.Other, a, point)
	if c := record(w, boss, a); c.May.Hear || !c.May.Reject {
		t.Errorf("heard already: %+v", c.May)
	}
	a, err = w.Desk.ApproveRejection(w.Ctx, boss, a.ID, a.Version)
	w.Must(err)
	if a.Status != application.Rejected {
		t.Errorf("status %s", a.Status)
	}
}
