package web

import (
	"encoding/json"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/pg"
	"trustedtrader/config"
)

var shippedLibrary = sync.OnceValues(func() (*catalogue.Library, error) {
	files, err := fs.Sub(config.Programmes, "programmes")
	if err != nil {
		return nil, err
	}
	return catalogue.Load(files)
})

// library is the shipped editions.
func library(t testing.TB) *catalogue.Library {
	t.Helper()
	l, err := shippedLibrary()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestCatalogues(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	for _, by := range []struct {
		status int
		path   string
	}{{404, "/admin/catalogues/ctpat/1999.1"}, {404, "/admin/catalogues/nothing/2023.1"}, {404, "/admin/catalogues/ctpat/2023.1/profiles/stranger"}} {
		a.want(by.status, w.Admin, "GET", by.path, nil)
	}
	w.Must(a.web.Criteria.Sync(w.Ctx))
	filed := w.Submit(w.Importer("Harbor Trading LLC"), "ctpat", "importer")
	newest, _ := library(t).Edition("ctpat", "2026.1")
	w.Exec(`insert into profile_cycle (id, reference, company_id, programme, entity_type, kind, number, edition, edition_hash, office_id, application_id, status, opened_at)
		select ?, 'SP-1', company_id, 'ctpat', 'importer', 'initial', 1, '2026.1', ?, office_id, id, 'open', ? from application where id = ? on conflict do nothing`,
		pg.NewID(), newest.Hash, w.Clock.Now(), filed.ID)
	doc := a.want(200, w.Chief, "GET", "/admin/catalogues", nil)
	if doc.Find("nav a[href='/admin/catalogues'][aria-current]").Length() == 0 {
		t.Error("the navigation does not lead here")
	}
	rows := doc.Find("#ctpat tbody tr")
	if rows.Length() < 2 || !strings.Contains(rows.First().Text(), "In force") || !strings.Contains(rows.First().Text(), "1 profile, 1 of them open") || !strings.Contains(rows.Last().Text(), "No profile uses it") {
		t.Errorf("CTPAT: %s", rows.Text())
	}
	if doc.Find("#eu-aeo tbody tr").Length() == 0 {
		t.Error("no edition of AEO")
	}

	doc = a.want(200, w.Auditor, "GET", "/admin/catalogues/ctpat/2023.1", nil)
	all := doc.Find("[id^=criterion-]").Length()
	e, _ := library(t).Edition("ctpat", "2023.1")
	if all != len(e.Criteria) {
		t.Errorf("%d criteria shown, the edition has %d", all, len(e.Criteria))
	}
	if !strings.Contains(doc.Find("#criterion-3-1").Text(), "3.1") || doc.Find("main").Text() == "" || !strings.Contains(doc.Text(), e.Hash) {
		t.Error("no criterion 3.1, or no fingerprint")
	}
	doc = a.want(200, w.Auditor, "GET", "/admin/catalogues/ctpat/2023.1?for=importer", nil)
	if n := doc.Find("[id^=criterion-]").Length(); n != len(e.Form("importer").Criteria) || n == all {
		t.Errorf("%d criteria for importers of %d", n, all)
	}
	if doc.Find("select[name=for] option[selected]").AttrOr("value", "") != "importer" {
		t.Error("the choice is forgotten")
	}
	a.want(200, w.Auditor, "GET", "/admin/catalogues/ctpat/2023.1?for=%00stranger", nil)

	doc = a.want(200, w.Admin, "GET", "/admin/catalogues/ctpat/2026.1/changes", nil)
	for _, ch := range newest.Changes {
		if doc.Find("#criterion-"+strings.ReplaceAll(ch.ID, ".", "-")).Length() != 1 {
			t.Errorf("the change of %s is not shown", ch.ID)
		}
	}
	if doc.Find("ins, del").Length() == 0 {
		t.Error("no words are compared")
	}
	first, _ := library(t).Edition("ctpat", "2020.1")
	doc = a.want(200, w.Admin, "GET", "/admin/catalogues/ctpat/"+first.ID+"/changes", nil)
	if !strings.Contains(doc.Text(), "There is nothing to compare with") {
		t.Error("the first edition compares with something")
	}

	// Downloads are OSCAL, have a name, and are in the trail.
	for path, name := range map[string]string{"catalog.json": "ctpat-2023.1-catalog.json", "profiles/importer": "ctpat-2023.1-importer-profile.json"} {
		res, doc := a.send(w.Auditor, "GET", "/admin/catalogues/ctpat/2023.1/"+path, nil)
		if res.StatusCode != 200 || res.Header.Get("Content-Disposition") != `attachment; filename="`+name+`"` {
			t.Errorf("%s: %d, %s", path, res.StatusCode, res.Header.Get("Content-Disposition"))
		}
		if !json.Valid([]byte(doc.Find("body").Text())) {
			t.Errorf("%s is no JSON", path)
		}
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'catalogue.export' and after->>'edition' = '2023.1' and internal`); n != 2 {
		t.Errorf("%d downloads in the trail", n)
	}
	doc = a.want(200, w.Admin, "GET", "/audit", nil)
	if !strings.Contains(doc.Text(), "Criteria downloaded") {
		t.Error("an administrator does not see the download in the trail")
	}
}
