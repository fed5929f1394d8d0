package profilereview_test

import (
	"testing"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/fault"
	"trustedtrader/app/profile"
	"trustedtrader/app/profilereview"

	"github.com/google/uuid"
)

// TestReviewJourney goes from the queue to the acceptance, by way of a return.
func TestReviewJourney(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, id, owner := w.submitted("Harbor Trading LLC")
	q, err := w.s.Queue(w.Ctx, w.Sam, profilereview.Filter{Queue: profilereview.Unassigned})
	w.Must(err)
	if len(q.Items) != 1 || q.Items[0].Case != a.Reference || !q.Items[0].Claimable || q.Items[0].Criteria != 6 || q.Items[0].Version != a.Version {
		t.Fatalf("queue: %+v", q.Items)
	}
	w.Want("verdict before the review", w.s.SetVerdict(w.Ctx, w.Sam, id, profilereview.VerdictEntry{Criterion: "3.1", Verdict: profilereview.Meets, Round: 1}), fault.Forbidden)
	w.Must(w.s.Claim(w.Ctx, w.Sam, id, a.Version))
	if n := w.Count(`select count(*)::int from application where id = $1 and assignee_id = $2`, a.ID, w.Sam.PersonID); n != 1 {
		t.Error("the case was not claimed")
	}
	w.Want("verdict before the start", w.s.SetVerdict(w.Ctx, w.Sam, id, profilereview.VerdictEntry{Criterion: "3.1", Verdict: profilereview.Meets, Round: 1}), fault.Conflict)
	w.Must(w.s.StartReview(w.Ctx, w.Sam, id, w.cycle(id).Version))

	w.verdict(w.Sam, id, "1.1", profilereview.Meets, "")
	w.verdict(w.Sue, id, "2.1", profilereview.BestPractice, "A model for others")
	w.verdict(w.Sam, id, "3.1", profilereview.MoreInformation, "Who screens partners?")
	w.Must(w.s.Write(w.Ctx, w.Sam, id, profilereview.MessageEntry{Criterion: "3.1", Body: "Their website says otherwise"}))
	w.Must(w.s.Write(w.Ctx, w.Sam, id, profilereview.MessageEntry{Criterion: "3.1", Body: "Name the person", ToCompany: true}))
	l := w.line(id, "3.1")
	if l.Notes != 1 || l.Drafts != 1 || l.Messages != 0 || l.Verdict != profilereview.MoreInformation {
		t.Errorf("line: %+v", l)
	}
	w.Want("accept too early", w.s.Accept(w.Ctx, w.Sam, id, w.cycle(id).Version), fault.Invalid)

	w.Clock.Move(3600e9)
	w.sendBack(id, "3.1")
	if n := w.Count(`select count(*)::int from profile_submission where cycle_id = $1 and voided_at is not null`, id); n != 1 {
		t.Error("the signature holds")
	}
	if n := w.Count(`select count(*)::int from clock where subject_id = $1 and paused and stopped_at is null`, a.ID); n == 0 {
		t.Error("no clock stands still")
	}
	w.Clock.Move(3600e9)
	w.Want("locked", w.answer(owner, id, "1.1.b", uuid.Nil, catalogue.Answer{Text: "Elsewhere"}), fault.Conflict)
	w.Must(w.answer(owner, id, "3.1.b", uuid.Nil, catalogue.Answer{Choice: "rarely"}))
	x := w.screen(id, "3.1", "")
	if x.Questions[1].Answers[0].Answer.Choice != "yearly" || x.Returns[0].Answered() != 1 {
		t.Errorf("the agency sees what the company is typing: %+v", x.Questions[1].Answers)
	}
	w.resubmit(owner, id)
	r := w.record(w.Sam, id)
	sel := r.Tidy(profilereview.Selection{})
	if sel.Show != profilereview.ShowSubmission || ids(r.Select(sel)) != "3.1" {
		t.Errorf("changed since the return: %s, %q", sel.Show, ids(r.Select(sel)))
	}
	x = w.screen(id, "3.1", "")
	if x.Against != profilereview.AgainstSubmission || !x.Questions[1].Answers[0].Changed() || x.Questions[0].Answers[0].Changed() || !x.Line.Earlier {
		t.Errorf("screen: %+v", x.Questions)
	}
	if l := w.line(id, "2.1"); l.Earlier || l.Verdict != profilereview.BestPractice {
		t.Error("the verdict on what did not change is gone")
	}
	w.meetAll(w.Sam, id)
	w.Must(w.s.Accept(w.Ctx, w.Sam, id, w.cycle(id).Version))
	if c := w.cycle(id); c.Status != profile.Accepted || c.AcceptedBy == nil || *c.AcceptedBy != w.Sam.PersonID {
		t.Errorf("accepted: %+v", c)
	}
	if n := w.Count(`select count(*)::int from profile_result where cycle_id = $1`, id); n != 7 {
		t.Errorf("%d results", n)
	}
}
