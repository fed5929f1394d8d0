package profilereview_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/profile/profiletest"
	"trustedtrader/app/profilereview"
)

// results are what a company sees of a criterion, on its page and in the task list.
func (w *world) results(owner identity.Actor, id uuid.UUID, criterion string) (page []profile.Result, list *profile.Result) {
	w.T.Helper()
	p, err := w.Profiles.CriterionPage(w.Ctx, owner, id, criterion, uuid.Nil)
	w.Must(err)
	l, err := w.Profiles.TaskList(w.Ctx, owner, id)
	w.Must(err)
	for _, g := range l.Groups {
		i := slices.IndexFunc(g.Tasks, func(t profile.Task) bool { return t.Criterion.ID == criterion })
		if i >= 0 {
			list = g.Tasks[i].Result
		}
	}
	return p.Results, list
}

// A company reads a verdict when it is sent, and nothing of it before.
func TestCompanyReadsWhatWasSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, id, owner := w.reviewed("Harbor Trading LLC")
	nothing := func(when, criterion string) {
		t.Helper()
		if page, list := w.results(owner, id, criterion); len(page) != 0 || list != nil {
			t.Errorf("%s the company sees of %s: %+v, %+v", when, criterion, page, list)
		}
	}
	w.verdict(w.Sam, id, "3.1", profilereview.MoreInformation, "Who screens partners?")
	w.verdict(w.Sam, id, "2.1", profilereview.MeetsWithRecommendation, "Keep the log for a year")
	w.Must(w.s.Write(w.Ctx, w.Sam, id, profilereview.MessageEntry{Criterion: "3.1", Body: "Their website says otherwise"}))
	for _, c := range []string{"2.1", "3.1"} {
		nothing("under review", c)
	}
	var n int
	w.Must(w.DB.Batch(w.Ctx, owner.Scope(), pg.Value(&n, `select (select count(*) from profile_verdict)::int + (select count(*) from profile_message where internal)::int`)))
	if n != 0 {
		t.Errorf("the company's session reads %d rows of verdicts and notes", n)
	}

	// What was sent by mistake and taken back is not a result.
	w.Clock.Move(time.Hour)
	w.sendBack(id, "3.1")
	w.Must(w.s.CancelReturn(w.Ctx, w.Sam, id, w.cycle(id).Version))
	nothing("after the return was taken back", "3.1")

	w.Clock.Move(time.Hour)
	sent := w.Clock.Now()
	w.sendBack(id, "3.1")
	nothing("while another criterion is sent back", "2.1")
	page, list := w.results(owner, id, "3.1")
	want := profile.Result{Criterion: "3.1", Verdict: string(profilereview.MoreInformation), Text: "Say who does this", Round: 1, At: sent}
	if len(page) != 1 || list == nil || *list != page[0] || !page[0].At.Equal(sent) {
		t.Fatalf("sent back: %+v, %+v", page, list)
	}
	if page[0].At = sent; page[0] != want {
		t.Errorf("sent back: %+v", page[0])
	}
	p, err := w.Profiles.CriterionPage(w.Ctx, owner, id, "3.1", uuid.Nil)
	w.Must(err)
	if r := p.Told(); r == nil || r.Verdict != want.Verdict {
		t.Errorf("beside the remark: %+v", r)
	}

	// The specialist who has the case hears of the answer.
	w.Clock.Move(time.Hour)
	w.Must(w.answer(owner, id, "3.1.b", uuid.Nil, catalogue.Answer{Choice: "rarely"}))
	mails := func() int {
		t.Helper()
		return w.Count(`select count(*)::int from mail where to_address = $1 and body like '%/desk/profiles/' || $2::text || '%'`, w.Sam.Email, id)
	}
	before := mails()
	w.resubmit(owner, id)
	if got := mails(); got != before+1 {
		t.Errorf("%d e-mails to the specialist, %d before the answer", got, before)
	}
	if page, list := w.results(owner, id, "3.1"); len(page) != 1 || list == nil || list.Round != 1 {
		t.Errorf("after the answer: %+v, %+v", page, list)
	}

	w.meetAll(w.Sam, id)
	w.Clock.Move(time.Hour)
	w.Must(w.s.Accept(w.Ctx, w.Sam, id, w.cycle(id).Version))
	page, list = w.results(owner, id, "3.1")
	if len(page) != 2 || page[0].Verdict != string(profilereview.Meets) || page[0].Round != 2 || page[1].Round != 1 || list == nil || *list != page[0] {
		t.Errorf("accepted: %+v, %+v", page, list)
	}
	if _, list := w.results(owner, id, "2.1"); list == nil || list.Text != "Keep the log for a year" {
		t.Errorf("a recommendation: %+v", list)
	}
}

// A review of a membership has its own specialist, who hears of it.
func TestReviewsSpecialistHearsOfTheAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, owner := w.yearly("Harbor Trading LLC")
	profiletest.Fill(w.Ctx, t, w.Profiles, owner, id)
	profiletest.Submit(w.Ctx, t, w.Profiles, owner, id)
	w.Must(w.s.Claim(w.Ctx, w.Sue, id, w.cycle(id).Version))
	w.Must(w.s.StartReview(w.Ctx, w.Sue, id, w.cycle(id).Version))
	w.Must(w.s.SendBack(w.Ctx, w.Sue, id, profilereview.ReturnEntry{Version: w.cycle(id).Version, Message: "One thing",
		Points: []profilereview.Point{{Criterion: "3.1", Remark: "Who does this?"}}}))
	w.Clock.Move(time.Hour)
	w.Must(w.Profiles.KeepAnswer(w.Ctx, owner, id, "3.1"))
	profiletest.Submit(w.Ctx, t, w.Profiles, owner, id)
	for who, want := range map[string]int{w.Sue.Email: 1, w.Sam.Email: 0} {
		if n := w.Count(`select count(*)::int from mail where to_address = $1 and body like '%/desk/profiles/' || $2::text || '%'`, who, id); n != want {
			t.Errorf("%d e-mails to %s, want %d", n, who, want)
		}
	}
}
