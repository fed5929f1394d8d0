package audit_test

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"trustedtrader/app/application"
	"trustedtrader/app/audit"
	"trustedtrader/app/company"
	"trustedtrader/app/identity"
	"trustedtrader/app/profile"
	"trustedtrader/app/validation"
)

// TestEveryActionHasWords: an action that the program records is shown in words and
// stands in the form that narrows the trail.
func TestEveryActionHasWords(t *testing.T) {
	t.Parallel()
	known := audit.Actions(identity.Actor{Audience: identity.Staff, Role: identity.Auditor})
	// Application, company, membership and clock are also the first words of programme events.
	action := regexp.MustCompile(`(?:^|[^a-z])"((?:right|invitation|office|agency|person|session|identifier|contact|site|trade_name|note|hours|message|audit|change_notice)\.[a-z_]+)"|(?:Action: *|action: *|event\(|assign\(ctx, tx, now, by, &a, |readEvent\(now, by, )"([a-z_]+\.[a-z_]+)"`)
	var found []string
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "web/") || strings.HasPrefix(path, "scale/") { // columns of tables, not actions
			return err
		}
		text, err := fs.ReadFile(os.DirFS(".."), path)
		if err != nil {
			return err
		}
		for _, m := range action.FindAllStringSubmatch(string(text), -1) {
			found = append(found, m[1]+m[2])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range application.Lifecycle {
		found = append(found, "application."+string(r.Do))
	}
	for _, r := range profile.Lifecycle {
		found = append(found, "profile."+string(r.Do))
	}
	for _, r := range company.Lifecycle() {
		found = append(found, "change_notice."+string(r.Do))
	}
	for _, r := range validation.Lifecycle() {
		found = append(found, "validation."+string(r.Do))
	}
	for _, r := range validation.VisitLifecycle() {
		found = append(found, "visit."+string(r.Do))
	}
	if len(found) < 60 {
		t.Fatalf("only %d actions found in the source", len(found))
	}
	for _, a := range found {
		if !slices.Contains(known, a) {
			t.Errorf("%s has no words: add it to deeds() in app/audit/words.go", a)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]string{"application.submit": "Application submitted", "old_thing.has_gone": "Old thing: has gone"} {
		if got := audit.Words(action); got != want {
			t.Errorf("%s: %q", action, got)
		}
	}
	admin := identity.Actor{Audience: identity.Staff, Role: identity.Administrator}
	for _, a := range audit.Actions(admin) {
		if g := audit.Group(a); g != "People and offices" && g != "Sign-in" && g != "Criteria" {
			t.Errorf("an administrator is offered %s", a)
		}
	}
	if slices.Contains(audit.Kinds(admin), "application") || !slices.Contains(audit.Kinds(admin), "session") {
		t.Errorf("an administrator is offered %v", audit.Kinds(admin))
	}
	seen := map[string]bool{}
	for _, a := range audit.Actions(identity.Actor{Role: identity.Auditor}) {
		if w := audit.Words(a); seen[w] {
			t.Errorf("%q stands for two actions", w)
		} else {
			seen[w] = true
		}
	}
}
