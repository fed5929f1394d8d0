// Package bizpartner holds the pages of business partners: the company's list, one partner,
// questionnaires and their results, connections, verification links, and the pages that a
// partner or an outsider opens by a link.
package bizpartner

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	app "trustedtrader/app/bizpartner"
	"trustedtrader/app/clock"
	"trustedtrader/app/company"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/standing"
	"trustedtrader/views/ui"
)

// Base is what a page has around its content, and why a form on it was refused.
type Base struct {
	ui.Chrome
	Problems []fault.Field
	Sentence string
	Moved    []fault.Change
}

// Path is the address of a partner, and Asked that of a questionnaire.
func Path(id uuid.UUID, tail string) string  { return "/partners/" + id.String() + tail }
func Asked(id uuid.UUID, tail string) string { return "/partners/questionnaires/" + id.String() + tail }

func connection(id uuid.UUID, tail string) string {
	return "/partners/connections/" + id.String() + tail
}

// ListPage is one page of the list, of the company itself or at the desk.
type ListPage struct {
	Base
	List    app.List
	Desk    string // path of the list at the desk; empty: the company's own
	Company string
	MayEdit bool
}

// FormPage writes a partner.
type FormPage struct {
	Base
	ID        *uuid.UUID // nil: a new one
	New       uuid.UUID
	Entered   app.Entry
	Roles     []app.Role
	Languages []app.Language
}

// ImportPage takes a list as a file, or shows what it would change.
type ImportPage struct {
	Base
	Preview *app.Preview
	Role    func(code string) string
}

// RecordPage is one partner.
type RecordPage struct {
	Base
	Record app.Record
	Words  func(action string) string // an action of the trail in words
}

// SendPage sends a questionnaire.
type SendPage struct {
	Base
	Start   app.Start
	Entered app.SendEntry
}

// ResultPage is a questionnaire as the member sees it.
type ResultPage struct {
	Base
	Result app.Result
	Cycles []app.Cycle
	TaskID uuid.UUID
	Typed  map[string]string
}

// NetworkPage is the connections of a company.
type NetworkPage struct {
	Base
	Network app.Network
	Number  string
	Purpose string
	Partner *app.Partner // for whom is asked
	Kind    func(programme, entityType string) string
	Status  func(ctx context.Context, m app.Member, p app.Part) string
}

// ConnectionPage is one connection.
type ConnectionPage struct {
	NetworkPage
	Connection app.Connection
	Cycles     []app.Cycle
	Partners   []app.Item
}

// LinksPage is the verification links of a company.
type LinksPage struct {
	Base
	Links   app.Links
	Entered app.VerifyEntry
	Address string // of the link that was just made; shown once
}

// VerifyPage is what an outsider sees through a link.
type VerifyPage struct {
	ui.Chrome
	Verified  app.Verified
	Programme string
	Kind      string
	Status    func(ctx context.Context, p app.Part) string
}

// OutsidePage is a page of the partner.
type OutsidePage struct {
	ui.Chrome
	Outside  app.Outside
	Token    string
	Lang     string
	Section  app.Section
	Typed    map[string]app.ReplyEntry // that was not saved
	Lost     []string
	Problems []fault.Field
	Entered  app.FinishEntry
	Reason   string
	Saved    bool
}

func (p OutsidePage) say(word string, pairs ...string) string {
	return p.Outside.Data.Say(p.Lang, word, append([]string{"company", p.Outside.Company, "partner", p.Outside.Partner}, pairs...)...)
}

// day is a day for the partner to read.
func (p OutsidePage) day(t time.Time) string {
	return p.Outside.Data.Day(p.Lang, clock.DayOf(t, time.UTC))
}

// path is an address of the partner's page in its language.
func (p OutsidePage) path(tail string) string {
	return "/q/" + p.Token + tail + "?in=" + url.QueryEscape(p.Lang)
}

func (p OutsidePage) action(tail string) string { return "/q/" + p.Token + tail }

func (p OutsidePage) options(q app.Question) (out []ui.Option) {
	for _, o := range q.Options() {
		out = append(out, ui.Option{Value: o, Label: p.say(o), Disabled: !p.Outside.Open(q.Code)})
	}
	return out
}

// shown is what a field of an answer holds: what was typed and refused, or what is kept.
func (p OutsidePage) shown(code string) app.ReplyEntry {
	if e, ok := p.Typed[code]; ok && !slices.Contains(p.Lost, code) {
		return e
	}
	r := p.Outside.Replies[code]
	return app.ReplyEntry{Answer: r.Answer, Note: r.Note, Version: r.Version}
}

func (p OutsidePage) version(code string) string {
	return strconv.Itoa(p.Outside.Replies[code].Version)
}

func (p OutsidePage) yours(code string) string {
	e := p.Typed[code]
	text := ""
	if e.Answer != "" {
		text = p.say(e.Answer)
	}
	if e.Note != "" {
		text = strings.TrimSpace(text + " – " + e.Note)
	}
	return p.say("yours", "answer", text)
}

func (p OutsidePage) progress(s app.Section) string {
	return p.say("of", "done", strconv.Itoa(p.Outside.Done(s)), "all", strconv.Itoa(len(s.Questions)))
}

func (p OutsidePage) editable() bool { return p.Outside.Questionnaire.Status.Open() }

func countryOptions(ctx context.Context) (out []ui.Option) {
	for _, code := range company.Countries() {
		out = append(out, ui.Option{Value: code, Label: i18n.Country(ctx, code)})
	}
	order := collate.New(language.Make(i18n.Lang(ctx)))
	slices.SortFunc(out, func(a, b ui.Option) int { return order.CompareString(a.Label, b.Label) })
	return out
}

func roleOptions(ctx context.Context, list []app.Role) (out []ui.Option) {
	for _, r := range list {
		out = append(out, ui.Option{Value: r.Code, Label: i18n.T(ctx, r.Name)})
	}
	return out
}

func riskOptions(ctx context.Context) (out []ui.Option) {
	for _, r := range app.Risks() {
		out = append(out, ui.Option{Value: string(r), Label: i18n.T(ctx, r.Name())})
	}
	return out
}

func langOptions(list []app.Language) (out []ui.Option) {
	for _, l := range list {
		out = append(out, ui.Option{Value: l.Code, Label: l.Name})
	}
	return out
}

func templateOptions(ctx context.Context, list []*app.Template) (out []ui.Option) {
	for _, t := range list {
		out = append(out, ui.Option{Value: t.Code, Label: t.Name.In(i18n.Lang(ctx))})
	}
	return out
}

func (p ListPage) path(change func(*app.Filter)) string {
	f := p.List.Filter
	change(&f)
	q := url.Values{}
	for name, value := range map[string]string{"show": string(f.Show), "q": f.Query, "risk": string(f.Risk), "role": f.Role, "country": f.Country} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if f.Page > 1 {
		q.Set("page", strconv.Itoa(f.Page))
	}
	return p.base() + "?" + q.Encode()
}

func (p ListPage) base() string {
	if p.Desk != "" {
		return p.Desk
	}
	return "/partners"
}

func (p ListPage) tabs(ctx context.Context) (out []ui.Tab) {
	for _, s := range app.Shows() {
		out = append(out, ui.Tab{Label: i18n.T(ctx, s.Name()), Href: p.path(func(f *app.Filter) { *f = app.Filter{Show: s} }), Current: p.List.Filter.Show == s, Count: strconv.Itoa(p.List.Counts[s])})
	}
	return out
}

func (p ListPage) pager(ctx context.Context) ui.Pager {
	l := p.List
	out := ui.Pager{Text: i18n.T(ctx, "Page %d of %d", l.Filter.Page, l.Pages())}
	if l.Filter.Page > 1 {
		out.PreviousHref = p.path(func(f *app.Filter) { f.Page-- })
	}
	if l.Filter.Page < l.Pages() {
		out.NextHref = p.path(func(f *app.Filter) { f.Page++ })
	}
	return out
}

// sections are the parts of the pages of business partners.
func sections(ctx context.Context, here string) (out []ui.Tab) {
	for _, x := range []struct{ label, href string }{{"Partners", "/partners"}, {"Connected members", "/partners/connections"}, {"Verification links", "/partners/links"}} {
		out = append(out, ui.Tab{Label: i18n.T(ctx, x.label), Href: x.href, Current: x.href == here})
	}
	return out
}

func roleName(ctx context.Context, roles []app.Role, code string) string {
	for _, r := range roles {
		if r.Code == code {
			return i18n.T(ctx, r.Name)
		}
	}
	return code
}

func riskTone(r app.Risk) ui.Kind {
	return map[app.Risk]ui.Kind{app.High: ui.Bad, app.Medium: ui.Warn, app.Low: ui.Good}[r]
}

func statusTone(s app.Status) ui.Kind {
	switch s {
	case app.Sent, app.Opened, app.Begun, app.Returned:
		return ui.Waiting
	case app.Answered:
		return ui.Info
	case app.Accepted:
		return ui.Good
	case app.Expired, app.Refused:
		return ui.Bad
	}
	return ui.Neutral
}

func partTone(s standing.State) ui.Kind {
	switch s {
	case standing.Active:
		return ui.Good
	case standing.OnHold:
		return ui.Bad
	}
	return ui.Neutral
}

func connectionTone(s app.State) ui.Kind {
	switch s {
	case app.Connected:
		return ui.Good
	case app.Asked:
		return ui.Waiting
	}
	return ui.Neutral
}

func rowTone(what string) (ui.Kind, string) {
	switch what {
	case app.RowNew:
		return ui.Good, "New"
	case app.RowChanged:
		return ui.Info, "Changed"
	case app.RowProblem:
		return ui.Bad, "Problem"
	}
	return ui.Neutral, "No change"
}

func cycleOptions(list []app.Cycle) (out []ui.Option) {
	for _, c := range list {
		out = append(out, ui.Option{Value: c.ID.String(), Label: c.Reference})
	}
	return out
}

func criterionOptions(ctx context.Context, list []app.Cycle) (out []ui.Option) {
	seen := map[string]bool{}
	for _, c := range list {
		for _, id := range c.Criteria {
			if !seen[id] {
				out = append(out, ui.Option{Value: id, Label: i18n.T(ctx, "Criterion %s", id)})
			}
			seen[id] = true
		}
	}
	return out
}

func questionOptions(ctx context.Context, t *app.Template) (out []ui.Option) {
	for _, q := range t.Questions() {
		out = append(out, ui.Option{Value: q.Code, Label: q.Text.In(i18n.Lang(ctx))})
	}
	return out
}

func partnerOptions(list []app.Item) (out []ui.Option) {
	for _, p := range list {
		out = append(out, ui.Option{Value: p.ID.String(), Label: p.Name})
	}
	return out
}

func memberOptions(list []app.LinkMember) (out []ui.Option) {
	for _, m := range list {
		out = append(out, ui.Option{Value: m.ID.String(), Label: m.Number})
	}
	return out
}

func points(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
