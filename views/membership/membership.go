package membership

import (
	"context"

	"trustedtrader/app/clock"
	"trustedtrader/app/company"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identifier"
	"trustedtrader/app/identity"
	app "trustedtrader/app/membership"
	"trustedtrader/app/notice"
	"trustedtrader/app/profile"
	"trustedtrader/views/ui"
)

func statusKind(s app.Status) ui.Kind {
	switch s {
	case app.Active:
		return ui.Good
	case app.Suspended:
		return ui.Bad
	}
	return ui.Neutral
}

func certificateFacts(ctx context.Context, p app.Page) []ui.Pair {
	return []ui.Pair{
		{Key: i18n.T(ctx, "Membership number"), Value: p.Membership.Number},
		{Key: i18n.T(ctx, "Tier"), Value: i18n.T(ctx, p.Tier.Name)},
		{Key: i18n.T(ctx, "Decided on"), Value: p.Membership.CertifiedOn.Text(ctx)},
		{Key: i18n.T(ctx, "In effect from"), Value: p.Membership.EffectiveOn.Text(ctx)},
	}
}

func facts(ctx context.Context, p app.Page) []ui.Pair {
	return append(certificateFacts(ctx, p),
		ui.Pair{Key: i18n.T(ctx, "Kind of member"), Value: i18n.T(ctx, p.Entity.Name)},
		ui.Pair{Key: i18n.T(ctx, "Office"), Value: p.Office})
}

// caseHref is the form of a new case: about the yearly review that is overdue, if one is.
func (p MembershipPage) caseHref() string {
	path := "/desk/enforcement/new?membership=" + p.Page.Membership.ID.String()
	for _, x := range p.Page.Profiles {
		if x.Overdue && x.Of == "" && x.Status == profile.Open {
			return path + "&source=profile&id=" + x.ID.String()
		}
	}
	return path
}

// numbers are those that take part, masked where they are about a person.
func numbers(ctx context.Context, p app.Page) (out []ui.Pair) {
	for _, n := range p.Numbers {
		name := n.Scheme
		if s, ok := identifier.Lookup(n.Scheme); ok {
			name = i18n.T(ctx, s.Name)
		}
		out = append(out, ui.Pair{Key: name, Value: company.Shown(n.Scheme, n.Value)})
	}
	return out
}

// ProfileHref is the page of a profile, for the company or for the agency.
func (p MembershipPage) ProfileHref(x app.Profile) string {
	return notice.Path(p.Audience, notice.AboutProfile, x.ID)
}

// profileFor says what a profile is filled in for.
func profileFor(ctx context.Context, x app.Profile) string {
	switch {
	case x.Kind == profile.Initial:
		return i18n.T(ctx, "The application")
	case x.Of != "":
		return i18n.T(ctx, "The year to %s, shared with membership %s", x.Anniversary.Text(ctx), x.Of)
	case !x.Anniversary.IsZero():
		return i18n.T(ctx, "The year to %s", x.Anniversary.Text(ctx))
	}
	return i18n.T(ctx, "A review")
}

func dayOrNot(ctx context.Context, d clock.Day) string {
	if d.IsZero() {
		return i18n.T(ctx, "Not yet")
	}
	return d.Text(ctx)
}

func (p MembershipPage) profileState(ctx context.Context, x app.Profile) string {
	switch {
	case x.Overdue:
		return i18n.T(ctx, "Overdue since %s", x.Due.Text(ctx))
	case x.Status == profile.Returned && p.Audience == identity.Staff:
		return i18n.T(ctx, "Sent back to the company")
	case x.Status == profile.Open && p.Audience == identity.Staff:
		return i18n.T(ctx, "With the company")
	}
	return i18n.T(ctx, x.Status.Name())
}

func profileKind(x app.Profile) ui.Kind {
	switch {
	case x.Overdue:
		return ui.Bad
	case x.Status == profile.Open, x.Status == profile.Returned:
		return ui.Warn
	case x.Status == profile.Submitted, x.Status == profile.InReview:
		return ui.Waiting
	case x.Status == profile.Accepted:
		return ui.Good
	}
	return ui.Neutral
}

// profileNote says whether a review came in time, and why one ended.
func profileNote(ctx context.Context, x app.Profile) string {
	switch {
	case x.Status == profile.Ended:
		return i18n.T(ctx, x.EndReason)
	case x.Status == profile.Open && !x.Overdue && !x.Due.IsZero():
		return i18n.T(ctx, "Due %s", x.Due.Text(ctx))
	case x.Came == clock.StoppedLate:
		return i18n.N(ctx, "Submitted %d day late", "Submitted %d days late", x.DaysLate)
	case x.Came == clock.StoppedInTime:
		return i18n.T(ctx, "Submitted in time")
	}
	return ""
}
