package desk

import (
	"context"
	"time"

	"trustedtrader/app/clock"
	"trustedtrader/app/company"
	"trustedtrader/app/i18n"
	"trustedtrader/app/profile"
	"trustedtrader/app/review"
	"trustedtrader/views/ui"
)

func memberKind(s string) ui.Kind {
	switch s {
	case "active":
		return ui.Good
	case "suspended":
		return ui.Bad
	}
	return ui.Neutral
}

func memberStatus(ctx context.Context, s string) string {
	return i18n.T(ctx, map[string]string{"active": "Active", "suspended": "Suspended", "ended": "Ended"}[s])
}

// profileFor says what a security profile is filled in for, and of which year.
func profileFor(ctx context.Context, x review.OverviewProfile) string {
	switch {
	case x.Kind == profile.Annual && !x.Anniversary.IsZero():
		return i18n.T(ctx, "The year to %s", x.Anniversary.Text(ctx))
	case x.Kind == profile.Revalidation:
		return i18n.T(ctx, "The next validation, %d", x.OpenedAt.Year())
	}
	return i18n.T(ctx, "The application of %d", x.OpenedAt.Year())
}

func dayOf(ctx context.Context, t *time.Time, zone *time.Location) string {
	if t == nil {
		return i18n.T(ctx, "Not yet")
	}
	return clock.DayOf(*t, zone).Text(ctx)
}

func changeTabs(ctx context.Context, now company.Status) (out []ui.Tab) {
	for _, s := range []company.Status{company.Sent, company.Accepted, company.Returned, company.Applied} {
		out = append(out, ui.Tab{Label: staffNoticeStatus(ctx, s), Href: "/desk/changes?status=" + string(s), Current: s == now})
	}
	return out
}

// changeTitle says what is done to what.
func changeTitle(ctx context.Context, c company.Change) string {
	subject := map[company.Subject]string{company.AboutCompany: "Company profile", company.AboutTradeName: "Trade name", company.AboutSite: "Site",
		company.AboutContact: "Contact", company.AboutIdentifier: "Identification number"}[c.Subject]
	do := map[company.Do]string{company.Alter: "change", company.Add: "add", company.Remove: "remove"}[c.Do]
	title := i18n.T(ctx, subject)
	if c.Name != "" {
		title += " " + c.Name
	}
	return title + ": " + i18n.T(ctx, do)
}
