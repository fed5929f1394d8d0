package web

import (
	"strings"
	"testing"

	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

func TestHealthPage(t *testing.T) {
	t.Parallel()
	_, a := newDesk(t)
	admin := identity.Actor{PersonID: pg.NewID(), RightID: pg.NewID(), Name: "Ada", Audience: identity.Staff, Role: identity.Administrator}
	doc := a.want(200, admin, "GET", "/admin/health", nil)
	if got := doc.Find("tr[data-part=storage][data-state=ok]").Text(); !strings.Contains(got, "Works") || !strings.Contains(got, "can be written") {
		t.Errorf("storage: %q", got)
	}
	if got := doc.Find("tr[data-part=sign-in][data-state=fail]").Text(); !strings.Contains(got, "Does not work") || !strings.Contains(got, "Set PORTAL_PROVIDERS") {
		t.Errorf("sign-in: %q", got)
	}
	if !strings.Contains(doc.Find(".usa-alert").Text(), "do not work") || doc.Find("nav a[href='/admin/health'][aria-current=page]").Length() != 1 {
		t.Errorf("page: %s", doc.Find("main").Text())
	}
	if text := doc.Find("main").Text(); strings.Contains(text, "%!") || strings.Contains(text, "postgres://") {
		t.Errorf("page: %s", text)
	}
	for _, role := range []identity.Role{identity.Specialist, identity.Supervisor, identity.Auditor, ""} {
		who := admin
		who.Role = role
		a.want(404, who, "GET", "/admin/health", nil)
	}
	a.want(404, identity.Actor{PersonID: pg.NewID(), Audience: identity.Companies, Role: identity.Owner}, "GET", "/admin/health", nil)
}
