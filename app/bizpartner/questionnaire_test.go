package bizpartner_test

import (
	"context"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/bizpartner"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/pg"
)

const mailbox = "marta@fabrica.example"

func TestLifecycleIsWrittenDown(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("testdata/lifecycle.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got := bizpartner.Lifecycle().Diagram(); got != string(want) {
		t.Errorf("the moves have changed; look at them, then write testdata/lifecycle.txt:\n%s", got)
	}
	for _, s := range bizpartner.Statuses() {
		if s.Name() == "" {
			t.Errorf("%s has no name", s)
		}
	}
}

// Every word that the code asks for is in the data, and the other way round.
func TestWordsAreThere(t *testing.T) {
	t.Parallel()
	d := data(t)
	used := regexp.MustCompile(`(?:[sS]ay\((?:[a-zA-Z.]+, )?|names, )"([a-z_]+)"`)
	n := 0
	for _, file := range []string{"outside.go", "reuse.go", "questionnaire.go", "send.go", "follow.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range used.FindAllStringSubmatch(string(text), -1) {
			n++
			words := []string{m[1]}
			if strings.HasPrefix(m[0], "names, ") {
				words = []string{m[1] + "_subject", m[1] + "_body"}
			}
			for _, word := range words {
				for _, l := range d.Languages {
					if d.Say(l.Code, word) == "" {
						t.Errorf("%s asks for %q, which there is not in %s", file, word, l.Code)
					}
				}
			}
		}
	}
	if n < 8 {
		t.Errorf("only %d words found", n)
	}
}

func TestScore(t *testing.T) {
	t.Parallel()
	tpl := data(t).Templates[0]
	if n := len(tpl.Questions()); n < 20 || n > 30 {
		t.Errorf("%d questions", n)
	}
	all := func(answer string) map[string]string {
		out := map[string]string{}
		for _, q := range tpl.Questions() {
			out[q.Code] = answer
		}
		return out
	}
	for _, x := range []struct {
		answers map[string]string
		score   int
		band    string
	}{{all("yes"), 100, "strong"}, {all("partly"), 50, "weak"}, {all("no"), 0, "weak"}, {all("not_applicable"), 0, "weak"}, {nil, 0, "weak"}} {
		score, band, table := tpl.Score(x.answers)
		if score != x.score || band.Code != x.band || len(table) != len(tpl.Questions()) {
			t.Errorf("%d %s, want %d %s", score, band.Code, x.score, x.band)
		}
	}
	one := all("not_applicable") // of two that count, one is yes with weight 5, one no with weight 4
	one["seals"], one["differences"] = "yes", "no"
	if score, band, _ := tpl.Score(one); score != 55 || band.Code != "weak" {
		t.Errorf("%d %s", score, band.Code)
	}
}

func TestQuestionnaireFromEndToEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.add(w.ann, "Fábrica Uno")
	_, err := w.s.Send(w.Ctx, w.bob, p.ID, bizpartner.SendEntry{Template: "supply-chain-security", Name: "M", Email: mailbox, Lang: "es"})
	w.Want("another company", err, fault.NotFound)
	_, err = w.s.Send(w.Ctx, w.reader, p.ID, bizpartner.SendEntry{})
	w.Want("a reader", err, fault.Forbidden)
	_, err = w.s.Send(w.Ctx, w.ann, p.ID, bizpartner.SendEntry{Template: "x", Email: "x", Lang: "xx"})
	w.Want("nothing right", err, fault.Invalid)
	q, token := w.send(w.ann, p, mailbox)
	_, err = w.s.Send(w.Ctx, w.ann, p.ID, bizpartner.SendEntry{Template: "supply-chain-security", Name: "M", Email: mailbox, Lang: "es"})
	w.Want("a second one", err, fault.Conflict)
	mail := w.Text(`select subject || body from mail where to_address = $1`, mailbox)
	if !strings.Contains(mail, "Ann Imports LLC le pregunta") || strings.Contains(mail, "{") || strings.Contains(mail, "Bob") {
		t.Errorf("the e-mail: %s", mail)
	}
	if n := w.Count(`select count(*)::int from questionnaire where encode(token_hash, 'escape') like '%' || $1 || '%'`, token) +
		w.Count(`select count(*)::int from audit_event where coalesce(after::text, '') like '%' || $1 || '%'`, token); n != 0 {
		t.Error("the token is kept")
	}
	o, err := w.s.Look(w.Ctx, key(token))
	w.Must(err)
	if o.Company != "Ann Imports LLC" || o.Partner != "Fábrica Uno" || o.Earlier != nil || o.Questionnaire.Status != bizpartner.Opened {
		t.Errorf("%+v", o)
	}
	_, err = w.s.Finish(w.Ctx, key(token), bizpartner.FinishEntry{Name: "M", Agreed: true})
	w.Want("with nothing answered", err, fault.Invalid)

	// Two people save the same answer: the second is told, and the first one's stays.
	first := map[string]bizpartner.ReplyEntry{"seals": {Answer: "no", Note: "Planned for May"}}
	second := map[string]bizpartner.ReplyEntry{"seals": {Answer: "yes"}, "tracking": {Answer: "yes"}}
	_, lost, err := w.s.Save(w.Ctx, key(token), "cargo", first)
	if err != nil || lost != nil {
		t.Fatal(lost, err)
	}
	o, lost, err = w.s.Save(w.Ctx, key(token), "cargo", second)
	if err != nil || len(lost) != 1 || lost[0] != "seals" || o.Replies["seals"].Answer != "no" || o.Replies["tracking"].Answer != "yes" {
		t.Errorf("%v %v %+v", lost, err, o.Replies)
	}
	_, _, err = w.s.Save(w.Ctx, key(token), "cargo", map[string]bizpartner.ReplyEntry{"seals": {Answer: "no", Note: strings.Repeat("x", 2001), Version: 1}})
	w.Want("a long note", err, fault.Invalid)
	_, _, err = w.s.Save(w.Ctx, key(token), "nowhere", nil)
	w.Want("no such section", err, fault.NotFound)

	// Until it is handed in the member sees nothing of it, whatever it asks the database.
	r, err := w.s.Result(w.Ctx, w.ann, q.ID)
	w.Must(err)
	var rows int
	w.Must(w.DB.Batch(w.Ctx, w.ann.Scope(), pg.Value(&rows, `select count(*)::int from questionnaire_answer`)))
	if len(r.Replies) != 0 || r.Points != nil || rows != 0 {
		t.Errorf("the member sees %d answers, %d rows", len(r.Replies), rows)
	}
	w.fill(token, "yes")
	w.finish(token)
	_, _, err = w.s.Save(w.Ctx, key(token), "cargo", map[string]bizpartner.ReplyEntry{"seals": {Answer: "no", Version: 2}})
	w.Want("save after sending", err, fault.Conflict)
	r, err = w.s.Result(w.Ctx, w.reader, q.ID)
	w.Must(err)
	if r.Questionnaire.Status != bizpartner.Answered || *r.Questionnaire.Score != 100 || r.Questionnaire.Band != "strong" || r.Questionnaire.Answerer != "Marta Maker" || len(r.Points) != 25 || r.Can(bizpartner.Accept) {
		t.Errorf("%+v", r.Questionnaire)
	}
	if w.letters(w.ann.CompanyID, "partner_questionnaire") != 1 || w.Count(`select count(*)::int from mail where to_address = $1 and subject like 'Recibo%'`, mailbox) != 1 {
		t.Error("no letter or no receipt")
	}
	// The receipt has the day of sending, and not that by which an answer was wanted; both are in the partner's words.
	sent, due := w.s.Data.Day("es", clock.DayOf(w.s.Now(), time.UTC)), w.s.Data.Day("es", q.DueOn)
	for word, day := range map[string]string{"Recibo": sent, "le pregunta": due} {
		if w.Count(`select count(*)::int from mail where to_address = $1 and subject like '%' || $2 || '%' and body like '%' || $3 || '%'`, mailbox, word, day) != 1 {
			t.Errorf("no e-mail %q with the day %q", word, day)
		}
	}
	_, err = w.s.Result(w.Ctx, w.bob, q.ID)
	w.Want("another company's result", err, fault.NotFound)

	// Back, mended through the same link, and accepted.
	v := r.Questionnaire.Version
	w.Want("nothing asked", w.s.Return(w.Ctx, w.ann, q.ID, bizpartner.ReturnEntry{Version: v}), fault.Invalid)
	w.Want("an old page", w.s.Return(w.Ctx, w.ann, q.ID, bizpartner.ReturnEntry{Version: v - 1, Notes: map[string]string{"seals": "Which?"}}), fault.Conflict)
	w.Want("another company", w.s.Return(w.Ctx, w.bob, q.ID, bizpartner.ReturnEntry{Version: v, Notes: map[string]string{"seals": "Which?"}}), fault.NotFound)
	w.Must(w.s.Return(w.Ctx, w.ann, q.ID, bizpartner.ReturnEntry{Version: v, Notes: map[string]string{"seals": "Which seals?"}}))
	o, err = w.s.Look(w.Ctx, key(token))
	if err != nil || o.Open("tracking") || !o.Open("seals") || len(o.Missing()) != 1 {
		t.Fatalf("%v %v", o.Missing(), err)
	}
	o, _, err = w.s.Save(w.Ctx, bizpartner.Key{Token: token, Lang: "fr"}, "cargo", map[string]bizpartner.ReplyEntry{"seals": {Answer: "partly", Note: "ISO 17712 from May", Version: o.Replies["seals"].Version},
		"tracking": {Answer: "no", Note: "x", Version: o.Replies["tracking"].Version}})
	if err != nil || o.Replies["tracking"].Answer != "yes" || o.Questionnaire.Lang != "fr" || len(o.Missing()) != 0 {
		t.Errorf("%v %+v", err, o.Replies["tracking"])
	}
	w.finish(token)
	task := bizpartner.TaskEntry{ID: uuid.New(), Question: "seals", What: "Use ISO 17712 seals", Due: "2026-06-01"}
	w.Want("a day that is past", w.s.AddTask(w.Ctx, w.ann, q.ID, bizpartner.TaskEntry{What: "x", Due: "2026-01-01"}), fault.Invalid)
	w.Want("another company's task", w.s.AddTask(w.Ctx, w.bob, q.ID, task), fault.NotFound)
	w.Must(w.s.AddTask(w.Ctx, w.ann, q.ID, task))
	w.Must(w.s.AddTask(w.Ctx, w.ann, q.ID, task)) // sent twice
	w.Want("no proof", w.s.CloseTask(w.Ctx, w.ann, q.ID, task.ID, bizpartner.DoneEntry{Version: 1}), fault.Invalid)
	w.Must(w.s.CloseTask(w.Ctx, w.ann, q.ID, task.ID, bizpartner.DoneEntry{Version: 1, Proof: "Photo of 3 June"}))
	w.Want("twice", w.s.CloseTask(w.Ctx, w.ann, q.ID, task.ID, bizpartner.DoneEntry{Version: 2, Proof: "x"}), fault.Conflict)
	r, err = w.s.Result(w.Ctx, w.ann, q.ID)
	w.Must(err)
	w.Must(w.s.Accept(w.Ctx, w.ann, q.ID, bizpartner.NoteEntry{Version: r.Questionnaire.Version}))
	if got := w.Text(`select assessed_on::text || ' ' || due_on::text from business_partner where id = $1`, p.ID); got != "2026-03-04 2027-03-04" {
		t.Errorf("assessed and due: %s", got) // high: a year
	}
	w.Clock.Move(366 * 24 * time.Hour)
	l, err := w.s.List(w.Ctx, w.ann, bizpartner.Filter{Show: bizpartner.ShowOverdue})
	if err != nil || l.Total != 1 {
		t.Errorf("overdue: %d %v", l.Total, err)
	}
}

func TestLinksEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.add(w.ann, "Fábrica Uno")
	q, token := w.send(w.ann, p, mailbox)
	for _, wrong := range []string{"", "x", strings.Repeat("A", 43), token + "A"} {
		_, err := w.s.Look(w.Ctx, key(wrong))
		w.Want("a wrong link", err, fault.NotFound)
	}
	r, err := w.s.Result(w.Ctx, w.ann, q.ID)
	w.Must(err)
	w.Must(w.s.Renew(w.Ctx, w.ann, q.ID, bizpartner.RenewEntry{Version: r.Questionnaire.Version, Name: "Marta", Email: mailbox}))
	_, err = w.s.Look(w.Ctx, key(token))
	w.Want("the link before", err, fault.NotFound)
	w.Clock.Move(time.Second)
	var fresh string
	for _, m := range link.FindAllStringSubmatch(w.Text(`select string_agg(body, ' ') from mail where to_address = $1`, mailbox), -1) {
		if m[1] != token {
			fresh = m[1]
		}
	}
	o, err := w.s.Refuse(w.Ctx, key(fresh), "")
	w.Want("refuse without reason", err, fault.Invalid)
	if o, err = w.s.Refuse(w.Ctx, key(fresh), "We do not do this"); err != nil || o.Questionnaire.Status != bizpartner.Refused {
		t.Fatal(err)
	}
	if n := w.letters(w.ann.CompanyID, "partner_questionnaire"); n != 1 {
		t.Errorf("%d letters", n)
	}
	if r, err = w.s.Result(w.Ctx, w.ann, q.ID); err != nil || !r.Can(bizpartner.Renew) || r.Can(bizpartner.Cancel) {
		t.Errorf("%v %v", r.May, err)
	}
	w.Must(w.s.Renew(w.Ctx, w.ann, q.ID, bizpartner.RenewEntry{Version: r.Questionnaire.Version, Name: "Marta", Email: "other@fabrica.example"}))
	token = w.token("other@fabrica.example")
	_, err = w.s.Look(w.Ctx, key(token))
	w.Must(err)
	r, err = w.s.Result(w.Ctx, w.ann, q.ID)
	w.Must(err)
	w.Want("call off without reason", w.s.Cancel(w.Ctx, w.ann, q.ID, bizpartner.NoteEntry{Version: r.Questionnaire.Version}), fault.Invalid)
	w.Must(w.s.Cancel(w.Ctx, w.ann, q.ID, bizpartner.NoteEntry{Version: r.Questionnaire.Version, Text: "Sent by mistake"}))
	_, err = w.s.Look(w.Ctx, key(token))
	w.Want("called off", err, fault.NotFound)
}

func TestReminders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.add(w.ann, "Fábrica Uno")
	q, token := w.send(w.ann, p, mailbox) // due on 3 April, the link ends on 18 May
	count := func() int {
		return w.Count(`select count(*)::int from mail where to_address = $1 and subject like 'Recordatorio%'`, mailbox)
	}
	sweep := func() {
		t.Helper()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if _, err := w.s.Sweep(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	for _, x := range []struct {
		at   string
		want int
	}{{"2026-03-26T15:00:00Z", 0}, {"2026-03-27T15:00:00Z", 1}, {"2026-03-28T15:00:00Z", 1}, {"2026-04-02T15:00:00Z", 2}, {"2026-04-09T15:00:00Z", 2}, {"2026-04-10T15:00:00Z", 3}, {"2026-05-01T15:00:00Z", 3}} {
		w.to(x.at)
		sweep()
		sweep()
		if n := count(); n != x.want {
			t.Errorf("%s: %d reminders, want %d", x.at, n, x.want)
		}
	}
	if got := w.token(mailbox); got != token {
		t.Error("a reminder has another link")
	}
	w.to("2026-05-18T15:00:00Z")
	sweep()
	sweep()
	r, err := w.s.Result(w.Ctx, w.ann, q.ID)
	if err != nil || r.Questionnaire.Status != bizpartner.Expired || w.letters(w.ann.CompanyID, "partner_questionnaire") != 1 {
		t.Errorf("%s %v", r.Questionnaire.Status, err)
	}
	_, err = w.s.Look(w.Ctx, key(token))
	w.Want("expired", err, fault.NotFound)
}

// A partner's answers go to another member only with its permission, and come back.
func TestReuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, first := w.send(w.ann, w.add(w.ann, "Fábrica Uno"), mailbox)
	w.fill(first, "partly")
	w.finish(first)
	w.Clock.Move(time.Hour)
	q2, second := w.send(w.bob, w.add(w.bob, "Fabrica 1"), strings.ToUpper(mailbox[:1])+mailbox[1:])
	qx, elsewhere := w.send(w.bob, func() bizpartner.Partner { p := w.add(w.bob, "Other Works"); return p }(), "someone@else.example")
	answers := func(by uuid.UUID) int {
		return w.Count(`select count(*)::int from questionnaire_answer where questionnaire_id = $1`, by)
	}
	_, err := w.s.Reuse(w.Ctx, key(elsewhere), true)
	w.Want("another mailbox", err, fault.NotFound)
	o, err := w.s.Look(w.Ctx, key(second))
	w.Must(err)
	if o.Earlier == nil || len(o.Replies) != 0 || answers(q2.ID) != 0 || o.Company != "Bob Trading Inc" {
		t.Fatalf("before the permission: %+v", o)
	}
	_, err = w.s.Reuse(w.Ctx, key(second), false)
	w.Want("not ticked", err, fault.Invalid)
	r, err := w.s.Result(w.Ctx, w.bob, q2.ID)
	if err != nil || len(r.Replies) != 0 {
		t.Error("bob sees answers before the permission")
	}
	if o, err = w.s.Reuse(w.Ctx, key(second), true); err != nil || !o.Reused || o.Earlier != nil || len(o.Replies) != 25 || len(o.Missing()) != 0 {
		t.Fatalf("%v %d", err, len(o.Replies))
	}
	if r, err = w.s.Result(w.Ctx, w.bob, q2.ID); err != nil || len(r.Replies) != 0 {
		t.Error("bob sees answers before they are handed in")
	}
	o, _, err = w.s.Save(w.Ctx, key(second), "cargo", map[string]bizpartner.ReplyEntry{"seals": {Answer: "yes", Version: o.Replies["seals"].Version}})
	w.Must(err)
	w.finish(second)
	if r, err = w.s.Result(w.Ctx, w.bob, q2.ID); err != nil || len(r.Replies) != 25 {
		t.Errorf("%d %v", len(r.Replies), err)
	}
	for _, where := range []string{`select string_agg(body, ' ') from questionnaire_entry where questionnaire_id = '` + q2.ID.String() + `'`,
		`select string_agg(body || subject, ' ') from message where company_id = '` + w.bob.CompanyID.String() + `'`} {
		if text := w.Text(where); strings.Contains(text, "Ann Imports") {
			t.Errorf("bob learns of ann: %s", text)
		}
	}
	var permissions int
	w.Must(w.DB.Batch(w.Ctx, w.bob.Scope(), pg.Value(&permissions, `select count(*)::int from questionnaire_reuse`)))
	if permissions != 0 {
		t.Error("bob reads permissions")
	}

	if o, err = w.s.Unuse(w.Ctx, key(second)); err != nil || o.Reused || o.Questionnaire.Status != bizpartner.Begun || len(o.Replies) != 1 {
		t.Fatalf("%v %s %d", err, o.Questionnaire.Status, len(o.Replies))
	}
	if r, err = w.s.Result(w.Ctx, w.bob, q2.ID); err != nil || len(r.Replies) != 0 || r.Questionnaire.Score != nil {
		t.Errorf("after it was taken back: %d %v", len(r.Replies), err)
	}
	if answers(q2.ID) != 1 {
		t.Errorf("%d answers are left", answers(q2.ID))
	}
	_, err = w.s.Unuse(w.Ctx, key(second))
	w.Want("twice", err, fault.NotFound)

	// Once more, accepted, and taken back then.
	_, err = w.s.Reuse(w.Ctx, key(second), true)
	w.Must(err)
	w.finish(second)
	r, err = w.s.Result(w.Ctx, w.bob, q2.ID)
	w.Must(err)
	w.Must(w.s.Accept(w.Ctx, w.bob, q2.ID, bizpartner.NoteEntry{Version: r.Questionnaire.Version}))
	_, err = w.s.Unuse(w.Ctx, key(second))
	w.Must(err)
	if r, err = w.s.Result(w.Ctx, w.bob, q2.ID); err != nil || r.Questionnaire.Status != bizpartner.Cancelled || len(r.Replies) != 0 || r.Partner.AssessedOn != nil {
		t.Errorf("%+v %v", r.Questionnaire, err)
	}
	if r, err = w.s.Result(w.Ctx, w.ann, uuid.MustParse(w.Text(`select id::text from questionnaire where company_id = $1`, w.ann.CompanyID))); err != nil || len(r.Replies) != 25 {
		t.Errorf("ann's own answers: %d %v", len(r.Replies), err)
	}
	_ = qx
}

func TestKeepAsEvidence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q, token := w.send(w.ann, w.add(w.ann, "Fábrica Uno"), mailbox)
	_, err := w.s.KeepResult(w.Ctx, w.ann, q.ID, bizpartner.KeepEntry{})
	w.Want("before the answer", err, fault.Conflict)
	w.fill(token, "yes")
	w.finish(token)
	_, err = w.s.KeepResult(w.Ctx, w.reader, q.ID, bizpartner.KeepEntry{})
	w.Want("a reader", err, fault.Forbidden)
	_, err = w.s.KeepResult(w.Ctx, w.bob, q.ID, bizpartner.KeepEntry{})
	w.Want("another company", err, fault.NotFound)
	_, err = w.s.KeepResult(w.Ctx, w.ann, q.ID, bizpartner.KeepEntry{Cycle: uuid.NewString(), Criteria: []string{"3.1"}})
	w.Want("no such profile", err, fault.Invalid)
	item, err := w.s.KeepResult(w.Ctx, w.ann, q.ID, bizpartner.KeepEntry{})
	w.Must(err)
	if got := w.Text(`select e.kind || ' ' || v.media_type || ' ' || length(v.sha256) from evidence e join evidence_version v on v.evidence_id = e.id where e.id = $1 and e.company_id = $2`, item, w.ann.CompanyID); got != "record text/csv; charset=utf-8 64" {
		t.Errorf("kept: %s", got)
	}
	c := w.connect()
	_, err = w.s.KeepStatus(w.Ctx, w.other, c.ID, bizpartner.KeepEntry{})
	w.Want("a third company", err, fault.NotFound)
	_, err = w.s.KeepStatus(w.Ctx, w.ann, c.ID, bizpartner.KeepEntry{})
	w.Must(err)
	// With a profile that can be filled in the item is attached to its criteria.
	a, err := w.Applications.Choose(w.Ctx, w.ann, "ctpat", "exporter")
	w.Must(err)
	_ = a
	cycles, err := w.s.Cycles(w.Ctx, w.ann)
	w.Must(err)
	if len(cycles) > 0 {
		_, err = w.s.KeepStatus(w.Ctx, w.ann, c.ID, bizpartner.KeepEntry{Cycle: cycles[0].ID.String(), Criteria: []string{"3.1"}})
		w.Must(err)
		if n := w.Count(`select count(*)::int from evidence_link where cycle_id = $1 and criterion = '3.1'`, cycles[0].ID); n != 1 {
			t.Errorf("%d attached", n)
		}
	} else {
		t.Error("no profile to attach to")
	}
	w.Must(w.s.Disconnect(w.Ctx, w.bob, c.ID))
	_, err = w.s.KeepStatus(w.Ctx, w.ann, c.ID, bizpartner.KeepEntry{})
	w.Want("after the end", err, fault.Conflict)
}
