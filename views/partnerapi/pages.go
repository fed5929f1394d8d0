// Package partnerapi holds the pages about programs of partner agencies: their keys and rights,
// webhooks, the description of the machine door, and what partners report.
package partnerapi

import (
	"context"
	"strconv"
	"time"

	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	app "trustedtrader/app/partnerapi"
	"trustedtrader/views/ui"
)

// OverviewPage lists the programs and webhooks of an agency.
type OverviewPage struct {
	ui.Chrome
	Page   app.Overview
	Name   string // as entered
	URL    string // as entered
	Zone   *time.Location
	Errors []fault.Field
}

// ClientPage is one program.
type ClientPage struct {
	ui.Chrome
	Page   app.ClientPage
	Token  string // address for tokens
	Key    string // as entered
	Cert   string // as entered
	Zone   *time.Location
	Errors []fault.Field
}

// SecretPage shows a secret once.
type SecretPage struct {
	ui.Chrome
	Secret string
}

// IrregularitiesPage lists what partners reported.
type IrregularitiesPage struct {
	ui.Chrome
	List   app.Reports
	Title  func(arrangement string) string
	May    bool // take in hand
	Taking string
	Note   string
	Errors []fault.Field
	Zone   *time.Location
}

// DocsPage is the description of the machine door for people.
type DocsPage struct {
	ui.Chrome
	Doc app.Doc
}

func scopeName(ctx context.Context, scope string) string {
	switch scope {
	case app.StatusRead:
		return i18n.T(ctx, "Check operators")
	case app.FeedRead:
		return i18n.T(ctx, "Read events and daily files")
	case app.IrregularityWrite:
		return i18n.T(ctx, "Report irregularities")
	case app.OperatorsWrite:
		return i18n.T(ctx, "Bring lists of your operators")
	}
	return scope
}

func kindName(ctx context.Context, kind string) string {
	switch kind {
	case "security":
		return i18n.T(ctx, "Security")
	case "customs_offence":
		return i18n.T(ctx, "Customs offense")
	case "documents":
		return i18n.T(ctx, "Documents")
	case "goods":
		return i18n.T(ctx, "Goods")
	case "identity":
		return i18n.T(ctx, "Identity")
	}
	return i18n.T(ctx, "Other")
}

func options(ctx context.Context) (out []ui.Option) {
	for _, s := range app.Scopes() {
		out = append(out, ui.Option{Value: s, Label: scopeName(ctx, s)})
	}
	return out
}

func base(p ClientPage) string { return "/agency/api/" + p.Page.Client.ID.String() }

// noteOf is what was typed into the form of a report.
func (p IrregularitiesPage) page(step int) string {
	n := p.List.Page + step
	if n < 1 || step > 0 && !p.List.More {
		return ""
	}
	return "/desk/irregularities?page=" + strconv.Itoa(n)
}

func (p IrregularitiesPage) noteOf(x app.Irregularity) string {
	if p.Taking == x.ID.String() {
		return p.Note
	}
	return ""
}
