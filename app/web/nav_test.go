package web

import (
	"slices"
	"testing"

	"trustedtrader/app/identity"
)

// TestNavigationLeadsSomewhere: whatever the navigation and the way home name for a
// role is a page that the role may open.
func TestNavigationLeadsSomewhere(t *testing.T) {
	t.Parallel()
	routes := (&Web{}).Routes()
	for _, kind := range []identity.Actor{{Audience: identity.Companies}, {Audience: identity.Staff}, {Audience: identity.Partners}, {Audience: identity.Partners, Domestic: true}} {
		audience := kind.Audience
		for _, role := range append([]identity.Role{""}, identity.RolesOf(audience)...) {
			who := identity.Actor{PersonID: [16]byte{1}, Audience: audience, Role: role, Domestic: kind.Domestic}
			addresses := []string{home(who, "")}
			for _, e := range entries(who, 0) {
				addresses = append(addresses, e.Href)
			}
			for _, a := range addresses {
				if !slices.ContainsFunc(routes, func(r Route) bool { return r.Method == "GET" && r.Path == a && r.Access.allows(who) }) {
					t.Errorf("%s %q is led to %s, which is no page for them", audience, role, a)
				}
			}
		}
	}
}
