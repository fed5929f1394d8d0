package app_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "trustedtrader/"

// journey is the order of the domains: a package may import only what stands left of it.
var journey = []string{
	"fault", "i18n", "pg", "identity", "entry", "table", "audit", "canon", "seal", "signing", "document", "identifier", "programme", "catalogue", "oscal", "notice", "clock",
	"signin", "people", "company", "blob", "evidence", "profile", "risk", "application", "review", "profilereview", "standing", "membership", "exchange",
	"geo", "ical", "roster", "validation", "plan", "feed", "fieldwork", "finding", "report", "enclosure", "incident", "enforcement", "appeal", "succession", "bizpartner", "consent", "singlewindow", "arrangement", "recognition", "inbound", "consultation", "credential", "partnerapi", "benefit", "baseline", "cost", "metric", "briefing", "claim", "headquarters",
}

// TestImportsGoOneWay fails the build when a package imports what it must not.
func TestImportsGoOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatalf("list packages: %v", err)
	}
	d := json.NewDecoder(strings.NewReader(string(out)))
	seen := 0
	for {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		seen++
		name := strings.TrimPrefix(p.ImportPath, module)
		for _, i := range p.Imports {
			if why := forbidden(name, i); why != "" {
				t.Errorf("%s imports %s: %s", name, i, why)
			}
		}
	}
	if seen < 20 {
		t.Fatalf("looked at %d packages only", seen)
	}
}

func forbidden(name, imported string) string {
	own, inside := strings.CutPrefix(imported, module)
	domain := strings.HasPrefix(name, "app/") && name != "app/web" && !strings.HasPrefix(name, "app/identity/devidp")
	switch {
	case domain && strings.HasPrefix(own, "views/") && inside:
		return "only web renders"
	case domain && own == "app/web" && inside:
		return "a domain does not know the web"
	case strings.HasPrefix(imported, "github.com/gofiber/") && name != "app/web" && !strings.HasPrefix(name, "cmd/"):
		return "Fiber belongs to app/web"
	case strings.HasPrefix(imported, "gorm.io/") && (name == "app/web" || strings.HasPrefix(name, "views/")):
		return "the web does not know the database"
	case inside && (name == "static" || name == "migrations" || name == "config"):
		return "data and assets import nothing of ours"
	case inside && strings.HasPrefix(own, "app/identity/devidp") && !strings.HasPrefix(name, "cmd/portal") && name != "cmd/bench" && !strings.HasPrefix(name, "app/identity/"):
		return "the demo's sign-in provider belongs to the demo"
	}
	mine, theirs := slices.Index(journey, strings.TrimPrefix(name, "app/")), slices.Index(journey, strings.TrimPrefix(own, "app/"))
	if inside && mine >= 0 && theirs > mine {
		return "it comes later in the journey"
	}
	return ""
}
