package application

import (
	"context"
	"slices"
	"strings"
	"time"

	app "trustedtrader/app/application"
	"trustedtrader/app/clock"
	"trustedtrader/app/company"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identifier"
	"trustedtrader/views/ui"
)

// Zone is the office's time zone, in which instants are shown.
type Zone struct{ *time.Location }

// options are the kinds of members that can be chosen.
func (p KindPage) options(ctx context.Context) (out []ui.Option) {
	for _, e := range p.Programme.EntityTypes() {
		if !e.Enabled {
			continue
		}
		hint := i18n.T(ctx, e.Description)
		if e.Example != "" {
			hint += " " + i18n.T(ctx, "Example: %s.", strings.TrimSuffix(i18n.T(ctx, e.Example), "."))
		}
		out = append(out, ui.Option{Value: e.Code, Label: i18n.T(ctx, e.Name), Hint: hint})
	}
	return out
}

// acts reports whether the reader can do something about the next step.
func (p OverviewPage) acts() bool { return !p.Overview.File.Application.Status.Final() }

// open reports whether the form is shown.
func (p EligibilityPage) open() bool {
	return p.Editor && p.Checklist.Editable(app.PartEligibility)
}

// questions are those that may be changed now.
func (p EligibilityPage) questions() []app.QuestionState {
	all := p.Checklist.File.Questions()
	if p.Checklist.File.Application.Status == app.Draft {
		return all
	}
	return slices.DeleteFunc(all, func(q app.QuestionState) bool {
		return !app.Asked(p.Checklist.Asked, app.PartEligibility+"."+q.Code)
	})
}

func (p EligibilityPage) value(q app.QuestionState) string {
	if e, ok := p.Entered[q.Code]; ok {
		return e.Answer
	}
	return q.Given
}

func (p EligibilityPage) note(q app.QuestionState) string {
	if e, ok := p.Entered[q.Code]; ok {
		return e.Note
	}
	return q.Note
}

func (p EligibilityPage) rows(ctx context.Context) []ui.SummaryRow {
	return questionRows(ctx, p.Checklist.File, "")
}

func questionRows(ctx context.Context, f app.File, change string) (out []ui.SummaryRow) {
	for _, q := range f.Questions() {
		value := answer(ctx, q.Kind, q.Given)
		if q.Note != "" {
			value += " – " + q.Note
		}
		href := change
		if href != "" {
			href += "#" + ui.ID(app.QuestionField(q.Code))
		}
		out = append(out, ui.SummaryRow{Key: i18n.T(ctx, q.Text), Value: value, ChangeHref: href})
	}
	return out
}

// parties are the lines that stand at the head of the signed text.
func (p AgreementPage) parties(ctx context.Context) []ui.Pair {
	f := p.Checklist.File
	return []ui.Pair{
		{Key: i18n.T(ctx, "Company"), Value: strings.Join([]string{f.Dossier.Company.Name, f.Dossier.Company.Registration, f.Dossier.Company.Country}, ", ")},
		{Key: i18n.T(ctx, "Programme"), Value: f.Programme.Name},
		{Key: i18n.T(ctx, "As"), Value: f.Entity.Name},
		{Key: i18n.T(ctx, "Edition of the text"), Value: f.Programme.Agreement.Edition},
	}
}

func (p AgreementPage) ticked(i int) bool { return slices.Contains(p.Entered.Consents, i) }

// summary are the answers of one part, with links to change them.
func (p CheckPage) summary(ctx context.Context, part string) (out []ui.SummaryRow) {
	f, change := p.Checklist.File, ""
	if p.Checklist.Editable(part) {
		change = partHref(f, part)
	}
	row := func(key, value string) { out = append(out, ui.SummaryRow{Key: key, Value: value, ChangeHref: change}) }
	d := f.Dossier
	switch part {
	case app.PartProfile:
		row(i18n.T(ctx, "Legal name"), d.Company.Name)
		row(i18n.T(ctx, "Legal form"), d.Company.LegalForm)
		row(i18n.T(ctx, "Registration number"), d.Company.Registration)
		row(i18n.T(ctx, "Country"), d.Company.Country)
		if !d.Company.FoundedOn.IsZero() {
			row(i18n.T(ctx, "Founded on"), d.Company.FoundedOn.Text(ctx))
		}
		if d.Company.Employees != nil {
			row(i18n.T(ctx, "Number of employees"), i18n.Number(ctx, int64(*d.Company.Employees)))
		}
		row(i18n.T(ctx, "Website"), d.Company.Website)
		row(i18n.T(ctx, "Telephone"), d.Company.Phone)
		row(i18n.T(ctx, "Short history"), d.Company.History)
		for _, n := range d.TradeNames {
			row(i18n.T(ctx, "Trade name"), n.Name)
		}
	case app.PartSites:
		for _, s := range d.Sites {
			row(s.Name, activities(ctx, s)+". "+address(s))
		}
	case app.PartContacts:
		for _, c := range d.Contacts {
			row(c.Name, strings.Join([]string{c.Title, contactKind(ctx, c), c.Email, c.Phone}, ", "))
		}
	case app.PartIdentifiers:
		for _, i := range d.Identifiers {
			name := i.Scheme
			if s, ok := identifier.Lookup(i.Scheme); ok {
				name = i18n.T(ctx, s.Name)
			}
			shown := company.Shown(i.Scheme, i.Value)
			if slices.ContainsFunc(f.TakesPart(), func(x app.Identifier) bool { return x.ID == i.ID }) {
				shown += " (" + i18n.T(ctx, "takes part") + ")"
			}
			row(name, shown)
		}
	case app.PartEligibility:
		return questionRows(ctx, f, change)
	case app.PartAgreement:
		if s := f.Signature; s != nil {
			row(i18n.T(ctx, "Signed by"), s.SignedName+", "+s.SignedTitle)
			row(i18n.T(ctx, "Signed at"), i18n.DateTime(ctx, s.SignedAt, p.Zone.Location))
			row(i18n.T(ctx, "Fingerprint of the text (SHA-256)"), s.TextSHA256)
		}
	}
	return out
}

func receiptPairs(ctx context.Context, r app.Receipt) []ui.Pair {
	f, s := r.File, r.Snapshot
	return []ui.Pair{
		{Key: i18n.T(ctx, "Reference"), Value: f.Application.Reference},
		{Key: i18n.T(ctx, "Company"), Value: f.Dossier.Company.Name},
		{Key: i18n.T(ctx, "Programme"), Value: i18n.T(ctx, f.Programme.Name)},
		{Key: i18n.T(ctx, "As"), Value: i18n.T(ctx, f.Entity.Name)},
		{Key: i18n.T(ctx, "Submitted at"), Value: i18n.DateTime(ctx, s.SubmittedAt, r.Zone)},
		{Key: i18n.T(ctx, "Declared by"), Value: s.AttestedName},
		{Key: i18n.T(ctx, "Version"), Value: i18n.Number(ctx, int64(s.Round))},
		{Key: i18n.T(ctx, "Fingerprint of what you sent (SHA-256)"), Value: s.SHA256},
	}
}

func (p RequestPage) value(item app.InformationItem) string {
	if v, ok := p.Entered[item.ID]; ok {
		return v
	}
	return item.Answer
}

// blocking are the problems that keep the answers from being sent.
func (p RequestPage) blocking() []fault.Field {
	return p.Checklist.Blocking()
}

// partOf is the part of an item: eligibility for one of its questions.
func partOf(part string) string {
	whole, _, _ := strings.Cut(part, ".")
	return whole
}

func (p WithdrawPage) reasons(ctx context.Context) (out []ui.Option) {
	for _, r := range p.Overview.File.Programme.Reasons.Withdrawal {
		out = append(out, ui.Option{Value: r.Code, Label: i18n.T(ctx, r.Name)})
	}
	return out
}

func (p DecisionPage) at() time.Time {
	if t := p.Decision.File.Application.ClosedAt; t != nil {
		return *t
	}
	return time.Time{}
}

func (p DecisionPage) pairs(ctx context.Context) []ui.Pair {
	d := p.Decision
	out := []ui.Pair{
		{Key: i18n.T(ctx, "Company"), Value: d.File.Dossier.Company.Name},
		{Key: i18n.T(ctx, "Day"), Value: clock.DayOf(p.at(), d.Zone).Text(ctx)},
	}
	if d.File.Application.ClosingReason != "" {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Reason"), Value: d.File.Application.ClosingReason})
	}
	return out
}

func memberStatus(ctx context.Context, status string) string {
	return i18n.T(ctx, map[string]string{"active": "Active", "suspended": "Suspended", "ended": "Ended"}[status])
}

func memberTone(status string) ui.Kind {
	return map[string]ui.Kind{"active": ui.Good, "suspended": ui.Warn}[status]
}
