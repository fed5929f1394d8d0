package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// open reads a page of the gallery.
func open(t *testing.T, h http.Handler, p page) *goquery.Document {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", p.path, nil))
	if w.Code != p.status {
		t.Fatalf("%s: status %d, want %d", p.path, w.Code, p.status)
	}
	doc, err := goquery.NewDocumentFromReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestPages checks in every state what no checker should have to find: ids are
// unique and references to them hold, every field has a label, nothing breaks the
// content security policy, every asset exists.
func TestPages(t *testing.T) {
	h, err := handler()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages(nil) {
		t.Run(p.title, func(t *testing.T) {
			doc := open(t, h, p)
			ids := map[string]int{}
			doc.Find("[id]").Each(func(_ int, s *goquery.Selection) { ids[s.AttrOr("id", "")]++ })
			for id, n := range ids {
				if n > 1 || id == "" || strings.ContainsAny(id, " []") {
					t.Errorf("id %q stands %d times", id, n)
				}
			}
			for _, attr := range []string{"for", "aria-describedby", "aria-labelledby"} {
				doc.Find("[" + attr + "]").Each(func(_ int, s *goquery.Selection) {
					for _, id := range strings.Fields(s.AttrOr(attr, "")) {
						if ids[id] == 0 {
							t.Errorf("%s=%q names nothing", attr, id)
						}
					}
				})
			}
			doc.Find(`a[href^="#"]`).Each(func(_ int, s *goquery.Selection) {
				if id := s.AttrOr("href", "")[1:]; ids[id] == 0 {
					t.Errorf("link to #%s leads nowhere", id)
				}
			})
			doc.Find("input:not([type=hidden]), select, textarea").Each(func(_ int, s *goquery.Selection) {
				if doc.Find(`label[for="`+s.AttrOr("id", "")+`"]`).Length() != 1 {
					t.Errorf("field %q has no label of its own", s.AttrOr("name", ""))
				}
			})
			doc.Find("*").Each(func(_ int, s *goquery.Selection) {
				for _, a := range s.Get(0).Attr {
					if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
						t.Errorf("<%s %s> breaks the policy", goquery.NodeName(s), a.Key)
					}
				}
			})
			if doc.Find("style, script:not([src])").Length() > 0 {
				t.Error("inline style or script")
			}
			doc.Find("link[href], script[src], img[src]").Each(func(_ int, s *goquery.Selection) {
				src := s.AttrOr("href", s.AttrOr("src", ""))
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest("GET", src, nil))
				if w.Code != 200 {
					t.Errorf("%s: status %d", src, w.Code)
				}
			})
			if n := doc.Find("h1").Length(); n != 1 {
				t.Errorf("%d first headings", n)
			}
			doc.Find("form[method=post]").Each(func(_ int, s *goquery.Selection) {
				if s.Find("input[name=csrf]").Length() != 1 {
					t.Errorf("form to %s has no token", s.AttrOr("action", ""))
				}
			})
			doc.Find("svg").Each(func(_ int, s *goquery.Selection) {
				if s.AttrOr("aria-hidden", "") != "true" && s.AttrOr("aria-label", "") == "" {
					t.Error("a picture has neither a name nor is it hidden")
				}
				if d, ok := s.Find("path").Attr("d"); ok && d == "" && s.HasClass("tt-icon") {
					t.Error("an icon that does not exist")
				}
			})
		})
	}
}
