package static

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

func TestOpen(t *testing.T) {
	a, err := New()
	if err != nil {
		t.Fatal(err)
	}
	hashed := a.URL("site.css")
	other := strings.Replace(hashed, a.hash, "0123456789abcdef", 1)
	for _, c := range []struct {
		path, cache string
		ok          bool
	}{
		{hashed, "public, max-age=31536000, immutable", true},
		{other, "no-cache", true},
		{"/static/site.css", "no-cache", true},
		{"/static/nothing.css", "no-cache", false},
		{"/static/../static.go", "no-cache", false},
		{"/site.css", "no-cache", false},
		{"", "no-cache", false},
	} {
		content, kind, ok := a.Open(c.path)
		if ok != c.ok || a.CacheControl(c.path) != c.cache {
			t.Errorf("%q: found %v, %q; want %v, %q", c.path, ok, a.CacheControl(c.path), c.ok, c.cache)
		}
		if ok && (kind != "text/css; charset=utf-8" || len(content) == 0) {
			t.Errorf("%q: %q with %d bytes", c.path, kind, len(content))
		}
	}
	b, err := New()
	if err != nil || b.URL("site.css") != hashed {
		t.Errorf("the address changed from %s to %s (%v)", hashed, b.URL("site.css"), err)
	}
}

// TestReferences follows what style sheets and modules ask for: a missing font or
// module would only show in a browser.
func TestReferences(t *testing.T) {
	a, err := New()
	if err != nil {
		t.Fatal(err)
	}
	inCSS := regexp.MustCompile(`url\(["']?([^)"']+)`)
	inJS := regexp.MustCompile(`(?m)^import .*'(\./[^']+)'`)
	n := 0
	for name, f := range a.files {
		var refs [][]string
		switch path.Ext(name) {
		case ".css":
			refs = inCSS.FindAllStringSubmatch(string(f.content), -1)
		case ".js":
			refs = inJS.FindAllStringSubmatch(string(f.content), -1)
		}
		for _, r := range refs {
			n++
			if strings.HasPrefix(r[1], "data:") {
				continue
			}
			if to := path.Join(path.Dir(name), r[1]); !a.Has(to) {
				t.Errorf("%s asks for %s, which is not there", name, to)
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d references found: the search is wrong", n)
	}
}
