package web

import (
	"testing"

	"trustedtrader/app/application"
)

// TestChooseNumbers: an importer of CTPAT in Tier 2 chooses which of its numbers take part in
// Trade Compliance, and the choice is shown.
func TestChooseNumbers(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	owner, m := f.Member("Harbor Trading LLC")
	a.want(409, owner, "POST", "/applications/new/ctpat-tc", map[string][]string{"entity_type": {"importer"}})
	w.Exec(`update membership set tier = 'tier_2' where id = ?`, m)
	app, err := w.Applications.Choose(w.Ctx, owner, "ctpat-tc", "importer")
	w.Must(err)
	page := "/applications/" + app.ID.String()
	if doc := a.want(200, owner, "GET", page, nil); doc.Find("a[href='"+page+"/numbers']").Length() == 0 {
		t.Error("the application does not lead to the choice")
	}
	doc := a.want(200, owner, "GET", page+"/numbers", nil)
	form := fill(t, doc, "/numbers")
	form.Del(application.NumbersField)
	if doc := a.want(422, owner, "POST", page+"/numbers", form); doc.Find("#error-summary a").Length() != 1 {
		t.Error("what is missing is not said")
	}
	form.Set(application.NumbersField, doc.Find("input[name=numbers]").First().AttrOr("value", ""))
	a.want(303, owner, "POST", page+"/numbers", form)
	if doc := a.want(200, owner, "GET", page+"/numbers", nil); doc.Find("input[name=numbers][checked]").Length() != 1 {
		t.Error("the choice is not kept")
	}
	a.want(409, owner, "POST", page+"/numbers", form) // from a page of before
}
