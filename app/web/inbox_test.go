package web

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
)

// A company reads its letters, answers one, and the agency answers back.
func TestInboxJourney(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	olga := w.Importer("Harbor <b>LLC</b>")
	says(t, a.want(200, olga, "GET", "/inbox", nil), "No letters or messages yet")

	application := w.Submit(olga, "ctpat", "importer")
	list := a.want(200, olga, "GET", "/inbox", nil)
	says(t, list, "New", application.Reference, "Trusted trader office")
	letter, ok := list.Find("main tbody th a").First().Attr("href")
	if !ok || !strings.HasPrefix(letter, "/inbox/") {
		t.Fatalf("the list leads to %q", letter)
	}
	page := a.want(200, olga, "GET", letter, nil)
	says(t, page, application.Reference, "Harbor <b>LLC</b>", "Go to the application", "Reply")
	if page.Find("[data-print]").Length() != 1 || page.Find(".tt-message__text b").Length() != 0 {
		t.Error("the letter cannot be printed, or a name turned into markup")
	}
	says(t, a.want(200, olga, "GET", "/inbox", nil), "Opened")

	reply, _ := page.Find(`main a[href^="/inbox/new"]`).Attr("href")
	form := a.want(200, olga, "GET", reply, nil)
	if v, _ := form.Find("#subject").Attr("value"); !strings.HasPrefix(v, "Re: ") || strings.HasPrefix(v, "Re: Re:") {
		t.Errorf("the answer's subject is %q", v)
	}
	action, _ := form.Find("form.tt-form").Attr("action")
	values := fill(t, form, action)
	values.Set("body", "")
	wrong := a.want(422, olga, "POST", action, values)
	says(t, wrong, "There is a problem", "Enter your message")
	if !strings.HasPrefix(wrong.Find("title").Text(), "Error:") {
		t.Errorf("the title is %q", wrong.Find("title").Text())
	}
	values = fill(t, wrong, action)
	values.Set("body", "When is the visit?\n<script>alert(1)</script>")
	a.want(303, olga, "POST", action, values)
	says(t, a.want(200, olga, "GET", "/inbox", nil), "Sent by your company")

	// The agency reads it on its case and under its own address, and answers.
	id := w.Text(`select id::text from message where direction = 'to_agency'`)
	page = a.want(200, w.Sam, "GET", "/inbox/"+id, nil)
	says(t, page, "When is the visit?", "<script>alert(1)</script>")
	if page.Find("script:not([src])").Length() != 0 {
		t.Error("a message turned into a script")
	}
	form = a.want(200, w.Sam, "GET", "/inbox/new?about="+application.ID.String(), nil)
	action, _ = form.Find("form.tt-form").Attr("action")
	values = fill(t, form, action)
	values.Set("subject", "Your visit")
	values.Set("body", "In May.")
	a.want(303, w.Sam, "POST", action, values)
	says(t, a.want(200, olga, "GET", "/inbox", nil), "Your visit", "New")
}

func TestInboxIsClosedToOthers(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	olga := w.Importer("Harbor LLC")
	application := w.Submit(olga, "ctpat", "importer")
	id := w.Text(`select id::text from message limit 1`)
	nosy := w.Importer("Nosy Inc")
	about := "/inbox/new?about=" + application.ID.String()
	for _, who := range []identity.Actor{nosy, w.Admin, {PersonID: pg.NewID(), Audience: identity.Partners, Role: identity.Officer}, {PersonID: pg.NewID(), Audience: identity.Staff}} {
		a.want(404, who, "GET", "/inbox/"+id, nil)
		a.want(404, who, "GET", about, nil)
		a.want(404, who, "POST", about, url.Values{"subject": {"s"}, "body": {"b"}})
	}
	for _, path := range []string{"/inbox/x", "/inbox/" + uuid.Nil.String(), "/inbox/" + pg.NewID().String(), "/inbox/new", "/inbox/new?about=x", about + "&reply=" + pg.NewID().String()} {
		a.want(404, olga, "GET", path, nil)
	}
	a.want(404, nosy, "GET", "/inbox/new?about="+application.ID.String()+"&reply="+id, nil)
	a.want(404, w.Sam, "GET", "/inbox", nil)
	a.want(200, w.Auditor, "GET", "/inbox/"+id, nil)
	a.want(404, w.Auditor, "GET", about, nil)
}

func TestInboxPaging(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	olga := w.Importer("Harbor LLC")
	w.Exec(`insert into message (company_id, direction, subject, body, subject_kind, subject_id, author, sent_at)
		select ?, 'to_company', 'Letter ' || i, 'b', 'company', ?, 'Office', ?::timestamptz + i * interval '1 minute' from generate_series(1, ?) i`,
		olga.CompanyID, olga.CompanyID, w.Clock.Now(), notice.PageSize+2)
	first := a.want(200, olga, "GET", "/inbox", nil)
	next, ok := first.Find(`a[rel="next"]`).Attr("href")
	if !ok || first.Find("main tbody tr").Length() != notice.PageSize {
		t.Fatalf("%d letters and next %q", first.Find("main tbody tr").Length(), next)
	}
	second := a.want(200, olga, "GET", next, nil)
	if n := second.Find("main tbody tr").Length(); n != 2 || second.Find(`a[rel="prev"]`).Length() != 1 || second.Find(`a[rel="next"]`).Length() != 0 {
		t.Errorf("the second page has %d letters", n)
	}
	says(t, second, "Letter 1", "Letter 2")
	a.want(200, olga, "GET", "/inbox?after=nonsense", nil)
}

func TestDevelopmentOutbox(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	a.want(404, w.Sam, "GET", "/dev/mail", nil) // not in production
	a.web.Notices = &notice.Service{DB: w.DB, Now: w.Clock.Now, Letters: w.Steps.Letters, Outbox: true}
	says(t, a.want(200, identity.Actor{}, "GET", "/dev/mail", nil), "No e-mails yet")
	ctx := context.Background()
	w.Must(w.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		return w.Steps.Letters.Mail(ctx, tx, time.Now(), notice.Mail{To: "new@harbor.example", Name: "New <i>One</i>", Subject: "You are invited",
			Body: "Hello,\n\naccept here:\nhttp://localhost:8080/invitation/abc\njavascript:alert(1)\n"})
	}))
	page := a.want(200, identity.Actor{}, "GET", "/dev/mail", nil)
	says(t, page, "You are invited", "new@harbor.example", "New <i>One</i>", "Kept in the outbox")
	links := page.Find(".tt-message a")
	if href, _ := links.Attr("href"); links.Length() != 1 || href != "http://localhost:8080/invitation/abc" {
		t.Errorf("%d links, the first to %q", links.Length(), href)
	}
}
