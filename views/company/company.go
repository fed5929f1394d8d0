package company

import (
	"context"
	"strconv"
	"strings"

	app "trustedtrader/app/company"
	"trustedtrader/app/i18n"
	"trustedtrader/views/ui"
)

// link is where a part is changed; empty when the reader cannot change it directly.
func (p ProfilePage) link(part app.Part, href string) string {
	if !p.Edits(part) {
		return ""
	}
	return href
}

// free is where something is changed that stays free whatever relies on the account.
func (p ProfilePage) free(href string) string {
	if !p.CanEdit {
		return ""
	}
	return href
}

func employees(ctx context.Context, n *int) string {
	if n == nil {
		return ""
	}
	return i18n.Number(ctx, int64(*n))
}

func split(text string) (out []string) {
	for l := range strings.SplitSeq(text, "\n") {
		if strings.TrimSpace(l) != "" {
			out = append(out, l)
		}
	}
	return out
}

func (p HistoryPage) events(ctx context.Context) []ui.Event {
	out := make([]ui.Event, len(p.Entries))
	for i, e := range p.Entries {
		out[i] = ui.Event{At: e.At, Zone: p.Zone, Title: deed(ctx, e), Text: e.Reason, Actor: actor(ctx, e), Kind: ui.Neutral}
		if e.SubjectKind == string(app.AboutSite) && e.SubjectID != nil {
			out[i].Href = "/company/sites/" + e.SubjectID.String()
		}
		if e.SubjectKind == "change_notice" && e.SubjectID != nil {
			out[i].Href = "/company/changes/" + e.SubjectID.String()
		}
		if l := lines(ctx, e); len(l) > 0 {
			out[i].Content = ui.DefinitionGrid(l)
		}
	}
	return out
}

func (p ChangePage) rows(ctx context.Context) []ui.SummaryRow {
	n := p.File.Notice
	edit := ""
	if p.File.Can(app.Edit) {
		edit = p.Path() + "/edit"
	}
	rows := []ui.SummaryRow{
		{Key: i18n.T(ctx, "Effective day"), Value: i18n.Date(ctx, n.EffectiveOn), ChangeHref: edit},
		{Key: i18n.T(ctx, "Explanation"), Content: paragraphs(n.Explanation), ChangeHref: edit},
		{Key: i18n.T(ctx, "Opened"), Content: p.when(&n.OpenedAt, p.File.OpenedBy)},
	}
	if n.SentAt != nil {
		rows = append(rows, ui.SummaryRow{Key: i18n.T(ctx, "Sent"), Content: ui.DateTime(*n.SentAt, p.File.Account.OfficeZone)})
	}
	if n.DecidedAt != nil && n.Status != app.Returned {
		rows = append(rows, ui.SummaryRow{Key: i18n.T(ctx, "Decided"), Content: ui.DateTime(*n.DecidedAt, p.File.Account.OfficeZone)})
	}
	if n.AppliedAt != nil {
		rows = append(rows, ui.SummaryRow{Key: i18n.T(ctx, "In your account since"), Content: ui.DateTime(*n.AppliedAt, p.File.Account.OfficeZone)})
	}
	return append(rows, ui.SummaryRow{Key: i18n.T(ctx, "Office in charge"), Value: p.File.Account.OfficeName})
}

func (p ItemPage) heading(ctx context.Context) string {
	subject := map[app.Subject]string{app.AboutCompany: "Company details", app.AboutTradeName: "Trade name", app.AboutSite: "Site",
		app.AboutContact: "Contact", app.AboutIdentifier: "Number"}[p.Proposal.Subject]
	if p.Proposal.Do == app.Add {
		return map[app.Subject]string{app.AboutTradeName: i18n.T(ctx, "Add a trade name"), app.AboutSite: i18n.T(ctx, "Add a site"),
			app.AboutContact: i18n.T(ctx, "Add a contact"), app.AboutIdentifier: i18n.T(ctx, "Add a number")}[p.Proposal.Subject]
	}
	if p.Name != "" {
		return i18n.T(ctx, subject) + ": " + p.Name
	}
	return i18n.T(ctx, subject)
}

// saves reports whether the form has fields to save.
func (p ItemPage) saves() bool {
	return p.Proposal.Do == app.Add || (p.Proposal.Subject != app.AboutTradeName && p.Proposal.Subject != app.AboutIdentifier)
}

func (p ItemPage) removes(ctx context.Context) string {
	switch p.Proposal.Subject {
	case app.AboutSite:
		return i18n.T(ctx, "Close this site on the effective day")
	case app.AboutContact:
		return i18n.T(ctx, "Remove this contact")
	case app.AboutTradeName:
		return i18n.T(ctx, "Remove this trade name")
	}
	return i18n.T(ctx, "Remove this number")
}

// OlderThan is the address of the history before an entry.
func OlderThan(id int64) string { return "/company/history?before=" + strconv.FormatInt(id, 10) }
