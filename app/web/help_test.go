package web

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	view "trustedtrader/views/help"
)

// TestGuidesSayWhatThereIs: every name in a guide is on some page, every link leads to a
// page, and every page's help is a part of a guide.
func TestGuidesSayWhatThereIs(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{}
	text := regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
	for _, dir := range []string{"../../views", "../../app"} {
		err := fs.WalkDir(os.DirFS(dir), ".", func(path string, _ fs.DirEntry, err error) error {
			if err != nil || strings.HasPrefix(path, "help/") || strings.HasSuffix(path, "_test.go") || !strings.HasSuffix(path, ".templ") && !strings.HasSuffix(path, ".go") {
				return err
			}
			b, err := os.ReadFile(dir + "/" + path)
			for _, m := range text.FindAllSubmatch(b, -1) {
				shown[string(m[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var pages []string
	for _, r := range (&Web{}).Routes() {
		if r.Method == "GET" {
			pages = append(pages, r.Path)
		}
	}
	parts := map[string]bool{}
	for _, g := range view.Guides() {
		for _, p := range g.Parts {
			if parts[g.Slug+"#"+p.ID] {
				t.Errorf("guide %s has two parts %q", g.Slug, p.ID)
			}
			parts[g.Slug+"#"+p.ID] = true
		}
		for _, x := range g.Texts() {
			names, links := view.Names(x)
			for _, n := range names {
				if !shown[n] {
					t.Errorf("guide %s names %q, which no page shows", g.Slug, n)
				}
			}
			for _, l := range links {
				if !slices.Contains(pages, l) {
					t.Errorf("guide %s leads to %s, which is no page", g.Slug, l)
				}
			}
			if strings.Contains(x, "**") != (len(names) > 0) || strings.Contains(x, "](") != (len(links) > 0) {
				t.Errorf("guide %s: the marks do not fit together in %q", g.Slug, x)
			}
		}
	}
	for page, part := range guideOf {
		if !slices.Contains(pages, page) {
			t.Errorf("help for %s, which is no page", page)
		}
		if !parts[part] {
			t.Errorf("the help for %s is %s, which no guide has", page, part)
		}
	}
	for _, page := range pages {
		if guideOf[page] == "" && !noGuide[page] && !strings.HasPrefix(page, "/dev/") && !download.MatchString(page) {
			t.Errorf("no guide helps with %s", page)
		}
	}
}

// noGuide lists the pages that speak for themselves.
var noGuide = map[string]bool{"/": true, "/help": true, "/help/:guide": true, "/accessibility": true, "/privacy": true, "/welcome": true,
	"/signin/:provider": true, "/callback/:provider": true}

// download matches addresses that send a file and show no page.
var download = regexp.MustCompile(`\.(csv|xlsx|pdf|json|zip|ics)$|/(file|preview|manifest)$|/files/:file$|/profiles/:type$`)

// TestGuidesShowPeriods: the periods that a guide names are those of some programme, and stand
// in it with their law.
func TestGuidesShowPeriods(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	codes := map[string]bool{}
	for _, p := range w.Applications.Programmes.All() {
		for _, k := range p.Clocks() {
			codes[k.Code], codes[p.Code+"/"+k.Code] = true, true
		}
	}
	for _, g := range view.Guides() {
		for _, p := range g.Parts {
			for _, code := range p.Rules {
				if !codes[code] {
					t.Errorf("%s#%s shows the clock %s, which no programme has", g.Slug, p.ID, code)
				}
			}
		}
	}
	doc := a.want(200, w.Sam, "GET", "/help/membership", nil)
	partSays(t, doc.Find("#appeal"), "90 days", "6 U.S.C. 967(c)(1)", "30 days", "UCC 44", "180 days")
	partSays(t, doc.Find("#module"), "CTPAT Trade Compliance", "1 year less 30 days")
	partSays(t, doc.Find("#leave"), "1 year", "3 years", "DA 11(1)")
}
