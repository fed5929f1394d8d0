package web

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/gofiber/fiber/v2"
	"github.com/jackc/pgx/v5"

	"trustedtrader/app/audit"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/signin"
)

func TestAuditPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	owner := w.Importer("Harbor <b>Trading</b> LLC")
	app := w.Submit(owner, "ctpat", "importer")
	auditor := w.Auditor
	auditor.Zone, _ = time.LoadLocation("America/New_York")

	doc := a.want(200, auditor, "GET", "/audit", nil)
	if doc.Find("table caption").Length() != 1 || doc.Find("tbody tr").Length() < 5 || !strings.Contains(doc.Find("caption").Text(), "America/New York") ||
		!strings.Contains(doc.Find("tbody").Text(), "3 March 2026, 10:00:00 (UTC-05:00)") {
		t.Errorf("trail: %s", doc.Find("main").Text())
	}
	if doc.Find("nav a[href='/audit'][aria-current]").Length() != 1 {
		t.Error("the navigation does not lead here")
	}
	doc = a.want(200, auditor, "GET", "/audit?action=application.submit&from-day=3&from-month=3&from-year=2026&company=harbor&person=olga&subject="+app.Reference, nil)
	row := doc.Find("tbody tr")
	if row.Length() != 1 || !strings.Contains(row.Text(), "Application submitted") || row.Find("a[href='/desk/cases/"+app.ID.String()+"']").Length() != 1 {
		t.Fatalf("narrowed: %s", doc.Find("main").Text())
	}
	for name, want := range map[string]string{"from-day": "3", "from-year": "2026", "company": "harbor", "person": "olga", "subject": app.Reference} {
		if got := doc.Find("input[name="+name+"]").AttrOr("value", ""); got != want {
			t.Errorf("%s is not kept: %q", name, got)
		}
	}
	if doc.Find("select[name=action] option[selected]").AttrOr("value", "") != "application.submit" || doc.Find("select[name=from-month] option[selected]").AttrOr("value", "") != "3" {
		t.Error("choices are not kept")
	}
	export := doc.Find("a[href^='/audit/export.csv']").AttrOr("href", "")
	if u, err := url.Parse(export); err != nil || u.Query().Get("company") != "harbor" || u.Query().Get("from-month") != "3" {
		t.Errorf("the export loses the filter: %s", export)
	}

	doc = a.want(200, auditor, "GET", row.Find("a[href^='/audit/']").AttrOr("href", ""), nil)
	text := strings.Join(strings.Fields(doc.Find("main").Text()), " ")
	for _, want := range []string{"Application submitted", "3 March 2026, 10:00:00 (UTC-05:00)", "Olga Owner", "Company, Owner", app.Reference, "Status", "draft", "submitted", "Harbor <b>Trading</b> LLC", "The company can see this event"} {
		if !strings.Contains(text, want) {
			t.Errorf("event lacks %q: %s", want, text)
		}
	}
	doc.Find("#around a").Each(func(_ int, s *goquery.Selection) {
		if d := a.want(200, auditor, "GET", s.AttrOr("href", ""), nil); d.Find("tbody tr").Length() == 0 {
			t.Errorf("%s finds nothing", s.Text())
		}
	})
	if n := w.Count(`select count(*)::int from audit_event where action = 'audit.read' and after->>'event' is not null`); n != 1 {
		t.Errorf("%d looks at events", n)
	}

	doc = a.want(200, auditor, "GET", "/audit?person=nobody+at+all", nil)
	if !strings.Contains(doc.Find(".tt-empty").Text(), "No event fits") || doc.Find("table").Length() != 0 {
		t.Error("nothing found is not said")
	}
	doc = a.want(422, auditor, "GET", "/audit?from-day=31&from-month=2&from-year=2026&to-day=1&to-month=1&to-year=2026&show=xx&person=a%00b", nil)
	if doc.Find("#error-summary a[href='#from-day'], #error-summary a[href='#from']").Length() != 1 || doc.Find("input[name=from-day]").AttrOr("value", "") != "31" ||
		!strings.HasPrefix(doc.Find("title").Text(), "Error:") || doc.Find("#error-summary li").Length() != 3 {
		t.Errorf("bad input: %s", doc.Find("main").Text())
	}
	a.want(422, auditor, "GET", "/audit/export.csv?from-day=31&from-month=2&from-year=2026", nil)
	for _, path := range []string{"/audit/0", "/audit/-1", "/audit/x", "/audit/99999999999999999999", "/audit/999999999"} {
		a.want(404, auditor, "GET", path, nil)
	}
}

func TestAuditRoles(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	owner := w.Importer("Harbor Trading LLC")
	w.Submit(owner, "ctpat", "importer")
	w.Must(w.DB.Write(w.Ctx, w.Admin.Scope(), func(tx pg.Tx) error {
		return audit.Record(w.Ctx, tx, w.Clock.Now(), w.Admin, audit.Event{Action: "office.open", Kind: "office", Subject: w.HQ})
	}))
	var event int64
	w.Must(w.DB.Batch(w.Ctx, pg.System, pg.Value(&event, `select max(id) from audit_event where action = 'application.submit'`)))
	path := fmt.Sprintf("/audit/%d", event)
	partner := identity.Actor{PersonID: pg.NewID(), Name: "P", Audience: identity.Partners, AgencyID: pg.NewID()}
	strangers := []identity.Actor{w.Sam}
	for _, r := range identity.CompanyReaders {
		by := owner
		by.Role = r
		strangers = append(strangers, by)
	}
	for _, r := range identity.RolesOf(identity.Partners) {
		by := partner
		by.Role = r
		strangers = append(strangers, by)
	}
	for _, by := range strangers {
		for _, p := range []string{"/audit", path, "/audit/export.csv"} {
			a.want(404, by, "GET", p, nil)
		}
	}
	for _, by := range []identity.Actor{w.Auditor, w.Chief, w.Boss} {
		a.want(200, by, "GET", "/audit", nil)
		a.want(200, by, "GET", path, nil)
	}
	doc := a.want(200, w.Admin, "GET", "/audit", nil)
	text := doc.Find("main").Text()
	if !strings.Contains(text, "Office opened") || strings.Contains(text, "Harbor") || doc.Find("input[name=company], select[name=kind] option[value=application], select[name=action] option[value='application.submit']").Length() != 0 {
		t.Errorf("an administrator sees: %s", text)
	}
	a.want(404, w.Admin, "GET", path, nil)
}

// TestAuditExport takes a file of more events than are read at a time, over the wire.
func TestAuditExport(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	w.Exec(`insert into audit_event (at, actor, audience, role, action, subject_kind, reason)
		select ?, '=cmd', 'staff', 'specialist', 'office.open', 'office', 'Grund für ' || i from generate_series(1, 5000) i`, w.Clock.Now())
	app := fiber.New(fiber.Config{Immutable: true, ErrorHandler: a.web.problem})
	app.Get("/audit/export.csv", func(c *fiber.Ctx) error {
		c.Locals(localKnown, signin.Known{Actor: w.Auditor, CSRF: "token", Rights: 1, ExpiresAt: w.Clock.Now().Add(time.Hour)})
		return a.web.exportAudit(c, w.Auditor)
	})
	get := func() *http.Response {
		res, err := app.Test(httptest.NewRequest("GET", "/audit/export.csv?action=office.open", nil), -1)
		w.Must(err)
		t.Cleanup(func() { w.Must(res.Body.Close()) })
		return res
	}
	res := get()
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/csv; charset=utf-8; header=present" ||
		!strings.HasPrefix(res.Header.Get("Content-Disposition"), `attachment; filename="audit-trail-2026-03-03-`) {
		t.Errorf("export: %d %v", res.StatusCode, res.Header)
	}
	lines, err := csv.NewReader(res.Body).ReadAll()
	w.Must(err)
	if len(lines) != 5001 || lines[0][0] != "\ufeffid" || lines[1][3] != "'=cmd" || lines[1][17] != "Grund für 5000" {
		t.Errorf("%d lines: %q", len(lines), lines[1])
	}
	for range exports - 1 {
		if res := get(); res.StatusCode != 200 {
			t.Errorf("another export: %d", res.StatusCode)
		}
	}
	if res := get(); res.StatusCode != 429 || res.Header.Get("Retry-After") == "" {
		t.Errorf("too many exports: %d", res.StatusCode)
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'audit.export'`); n != exports {
		t.Errorf("%d exports on record", n)
	}
}

// TestAuditExportBreaks: when reading fails midway the download fails too, instead of
// ending as if the file were whole.
func TestAuditExportBreaks(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	w.Exec(`insert into audit_event (at, actor, audience, role, action, subject_kind, reason)
		select ?, 'Many', 'staff', 'specialist', 'office.open', 'office', repeat('x', 10000) from generate_series(1, 4000) i`, w.Clock.Now()) // more than networks hold back
	app := fiber.New(fiber.Config{Immutable: true, ErrorHandler: a.web.problem, DisableStartupMessage: true})
	app.Get("/audit/export.csv", func(c *fiber.Ctx) error { return a.web.exportAudit(c, w.Auditor) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	w.Must(err)
	served := make(chan error, 1)
	go func() { served <- app.Listener(listener) }()
	t.Cleanup(func() { w.Must(errors.Join(app.Shutdown(), <-served)) })
	res, err := http.Get("http://" + listener.Addr().String() + "/audit/export.csv?action=office.open")
	w.Must(err)
	defer func() { w.Must(res.Body.Close()) }()
	_, err = io.ReadFull(res.Body, make([]byte, 1000))
	w.Must(err)
	conn, err := pgx.Connect(w.Ctx, w.DSN)
	w.Must(err)
	_, err = conn.Exec(w.Ctx, "revoke select on audit_event from portal_app")
	w.Must(errors.Join(err, conn.Close(w.Ctx)))
	rest, err := io.ReadAll(res.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(rest) > 35_000_000 {
		t.Errorf("a broken export of %d bytes ends with %v", len(rest), err)
	}
}
