package web

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"mime/multipart"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/exchange"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/profile/profiletest"
	"trustedtrader/app/signin"
)

// bring sends a form with a file.
func (a *applicant) bring(path, name string, content []byte, fields ...[2]string) (status int, to string, doc *goquery.Document) {
	a.t.Helper()
	who := a.who
	who.RequestID = rand.Text()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part := func(err error) {
		if err != nil {
			a.t.Fatal(err)
		}
	}
	part(w.WriteField("csrf", "token"))
	for _, x := range fields {
		part(w.WriteField(x[0], x[1]))
	}
	f, err := w.CreateFormFile("file", name)
	part(err)
	_, err = f.Write(content)
	part(err)
	part(w.Close())
	app := fiber.New(fiber.Config{Immutable: true, CaseSensitive: true, StrictRouting: true, UnescapePath: true, ErrorHandler: a.web.problem,
		BodyLimit: bodyLimit, StreamRequestBody: true, DisablePreParseMultipartForm: true})
	app.Use(takeBody(streaming(a.web.Routes())), func(c *fiber.Ctx) error {
		c.Locals(localRequest, who.RequestID)
		c.Locals(localKnown, signin.Known{Actor: who, CSRF: "token", Rights: 1, ExpiresAt: a.clock.Now().Add(time.Hour)})
		err := c.Next()
		c.Set(routeHeader, c.Route().Path)
		return err
	})
	for _, r := range a.web.Routes() {
		app.Add(r.Method, r.Path, a.web.guard(r))
	}
	req := httptest.NewRequest("POST", path, &b)
	req.Header.Set("Content-Type", w.FormDataContentType())
	res, err := app.Test(req, -1)
	part(err)
	if res.StatusCode == 303 {
		a.audited(res.Header.Get(routeHeader), who.RequestID)
	}
	doc, err = goquery.NewDocumentFromReader(res.Body)
	part(err)
	return res.StatusCode, res.Header.Get("Location"), doc
}

// padded is a workbook into which somebody has put a picture of so many bytes.
func padded(t *testing.T, content []byte, size int) []byte {
	t.Helper()
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	in, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	check(err)
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	for _, f := range in.File {
		check(out.Copy(f))
	}
	w, err := out.CreateHeader(&zip.FileHeader{Name: "xl/media/image1.jpeg", Method: zip.Store})
	check(err)
	picture := make([]byte, size)
	_, _ = rand.Read(picture) // it never fails
	_, err = w.Write(append([]byte("\xff\xd8\xff\xe0"), picture...))
	check(err)
	check(out.Close())
	return b.Bytes()
}

// A profile goes out as a workbook and comes back, without scripts.
func TestProfileOffline(t *testing.T) {
	t.Parallel()
	a := newApplicant(t)
	steps := &profile.Steps{Library: profiletest.Library(t), Programmes: a.web.Applications.Programmes, Clocks: a.web.Applications.Clocks, Letters: a.web.Applications.Letters}
	a.web.Applications.Profiles = steps
	a.web.Profiles = &profile.Service{DB: a.db, Now: a.clock.Now, Steps: steps}
	a.web.Exchange = &exchange.Service{DB: a.db, Now: a.clock.Now, Profiles: a.web.Profiles}
	a.begun()
	ctx := context.Background()
	var cycle string
	if err := a.db.Batch(ctx, pg.System, pg.Value(&cycle, `select id::text from profile_cycle`)); err != nil {
		t.Fatal(err)
	}
	at, id := "/profiles/"+cycle, uuid.MustParse(cycle)
	has := func(doc *goquery.Document, texts ...string) {
		t.Helper()
		text := strings.Join(strings.Fields(doc.Find("main, .tt-flash, .usa-alert").Text()), " ")
		for _, want := range texts {
			if !strings.Contains(text, want) {
				t.Errorf("the page lacks %q: %s", want, text)
			}
		}
	}
	has(a.get(at+"/exchange", 200), "Work offline", "Download the whole profile (.xlsx)", "Business partners (.xlsx)", "Show what would change")
	res, _ := a.send(a.who, "GET", at+"/export.csv", nil)
	if res.StatusCode != 200 || !strings.Contains(res.Header.Get("Content-Disposition"), ".csv") {
		t.Errorf("CSV: %d %v", res.StatusCode, res.Header)
	}
	if res, _ := a.send(a.who, "GET", at+"/export.xlsx?section=nowhere", nil); res.StatusCode != 404 {
		t.Errorf("an unknown section: %d", res.StatusCode)
	}
	res, _ = a.send(a.who, "GET", at+"/export.xlsx", nil)
	if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Disposition"), `attachment; filename="SP-`) {
		t.Errorf("workbook: %d %v", res.StatusCode, res.Header)
	}
	f, err := a.web.Exchange.Workbook(ctx, a.who, id, "")
	if err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(bytes.NewReader(f.Body))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range [][3]string{{"Management", "F3", "Yes"}, {"Management", "G4", "In the hall"}, {"Sites and buildings", "G4", "With locks"}, {"Management", "F6", "soon"}} {
		if err := book.SetCellStr(x[0], x[1], x[2]); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := book.Write(&b); err != nil {
		t.Fatal(err)
	}
	if err := book.Close(); err != nil {
		t.Fatal(err)
	}

	status, _, doc := a.bring(at+"/import", "notes.txt", []byte("Dear all"))
	if status != 422 {
		t.Errorf("a text: %d", status)
	}
	has(doc, "There is a problem", "The workbook is damaged or of another kind")
	status, _, doc = a.bring(at+"/import", "profile.xlsx", make([]byte, exchange.MostBytes+5<<20))
	if status != 422 {
		t.Errorf("a file that is too large: %d", status)
	}
	has(doc, "There is a problem", "The file is larger than 10 MB. Export a section instead")
	if status, to, doc := a.bring(at+"/import", "pictures.xlsx", padded(t, b.Bytes(), 9<<20)); status != 303 || !strings.HasPrefix(to, at+"/import/") {
		t.Errorf("a workbook of 9 MB: %d to %q: %s", status, to, doc.Find("main").Text())
	}
	status, dry, doc := a.bring(at+"/import", "profile.xlsx", b.Bytes())
	if status != 303 || !strings.HasPrefix(dry, at+"/import/") {
		t.Fatalf("a workbook: %d to %q: %s", status, dry, doc.Find("main").Text())
	}
	statements := pg.Counted(ctx)
	if _, err := a.web.Exchange.DryRun(statements, a.who, id, uuid.MustParse(strings.TrimPrefix(dry, at+"/import/"))); err != nil || pg.Statements(statements) > 6 {
		t.Errorf("a dry run needs %d statements: %v", pg.Statements(statements), err)
	}
	doc = a.get(dry, 200)
	has(doc, "What the workbook would change", "Nothing is changed yet", "Management", "Look at each row")
	doc = a.get(dry+"?section=management", 200)
	has(doc, "1.1 Where is it shown?", "In the hall", "New", "Cannot be kept", "Enter a date that exists", "Sheet Management, row 4")
	a.get(dry+"?section=nowhere", 404)
	doc, _ = a.post(dry, url.Values{"back": {"management"}}, 422)
	has(doc, "There is a problem", "Choose at least one answer")
	if _, to := a.post(dry, url.Values{"back": {"management"}, "row": {"1.1.b|"}}, 303); to != dry+"?section=management" {
		t.Errorf("taking over leads to %s", to)
	}

	// A colleague is faster with another answer.
	p := profiletest.Read(ctx, t, a.web.Profiles, id)
	if _, err := a.web.Profiles.Save(ctx, a.who, profile.AnswerEntry{Cycle: id, EditionHash: p.Cycle.EditionHash, EntityType: p.Cycle.EntityType, Criterion: "9.1", Question: "9.1.b",
		Answer: catalogue.Answer{Text: "With keys"}}); err != nil {
		t.Fatal(err)
	}
	has(a.get(dry, 200), "A colleague has changed 1 of these answers")
	doc = a.get(dry+"?section=sites", 200)
	has(doc, "Conflict", "With keys", "With locks", "Replace it with the answer of the workbook")
	if _, ok := doc.Find(`input[name="over"]`).Attr("checked"); ok {
		t.Error("a conflict is chosen before anybody chose")
	}
	a.post(dry, url.Values{"section": {"management"}, "over": {doc.Find(`input[name="over"]`).AttrOr("value", "")}}, 303)
	has(a.get(dry, 200), "Nothing is left to take over")
	p = profiletest.Read(ctx, t, a.web.Profiles, id)
	for question, want := range map[string]string{"1.1.b": "In the hall", "9.1.b": "With locks"} {
		if g, _ := p.Given(question, uuid.Nil); g.Value.Text != want {
			t.Errorf("%s is %q", question, g.Value.Text)
		}
	}
}
