package web

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"trustedtrader/app/feed"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/validation"
)

func feedService(w *reviewtest.World) *feed.Service {
	return &feed.Service{DB: w.DB, Now: w.Clock.Now, Validations: &validation.Steps{Programmes: w.Steps.Programmes, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters}}
}

// TestCalendarAddress: a private address is made, shown once, read by a program that knows
// nobody, and ended; nothing of it is logged.
func TestCalendarAddress(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	a.web.Config.Key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	var log bytes.Buffer
	a.web.Log = slog.New(slog.NewTextHandler(&log, nil))
	var err error
	a.web.Metrics, err = NewMetrics(prometheus.NewRegistry())
	w.Must(err)

	says(t, a.want(200, w.Admin, "GET", "/me/calendar", nil), "There is no calendar for you")
	doc := a.want(200, w.Sam, "GET", "/me/calendar", nil)
	if n := doc.Find("form[action='/me/calendar']").Length(); n != 1 {
		t.Fatalf("a specialist is offered %d calendars", n)
	}
	a.want(404, w.Sam, "POST", "/me/calendar", url.Values{"scope": {"office"}})
	res, _ := a.send(w.Sam, "POST", "/me/calendar", fill(t, doc, "/me/calendar"))
	if res.StatusCode != 303 {
		t.Fatalf("made: %d", res.StatusCode)
	}
	var token string
	for _, c := range res.Cookies() {
		if c.Name == "feed" {
			token, _, _ = strings.Cut(c.Value, ".")
			if !c.HttpOnly || c.MaxAge != 60 {
				t.Errorf("the cookie is %+v", c)
			}
		}
	}
	if len(token) != 43 {
		t.Fatalf("the token is %q", token)
	}
	a.header = http.Header{"Cookie": {"feed=" + token + "." + a.web.sign(token)}}
	doc = a.want(200, w.Sam, "GET", "/me/calendar", nil)
	address := doc.Find("input#address").AttrOr("value", "")
	if address != "http://localhost:8080/calendar/"+token+".ics" {
		t.Errorf("shown: %q", address)
	}
	a.header = http.Header{"Cookie": {"feed=" + token + ".forged"}}
	if doc = a.want(200, w.Sam, "GET", "/me/calendar", nil); doc.Find("input#address").Length() != 0 {
		t.Error("an address that we did not make is shown")
	}
	a.header = nil

	get := func(path, etag string) (int, string, string) {
		q := httptest.NewRequest("GET", path, nil)
		if etag != "" {
			q.Header.Set("If-None-Match", etag)
		}
		res, err := a.web.App().Test(q, -1)
		w.Must(err)
		body, err := io.ReadAll(res.Body)
		w.Must(err)
		return res.StatusCode, res.Header.Get("ETag"), string(body)
	}
	path := strings.TrimPrefix(address, "http://localhost:8080")
	status, etag, body := get(path, "")
	if status != 200 || etag == "" || !strings.HasPrefix(body, "BEGIN:VCALENDAR\r\n") {
		t.Fatalf("read: %d %q %q", status, etag, body)
	}
	if status, _, body = get(path, etag); status != 304 || body != "" {
		t.Errorf("asked again: %d %q", status, body)
	}
	for range feedReads {
		status, _, _ = get(path, etag)
	}
	if status != 429 {
		t.Errorf("asked all the time: %d", status)
	}
	doc = a.want(200, w.Sam, "GET", "/me/calendar", nil)
	revoke := doc.Find("form[action$='/revoke']").AttrOr("action", "")
	a.want(303, w.Sam, "POST", revoke, fill(t, doc, "/revoke"))
	a.want(404, w.Sue, "POST", revoke, fill(t, doc, "/revoke"))
	for _, p := range []string{path, "/calendar/nothing.ics"} {
		if status, _, _ := get(p, ""); status != 404 {
			t.Errorf("%s: %d", p, status)
		}
	}
	if strings.Contains(log.String(), token) {
		t.Error("the log has the token")
	}
	if !strings.Contains(log.String(), "route=/calendar/:token.ics") {
		t.Error("the log does not name the route")
	}
}
