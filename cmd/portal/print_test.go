//go:build browser && linux && !production

package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"trustedtrader/app/application"
	"trustedtrader/app/profile"
	"trustedtrader/app/profile/profiletest"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/web"
)

// TestBrowserPrints: the receipts that Chromium prints are tagged, in their order and with
// their headings, and name their language and title, for those who hear them.
func TestBrowserPrints(t *testing.T) {
	t.Parallel()
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	library, err := loadCatalogues()
	if err != nil {
		t.Fatal(err)
	}
	w := reviewtest.New(t, time.Now().UTC().Format(time.RFC3339)).With(library)
	owner := w.Importer("Harbor Trading LLC")
	a := w.Submit(owner, "ctpat", "importer") // with its profile
	cycle := profiletest.OfApplication(w.Ctx, t, w.DB, a.ID)
	profiles := func(ctx context.Context) (title, html string, err error) {
		r, err := w.Profiles.Receipt(ctx, owner, cycle)
		if err == nil {
			html, err = web.ProfileHTML(ctx, r)
		}
		return "Security profile " + r.Cycle.Reference, html, err
	}
	applications := func(ctx context.Context) (title, html string, err error) {
		r, err := w.Applications.Receipt(ctx, owner, a.ID)
		if err == nil {
			html, err = web.ReceiptHTML(ctx, r)
		}
		return "Receipt " + a.Reference, html, err
	}
	for name, c := range map[string]struct {
		page func(context.Context) (title, html string, err error)
		tags []string
	}{
		profile.Kind:     {profiles, []string{"H1", "H2", "H3", "Table", "Caption", "TR", "TH", "TD", "L", "LI"}},
		application.Kind: {applications, []string{"H1", "H2", "L", "LI"}},
	} {
		title, html, err := c.page(w.Ctx)
		if err != nil {
			t.Fatal(err)
		}
		pdf, err := printer(browser)(w.Ctx, html)
		if err != nil {
			t.Fatal(err)
		}
		wants := []string{"/MarkInfo", "/Marked true", "/StructTreeRoot", "/Lang (en)", "/DisplayDocTitle true", "/Outlines"}
		for _, tag := range c.tags {
			wants = append(wants, "/S /"+tag+"\n")
		}
		for _, want := range wants {
			if !bytes.Contains(pdf, []byte(want)) {
				t.Errorf("%s: the PDF lacks %q", name, want)
			}
		}
		if !bytes.Contains(pdf, []byte("/Title ("+title+")")) && !bytes.Contains(pdf, []byte("/Title <"+wide(title)+">")) {
			t.Errorf("%s: the PDF is not called %q", name, title)
		}
		t.Logf("%s: %d kB", name, len(pdf)>>10)
	}
}

// wide is a text as PDF writes one that it cannot write in Latin letters.
func wide(s string) string {
	var b strings.Builder
	b.WriteString("FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String()
}
