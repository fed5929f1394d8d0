// Package people draws who may act for whom: the people of a company, of a partner
// agency and of the administration, their invitations, and the administration's
// offices and agencies.
package people

import (
	"cmp"
	"context"
	"strings"
	"time"

	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	app "trustedtrader/app/people"
	"trustedtrader/views/ui"
)

// Form is what a form says when it is shown again.
type Form struct {
	Errors   []fault.Field
	Moved    []fault.Change
	Stale    bool   // somebody else was faster
	Sentence string // a refusal that belongs to no field
}

// ListPage lists the people of a circle.
type ListPage struct {
	ui.Chrome
	Base      string // "/company/people"
	Lead      string
	Circle    app.Circle
	MayManage bool
	Staff     bool // show the office
	Zone      *time.Location
}

// InvitePage invites somebody.
type InvitePage struct {
	ui.Chrome
	Form
	Base    string
	Roles   []identity.Role
	Offices []app.OfficeItem // staff only
	Entered app.Invitation
}

// PersonPage is one person's right.
type PersonPage struct {
	ui.Chrome
	Form
	Base      string
	Member    app.Member
	Roles     []identity.Role
	Entered   app.Terms
	Reason    string
	MayManage bool
	Zone      *time.Location
}

// InvitationPage offers a right to the person who opened its link.
type InvitationPage struct {
	ui.Chrome
	Form
	Offer app.Offer
	Token string
}

// OfficesPage lists the offices.
type OfficesPage struct {
	ui.Chrome
	Offices   []app.OfficeItem
	MayManage bool
}

// OfficePage opens or changes an office.
type OfficePage struct {
	ui.Chrome
	Form
	New       bool
	Entered   app.Office
	Parent    string
	Offices   []app.OfficeItem
	Calendars []string
	MayManage bool
}

// AgenciesPage lists the partner agencies.
type AgenciesPage struct {
	ui.Chrome
	Agencies  []app.AgencyItem
	MayManage bool
}

// AgencyPage opens or changes an agency; it also invites its first administrator.
type AgencyPage struct {
	ui.Chrome
	Form
	New       bool
	Entered   app.Agency
	Circle    app.Circle
	Email     string
	MayManage bool
	Zone      *time.Location
}

func kindOf(a app.Agency) string { return cmp.Or(a.Kind, app.CustomsAgency) }

func agencyCaption(ctx context.Context, a app.Agency) string {
	if a.Kind == app.OtherAgency {
		return i18n.T(ctx, "Another agency of this government, %s", a.Code)
	}
	return i18n.T(ctx, "Partner agency %s", a.Code)
}

// HomePage is a partner agency's home.
type HomePage struct {
	ui.Chrome
	Looks     bool // it is another agency, whose people look for members
	Agency    string
	Role      string
	MayManage bool
	Circle    app.Circle
	Lists     int // that wait for somebody of the agency
}

// does says what a role is for.
func does(ctx context.Context, r identity.Role) string {
	switch r {
	case identity.Owner:
		return i18n.T(ctx, "Everything for the company, and its people")
	case identity.Signatory:
		return i18n.T(ctx, "Edits, signs the agreement and submits. Signing takes an officer of the company")
	case identity.Editor:
		return i18n.T(ctx, "Edits everything, but does not sign or submit")
	case identity.Contributor:
		return i18n.T(ctx, "Works only on the parts that you choose")
	case identity.Reader:
		return i18n.T(ctx, "Reads everything and changes nothing")
	case identity.Representative:
		return i18n.T(ctx, "A consultant from outside: edits until a day that you set, never signs")
	case identity.Specialist:
		return i18n.T(ctx, "Works on the cases of the office")
	case identity.Supervisor:
		return i18n.T(ctx, "Assigns cases and approves recommendations in the office and those below")
	case identity.Headquarters:
		return i18n.T(ctx, "Sees and approves in every office")
	case identity.Auditor:
		return i18n.T(ctx, "Reads everything and changes nothing, until a day that you set")
	case identity.AppealOfficer:
		return i18n.T(ctx, "Decides appeals and reads every case, but works on none")
	case identity.Administrator:
		return i18n.T(ctx, "Looks after people, offices and agencies. Sees no cases")
	case identity.Officer:
		return i18n.T(ctx, "Checks traders for your agency")
	case identity.AgencyAdmin:
		return i18n.T(ctx, "Does what an officer does, and looks after your agency's people")
	}
	return ""
}

func roleOptions(ctx context.Context, roles []identity.Role) (out []ui.Option) {
	for _, r := range roles {
		out = append(out, ui.Option{Value: string(r), Label: i18n.T(ctx, app.RoleName(r)), Hint: does(ctx, r)})
	}
	return out
}

// partName is a part of an application in words.
func partName(ctx context.Context, part string) string {
	names := map[string]string{"company_profile": "Company profile", "sites": "Sites", "contacts": "Officers and contacts",
		"identifiers": "Identification numbers", "eligibility": "Eligibility questions"}
	return i18n.T(ctx, names[part])
}

func partOptions(ctx context.Context) (out []ui.Option) {
	for _, p := range app.Assignable() {
		out = append(out, ui.Option{Value: p, Label: partName(ctx, p)})
	}
	return out
}

// role is a right in words: the role, and a contributor's parts.
func role(ctx context.Context, r identity.Role, parts []string) string {
	name := i18n.T(ctx, app.RoleName(r))
	if len(parts) == 0 {
		return name
	}
	var list []string
	for _, p := range parts {
		list = append(list, partName(ctx, p))
	}
	return name + ": " + strings.Join(list, ", ")
}

func until(ctx context.Context, t *time.Time) string {
	if t == nil {
		return i18n.T(ctx, "No end")
	}
	return i18n.Date(ctx, *t)
}

func officeOptions(list []app.OfficeItem) (out []ui.Option) {
	for _, o := range list {
		out = append(out, ui.Option{Value: o.ID.String(), Label: strings.Repeat("– ", o.Depth) + o.Name})
	}
	return out
}

func calendarOptions(codes []string) (out []ui.Option) {
	for _, c := range codes {
		out = append(out, ui.Option{Value: c, Label: c})
	}
	return out
}

// changed puts the labels of a conflict into words.
func changed(ctx context.Context, list []fault.Change) (out []fault.Change) {
	for _, c := range list {
		c.Label = i18n.T(ctx, c.Label)
		if c.Label == i18n.T(ctx, "Role") {
			c.Yours, c.Theirs = i18n.T(ctx, app.RoleName(identity.Role(c.Yours))), i18n.T(ctx, app.RoleName(identity.Role(c.Theirs)))
		}
		out = append(out, c)
	}
	return out
}

// waiting says how many lists wait.
func (p HomePage) waiting(ctx context.Context) string {
	if p.Lists == 0 {
		return ""
	}
	return i18n.N(ctx, "%d waits", "%d wait", p.Lists)
}
