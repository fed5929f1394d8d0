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

func part(t *testing.T, c review.Case, code string) review.Part {
	t.Helper()
	for _, p := range c.Parts {
		if p.Section.Code == code {
			return p
		}
	}
	t.Fatalf("no part %s", code)
	return review.Part{}
}

func record(w *reviewtest.World, by identity.Actor, a application.Application) review.Case {
	w.T.Helper()
	c, err := w.Desk.Record(w.Ctx, by, a.ID)
	w.Must(err)
	return c
}

func TestSetVerdicts(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	a, owner := w.Claimed()
	meets := func(version int) []review.VerdictEntry {
		return []review.VerdictEntry{{Part: application.PartSites, Verdict: application.Meets, Version: version}}
	}
	w.Want("the company", w.Desk.SetVerdicts(w.Ctx, owner, a.ID, meets(1)), fault.NotFound)
	w.Want("an auditor", w.Desk.SetVerdicts(w.Ctx, w.Auditor, a.ID, meets(1)), fault.Forbidden)
	w.Want("an unknown part", w.Desk.SetVerdicts(w.Ctx, w.Sam, a.ID, []review.VerdictEntry{{Part: "x", Verdict: application.Meets}}), fault.Invalid)
	w.Want("an unknown verdict", w.Desk.SetVerdicts(w.Ctx, w.Sam, a.ID, []review.VerdictEntry{{Part: application.PartSites, Verdict: "x", Version: 1}}), fault.Invalid)
	err := w.Desk.SetVerdicts(w.Ctx, w.Sam, a.ID, []review.VerdictEntry{
		{Part: application.PartSites, Verdict: application.Meets, Version: 1},
		{Part: application.PartContacts, Verdict: application.DoesNotMeet, Version: 1},
	})
	w.Want("no remark", err, fault.Invalid)
	if f := fault.Fields(err); len(f) != 1 || f[0].Name != review.RemarkField(application.PartContacts) {
		t.Errorf("fields: %v", f)
	}
	if v := part(t, record(w, w.Sam, a), application.PartSites).Verdict; v.Verdict != application.NotReviewed {
		t.Error("half of a refused form was saved")
	}

	w.Must(w.Desk.SetVerdicts(w.Ctx, w.Sam, a.ID, meets(1)))
	w.Must(w.Desk.SetVerdicts(w.Ctx, w.Sam, a.ID, meets(1))) // nothing differs, so an old version does no harm
	v := part(t, record(w, w.Sam, a), application.PartSites).Verdict
	if v.Verdict != application.Meets || v.By != "Sam Specialist" || v.Version != 2 || v.At == nil {
		t.Errorf("verdict: %+v", v)
	}
	err = w.Desk.SetVerdicts(w.Ctx, w.Sam, a.ID, []review.VerdictEntry{{Part: application.PartSites, Verdict: application.NotApplicable, Version: 1}})
	w.Want("an old version", err, fault.Conflict)
	if n := w.Count(`select count(*)::int from audit_event where action = 'application.review' and internal`); n != 1 {
		t.Errorf("audit events: %d", n)
	}
	w.Must(w.Desk.SetVerdicts(w.Ctx, w.Sam, a.ID, []review.VerdictEntry{{Part: application.PartSites, Verdict: application.NotReviewed, Version: 2}}))
	if v := part(t, record(w, w.Sam, a), application.PartSites).Verdict; v.At != nil {
		t.Errorf("taken back: %+v", v)
	}
}

func TestSetVetting(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	a, owner := w.Claimed()
	item := record(w, w.Sam, a).Vetting[0]
	if item.SubjectKind != "company" || item.Item.Question == "" || item.Gone {
		t.Fatalf("first check: %+v", item)
	}
	set := func(by identity.Actor, outcome, note string, version int) error {
		return w.Desk.SetVetting(w.Ctx, by, a.ID, []review.VettingEntry{{ID: item.ID, Outcome: outcome, Note: note, Version: version}})
	}
	w.Want("the company", set(owner, review.VettingClear, "", 1), fault.NotFound)
	w.Want("an auditor", set(w.Auditor, review.VettingClear, "", 1), fault.Forbidden)
	w.Want("an unknown outcome", set(w.Sam, "x", "", 1), fault.Invalid)
	w.Want("a concern without a note", set(w.Sam, review.VettingConcern, "", 1), fault.Invalid)
	w.Want("another case's check", w.Desk.SetVetting(w.Ctx, w.Sam, a.ID, []review.VettingEntry{{ID: pg.NewID(), Outcome: review.VettingClear}}), fault.NotFound)
	w.Must(set(w.Sam, review.VettingConcern, "A penalty of 2024", 1))
	w.Want("an old version", set(w.Sam, review.VettingClear, "", 1), fault.Conflict)
	c := record(w, w.Sam, a)
	if c.Concerns() != 1 || c.Vetting[0].By != "Sam Specialist" || c.Vetting[0].Note != "A penalty of 2024" {
		t.Errorf("vetting: %+v", c.Vetting[0])
	}
	w.Must(set(w.Sam, review.VettingOpen, "", 2))
	if c := record(w, w.Sam, a); c.Concerns() != 0 || c.Vetting[0].At != nil {
		t.Errorf("taken back: %+v", c.Vetting[0])
	}

	// A site that the company no longer names counts no more.
	before := record(w, w.Sam, a)
	w.Exec(`update application_snapshot set body = jsonb_set(body::jsonb, '{dossier,sites}', '[]')::text where application_id = ?`, a.ID)
	after := record(w, w.Sam, a)
	if !after.Vetting[len(after.Vetting)-1].Gone || after.OpenVetting() >= before.OpenVetting() {
		t.Errorf("open checks %d, then %d", before.OpenVetting(), after.OpenVetting())
	}
}

func TestNotesAndHours(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, "2026-03-04T03:00:00Z") // 3 March, 22:00 in New York
	a, owner := w.Claimed()
	w.Want("a company's note", w.Desk.AddNote(w.Ctx, owner, a.ID, "x"), fault.NotFound)
	w.Want("an auditor's note", w.Desk.AddNote(w.Ctx, w.Auditor, a.ID, "x"), fault.Forbidden)
	w.Want("another office's note", w.Desk.AddNote(w.Ctx, w.Other, a.ID, "x"), fault.Forbidden)
	w.Want("an empty note", w.Desk.AddNote(w.Ctx, w.Sue, a.ID, " \n "), fault.Invalid)
	w.Must(w.Desk.AddNote(w.Ctx, w.Sue, a.ID, "Called the port authority"))

	in := review.HoursEntry{Day: "2026-03-03", Hours: "1", Minutes: "30", Activity: "vetting"}
	w.Want("a company's hours", w.Desk.LogHours(w.Ctx, owner, a.ID, in), fault.NotFound)
	w.Want("an auditor's hours", w.Desk.LogHours(w.Ctx, w.Auditor, a.ID, in), fault.Forbidden)
	for what, bad := range map[string]review.HoursEntry{
		"tomorrow at the office": {Day: "2026-03-04", Hours: "1", Activity: "vetting"},
		"no day":                 {Day: "2026-02-30", Hours: "1", Activity: "vetting"},
		"long ago":               {Day: "2024-02-28", Hours: "1", Activity: "vetting"},
		"no time":                {Day: "2026-03-03", Hours: "0", Minutes: "", Activity: "vetting"},
		"too long":               {Day: "2026-03-03", Hours: "25", Activity: "vetting"},
		"more than a day":        {Day: "2026-03-03", Hours: "24", Minutes: "1", Activity: "vetting"},
		"no activity":            {Day: "2026-03-03", Hours: "1", Activity: "sleep"},
		"not a number":           {Day: "2026-03-03", Hours: "an hour", Activity: "vetting"},
	} {
		w.Want(what, w.Desk.LogHours(w.Ctx, w.Sam, a.ID, bad), fault.Invalid)
	}
	w.Must(w.Desk.LogHours(w.Ctx, w.Sam, a.ID, in))
	w.Want("23 more hours on that day", w.Desk.LogHours(w.Ctx, w.Sam, a.ID, review.HoursEntry{Day: "2026-03-03", Hours: "23", Activity: "other"}), fault.Invalid)

	c := record(w, w.Sam, a)
	if len(c.Notes) != 1 || c.Notes[0].Author != "Sue Second" || c.Minutes() != 90 || c.Hours[0].Day.String() != "2026-03-03" {
		t.Fatalf("notes %+v, hours %+v", c.Notes, c.Hours)
	}
	h := c.Hours[0]
	w.Want("a colleague removes", w.Desk.RemoveHours(w.Ctx, w.Sue, a.ID, h.ID, h.Version), fault.Forbidden)
	w.Want("not there", w.Desk.RemoveHours(w.Ctx, w.Sam, a.ID, pg.NewID(), 1), fault.NotFound)
	w.Want("an old version", w.Desk.RemoveHours(w.Ctx, w.Sam, a.ID, h.ID, h.Version+1), fault.Conflict)
	w.Must(w.Desk.RemoveHours(w.Ctx, w.Sam, a.ID, h.ID, h.Version))
	w.Want("twice", w.Desk.RemoveHours(w.Ctx, w.Sam, a.ID, h.ID, h.Version), fault.Conflict)
	if c := record(w, w.Sam, a); c.Minutes() != 0 {
		t.Error("the hours are still there")
	}
	if n := w.Count(`select count(*)::int from audit_event where action in ('note.write', 'hours.log', 'hours.remove') and internal`); n != 3 {
		t.Errorf("audit events: %d", n)
	}
}

// The verdict must be looked at again once the company has answered about its part.
func TestRequestForInformation(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	a, owner := w.Claimed()
	w.Pass(w.Sam, a.ID)
	ask := review.RequestEntry{Version: a.Version, Message: "Two things are missing", Items: []review.Question{
		{Part: application.PartSites, Text: "Which port do you use?"}, {Part: application.PartEligibility + ".history", Text: "Since when?"}}}
	p, _ := w.Steps.Programmes.Get("ctpat")
	e, _ := p.EntityType("importer")
	ask.Items[1].Part = application.PartEligibility + "." + e.Questions[0].Code

	_, err := w.Desk.SendRequest(w.Ctx, owner, a.ID, ask)
	w.Want("the company", err, fault.NotFound)
	_, err = w.Desk.SendRequest(w.Ctx, w.Sue, a.ID, ask)
	w.Want("a colleague", err, fault.Forbidden)
	_, err = w.Desk.SendRequest(w.Ctx, w.Sam, a.ID, review.RequestEntry{Version: a.Version, Message: "x"})
	w.Want("no question", err, fault.Invalid)
	_, err = w.Desk.SendRequest(w.Ctx, w.Sam, a.ID, review.RequestEntry{Version: a.Version, Items: ask.Items})
	w.Want("no message", err, fault.Invalid)
	_, err = w.Desk.SendRequest(w.Ctx, w.Sam, a.ID, review.RequestEntry{Version: a.Version, Message: "x", Items: []review.Question{{Part: "secrets", Text: "What?"}}})
	w.Want("a part that there is not", err, fault.Invalid)
	_, err = w.Desk.CancelRequest(w.Ctx, w.Sam, a.ID, a.Version)
	w.Want("nothing to take back", err, fault.Conflict)

	a, err = w.Desk.SendRequest(w.Ctx, w.Sam, a.ID, ask)
	w.Must(err)
	_, err = w.Desk.SendRequest(w.Ctx, w.Sam, a.ID, review.RequestEntry{Version: a.Version, Message: "x", Items: ask.Items})
	w.Want("a second request", err, fault.Conflict)
	c := record(w, w.Sam, a)
	r, ok := c.OpenRequest()
	if !ok || r.DueOn.String() != "2026-03-17" || len(r.Items) != 2 || r.SentBy != "Sam Specialist" {
		t.Fatalf("request: %+v", r)
	}
	for _, v := range c.Clocks {
		if v.OwedBy == "agency" && v.StoppedAt == nil && !v.Paused {
			t.Errorf("clock %s runs while the company has the word", v.Code)
		}
	}
	body := w.Text(`select body from message where letter = 'information_requested'`)
	if !strings.Contains(body, "Which port do you use?") || !strings.Contains(body, "17 March 2026") || !strings.Contains(body, "Two things are missing") {
		t.Errorf("letter: %s", body)
	}

	w.Clock.Move(time.Hour)
	work, err := w.Applications.Check(w.Ctx, owner, a.ID)
	w.Must(err)
	_, items, err := requestOf(w, owner, a)
	w.Must(err)
	var answers []application.ItemAnswer
	for _, i := range items {
		answers = append(answers, application.ItemAnswer{ID: i.ID, Answer: "Port Newark", Version: i.Version})
	}
	a, err = w.Applications.AnswerInformation(w.Ctx, owner, a.ID, application.Submission{Version: work.File.Application.Version, Attested: true, Name: "Olga Owner"}, answers)
	w.Must(err)
	c = record(w, w.Sam, a)
	for _, p := range c.Parts {
		asked := p.Section.Code == application.PartSites || p.Section.Code == application.PartEligibility
		if p.Again != asked {
			t.Errorf("%s: look again %v", p.Section.Code, p.Again)
		}
	}
	if c.Unmet() != 2 || part(t, c, application.PartSites).Asked[0].Answer != "Port Newark" {
		t.Errorf("unmet parts %d, asked %+v", c.Unmet(), part(t, c, application.PartSites).Asked)
	}
	_, err = w.Desk.Recommend(w.Ctx, w.Sam, a.ID, review.RecommendationEntry{Version: a.Version, Outcome: application.Certify, Reason: "Fine"})
	w.Want("certify without another look", err, fault.Invalid)

	// The same verdict, given again, is another look.
	var again []review.VerdictEntry
	for _, p := range c.Parts {
		if p.Again {
			again = append(again, review.VerdictEntry{Part: p.Section.Code, Verdict: p.Verdict.Verdict, Version: p.Verdict.Version})
		}
	}
	w.Must(w.Desk.SetVerdicts(w.Ctx, w.Sam, a.ID, again))
	if c := record(w, w.Sam, a); c.Unmet() != 0 {
		t.Errorf("unmet parts after another look: %d", c.Unmet())
	}
	_, err = w.Desk.Recommend(w.Ctx, w.Sam, a.ID, review.RecommendationEntry{Version: a.Version, Outcome: application.Certify, Reason: "Fine"})
	w.Must(err)
}

func requestOf(w *reviewtest.World, by identity.Actor, a application.Application) (r *application.InformationRequest, items []application.InformationItem, err error) {
	err = w.DB.Read(w.Ctx, by.Scope(), func(tx pg.Tx) error {
		r, items, err = application.OpenRequest(w.Ctx, tx, a)
		return err
	})
	return r, items, err
}

func TestCancelRequest(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	a, _ := w.Accepted()
	a, err := w.Desk.SendRequest(w.Ctx, w.Other, a.ID, review.RequestEntry{Version: a.Version, Message: "Tell us more", Items: []review.Question{{Part: application.PartSites, Text: "Which warehouse?"}}})
	w.Must(err)
	_, err = w.Desk.CancelRequest(w.Ctx, w.Other, a.ID, a.Version-1)
	w.Want("an old version", err, fault.Conflict)
	a, err = w.Desk.CancelRequest(w.Ctx, w.Other, a.ID, a.Version)
	w.Must(err)
	if _, open := record(w, w.Other, a).OpenRequest(); open || a.Status != application.InReview {
		t.Errorf("status %s", a.Status)
	}
}

func TestClocks(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	a, owner := w.Accepted()
	due := func() string {
		return w.Text(`select due_on::text from clock where subject_id = $1 and code = 'decision'`, a.ID)
	}
	if due() != "2026-07-01" {
		t.Errorf("120 days from 3 March: %s", due())
	}
	extend := review.ClockEntry{Code: "decision", Reason: "more_examination", Days: "61"}
	w.Want("the company extends", w.Desk.ExtendClock(w.Ctx, owner, a.ID, extend), fault.NotFound)
	w.Want("61 days", w.Desk.ExtendClock(w.Ctx, w.Other, a.ID, extend), fault.Invalid)
	extend.Days = "many"
	w.Want("no number", w.Desk.ExtendClock(w.Ctx, w.Other, a.ID, extend), fault.Invalid)
	w.Want("a reason that there is not", w.Desk.ExtendClock(w.Ctx, w.Other, a.ID, review.ClockEntry{Code: "decision", Reason: "x", Days: "1"}), fault.Invalid)
	extend.Days = "60"
	w.Must(w.Desk.ExtendClock(w.Ctx, w.Other, a.ID, extend))
	if due() != "2026-08-31" { // 30 August is a Sunday (Reg. 1182/71 Art. 3(4))
		t.Errorf("120 + 60 days from 3 March: %s", due())
	}
	if body := w.Text(`select body from message where letter = 'deadline_extended'`); !strings.Contains(body, "31 August 2026") {
		t.Errorf("letter: %s", body)
	}
	extend.Days = "1"
	w.Want("beyond 60 days", w.Desk.ExtendClock(w.Ctx, w.Other, a.ID, extend), fault.Invalid)

	w.Want("a reason that does not stop it", w.Desk.PauseClock(w.Ctx, w.Other, a.ID, review.ClockEntry{Code: "decision", Reason: "holidays"}), fault.Invalid)
	w.Want("a clock that does not run", w.Desk.PauseClock(w.Ctx, w.Other, a.ID, review.ClockEntry{Code: "x", Reason: "time_to_adapt"}), fault.Conflict)
	w.Want("running already", w.Desk.ResumeClock(w.Ctx, w.Other, a.ID, review.ClockEntry{Code: "decision"}), fault.Conflict)
	w.Clock.Move(24 * time.Hour) // the day of acceptance does not count and cannot stand still
	w.Must(w.Desk.PauseClock(w.Ctx, w.Other, a.ID, review.ClockEntry{Code: "decision", Reason: "time_to_adapt", Note: "Asked on the phone"}))
	w.Clock.Move(10 * 24 * time.Hour)
	w.Must(w.Desk.ResumeClock(w.Ctx, w.Other, a.ID, review.ClockEntry{Code: "decision"}))
	if due() != "2026-09-09" {
		t.Errorf("after ten days of standing still: %s", due())
	}
}
