package recognition

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/programme"
	app "trustedtrader/app/recognition"
	"trustedtrader/views/company"
	"trustedtrader/views/ui"
)

// ApplyPage is the application of a foreign operator.
type ApplyPage struct {
	ui.Chrome
	Doors      []app.Door
	Entered    app.ApplyEntry
	Programmes *programme.Register
	Errors     []fault.Field
}

func (p ApplyPage) doors(ctx context.Context) (out []ui.Option) {
	for _, d := range p.Doors {
		out = append(out, ui.Option{Value: d.Code, Label: i18n.T(ctx, "%s (%s), to be recognized in %s", d.Partner, d.Authority, programmeName(p.Programmes, d.Home))})
	}
	return out
}

func (p ApplyPage) countries(ctx context.Context) []ui.Option { return company.CountryOptions(ctx) }

// ReceiptPage is an application as its applicant sees it.
type ReceiptPage struct {
	ui.Chrome
	Application app.Application
	Programmes  *programme.Register
	Zone        *time.Location
}

func (p ReceiptPage) facts(ctx context.Context) []ui.Pair {
	a := p.Application
	out := []ui.Pair{{Key: i18n.T(ctx, "Name"), Value: a.Name}, {Key: i18n.T(ctx, "Country"), Value: i18n.Country(ctx, a.Country)}, {Key: i18n.T(ctx, "Number"), Value: a.Number},
		{Key: i18n.T(ctx, "Programme"), Value: a.Partner}, {Key: i18n.T(ctx, "To be recognized in"), Value: programmeName(p.Programmes, a.Home)}, {Key: i18n.T(ctx, "Applied on"), Value: i18n.Date(ctx, a.AppliedAt)}}
	if a.AnsweredAt != nil {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Answered on"), Value: i18n.Date(ctx, *a.AnsweredAt)})
	}
	return out
}

// OperatorsPage lists foreign operators, at their agency or at the desk.
type OperatorsPage struct {
	ui.Chrome
	List     app.OperatorList
	Base     string // address of the list
	Register *arrangement.Register
	Zone     *time.Location
	Stale    func(app.Operator, clock.Day) (clock.Day, bool)
}

// stale is the day since which what is known of an operator that counts is too old.
func (p OperatorsPage) stale(o app.Operator) (clock.Day, bool) {
	if o.Status != app.Confirmed {
		return clock.Day{}, false
	}
	return p.Stale(o, p.List.Today)
}

func (p OperatorsPage) tabs(ctx context.Context) (out []ui.Tab) {
	for _, s := range app.OperatorStatuses() {
		out = append(out, ui.Tab{Label: i18n.T(ctx, s.Name()), Href: p.Base + "?status=" + string(s), Current: p.List.Number == "" && p.List.Status == s, Count: strconv.Itoa(p.List.Counts[s])})
	}
	return out
}

func (p OperatorsPage) page(step int) string {
	n := p.List.Page + step
	if n < 1 || step > 0 && !p.List.More {
		return ""
	}
	return p.Base + "?status=" + string(p.List.Status) + "&number=" + url.QueryEscape(p.List.Number) + "&page=" + strconv.Itoa(n)
}

// OperatorPage is one foreign operator.
type OperatorPage struct {
	ui.Chrome
	Operator app.OperatorPage
	Register *arrangement.Register
	Zone     *time.Location
	Act      string
	Typed    string
	Errors   []fault.Field
	Conflict *fault.Error
}

// OperatorPath is the address of a foreign operator at its agency.
func OperatorPath(id uuid.UUID, tail string) string { return "/agency/operators/" + id.String() + tail }

func (p OperatorPage) facts(ctx context.Context) []ui.Pair {
	o := p.Operator
	out := []ui.Pair{{Key: i18n.T(ctx, "Number"), Value: o.Number}, {Key: i18n.T(ctx, "Country"), Value: i18n.Country(ctx, o.Country)}, {Key: i18n.T(ctx, "What it does"), Value: o.Types}, {Key: i18n.T(ctx, "Applied on"), Value: i18n.Date(ctx, o.AppliedAt)}}
	if a, ok := p.Register.Get(o.Arrangement); ok {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Arrangement"), Value: a.Title()})
	}
	for _, x := range []ui.Pair{{Key: i18n.T(ctx, "Tier"), Value: o.Tier}, {Key: i18n.T(ctx, "Other numbers"), Value: o.Identifiers}} {
		if x.Value != "" {
			out = append(out, x)
		}
	}
	if o.ValidFrom != nil {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "First day"), Value: o.ValidFrom.Text(ctx)})
	}
	if o.ValidUntil != nil {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Last day"), Value: o.ValidUntil.Text(ctx)})
	}
	if o.ListedOn != nil {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Last list of its customs"), Value: o.ListedOn.Text(ctx)})
	}
	if o.Reason != "" {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Reason"), Value: o.Reason})
	}
	return out
}

func (p OperatorPage) past(ctx context.Context) (out []ui.Event) {
	for _, x := range p.Operator.Past {
		text := x.Reason
		if x.Number != "" {
			text = i18n.T(ctx, "List %s", x.Number) + ". " + text
		}
		out = append(out, ui.Event{At: x.At, Zone: p.Zone, Actor: x.Actor, Title: i18n.T(ctx, x.Name()), Text: text})
	}
	return out
}

func (p OperatorPage) typed(act app.OperatorAction) string {
	if p.Act != string(act) {
		return ""
	}
	return p.Typed
}

func (p OperatorPage) errorsOf(act app.OperatorAction) []fault.Field {
	if p.Act != string(act) {
		return nil
	}
	return p.Errors
}

// OperatorTone is the tone of a state.
func OperatorTone(s app.OperatorStatus) ui.Kind {
	switch s {
	case app.Confirmed:
		return ui.Good
	case app.Applied:
		return ui.Waiting
	}
	return ui.Bad
}
