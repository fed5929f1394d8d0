package web

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"trustedtrader/app/evidence"
	"trustedtrader/app/evidence/evidencetest"
	"trustedtrader/app/identity"
)

// shows has a company show a file of its library with a record, and reads it at the desk,
// also once the item has left the library.
func (d *desk) shows(owner identity.Actor, kind, record, title string) {
	t, a, w := d.t, d.a, d.w
	t.Helper()
	content := evidencetest.PDF(title)
	kept, err := a.web.Evidence.Take(w.Ctx, owner, evidence.Incoming{FileName: title + ".pdf", Size: int64(len(content)) + 400}, evidence.Details{}, bytes.NewReader(content))
	w.Must(err)
	version := kept.Version.String()
	file := "/desk/evidence/versions/" + version + "/file"
	a.want(404, w.Sam, "GET", file, nil) // nobody showed it yet

	page := "/documents/" + kind + record[strings.LastIndex(record, "/"):]
	says(t, a.want(200, owner, "GET", record, nil), "Show documents from your library")
	doc := a.want(200, owner, "GET", page, nil)
	if doc = a.want(422, owner, "POST", page, fill(t, doc, page)); doc.Find("#error-summary a").Length() != 1 {
		t.Error("to choose nothing is not refused")
	}
	a.want(422, owner, "POST", page, url.Values{"item": {uuid.NewString()}})
	a.want(400, owner, "POST", page, url.Values{"item": {"nonsense"}})
	a.want(404, owner, "POST", "/documents/profile/"+uuid.NewString(), url.Values{"item": {kept.Evidence.String()}})
	a.want(404, owner, "POST", "/documents/"+kind+"/"+uuid.NewString(), url.Values{"item": {kept.Evidence.String()}})
	form := fill(t, a.want(200, owner, "GET", page, nil), page)
	form.Set("item", kept.Evidence.String())
	a.want(303, owner, "POST", page, form)
	a.want(303, owner, "POST", page, form) // sending twice shows once
	if n := w.Count(`select count(*)::int from enclosure where version_id = $1`, kept.Version); n != 1 {
		t.Errorf("it is shown %d times", n)
	}
	says(t, a.want(200, w.Sam, "GET", "/desk"+strings.TrimPrefix(record, "/benefits"), nil), title)
	says(t, a.want(200, owner, "GET", record, nil), title)

	_, err = a.web.Evidence.Remove(w.Ctx, owner, kept.Evidence, w.Count(`select version from evidence where id = $1`, kept.Evidence))
	w.Must(err)
	_, err = a.web.Evidence.Sweep(w.Ctx)
	w.Must(err)
	if res, _ := a.send(w.Sam, "GET", file, nil); res.StatusCode != 200 {
		t.Errorf("what was shown is gone with the item: %d", res.StatusCode)
	}
}
