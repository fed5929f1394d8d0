// Package audit holds the pages of the audit trail.
package audit

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	trail "trustedtrader/app/audit"
	"trustedtrader/app/company"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/views/ui"
)

// ListPage is one page of the trail.
type ListPage struct {
	ui.Chrome
	Reader   identity.Actor
	Filter   trail.Filter
	From, To ui.DateValue // as typed
	Page     trail.Page
	Errors   []fault.Field
	Role     func(role string) string // a role in words
}

// EventPage is one event.
type EventPage struct {
	ui.Chrome
	Reader identity.Actor
	Event  trail.Detail
	Role   func(role string) string
}

func (p ListPage) narrowed() bool {
	f := p.Filter
	f.Older, f.Newer = "", ""
	return f != trail.Filter{}
}

// companies reports whether the reader sees events of companies at all.
func (p ListPage) companies() bool { return p.Reader.Role != identity.Administrator }

// query is the filter as the form sends it.
func (p ListPage) query() url.Values {
	q := url.Values{}
	for name, v := range map[string]string{
		"from-day": p.From.Day, "from-month": p.From.Month, "from-year": p.From.Year, "to-day": p.To.Day, "to-month": p.To.Month, "to-year": p.To.Year,
		"person": p.Filter.Person, "action": p.Filter.Action, "kind": p.Filter.Kind, "subject": p.Filter.Subject, "company": p.Filter.Company,
		"request": p.Filter.RequestID, "show": string(p.Filter.Show),
	} {
		if v != "" {
			q.Set(name, v)
		}
	}
	return q
}

// path is this list at a place; at none it is the newest page.
func (p ListPage) path(name, place string) string {
	q := p.query()
	if place != "" {
		q.Set(name, place)
	}
	return "/audit?" + q.Encode()
}

func (p ListPage) pager() (out ui.Pager) {
	if p.Page.Newer != "" {
		out.PreviousHref = p.path("newer", p.Page.Newer)
	}
	if p.Page.Older != "" {
		out.NextHref = p.path("older", p.Page.Older)
	}
	return out
}

func (p ListPage) exportPath() string {
	if q := p.query(); len(q) > 0 {
		return "/audit/export.csv?" + q.Encode()
	}
	return "/audit/export.csv"
}

func actionOptions(ctx context.Context, by identity.Actor) (out []ui.Option) {
	for _, a := range trail.Actions(by) {
		out = append(out, ui.Option{Value: a, Label: i18n.T(ctx, trail.Words(a)), Group: i18n.T(ctx, trail.Group(a))})
	}
	return out
}

func kindOptions(ctx context.Context, by identity.Actor) (out []ui.Option) {
	for _, k := range trail.Kinds(by) {
		out = append(out, ui.Option{Value: k, Label: i18n.T(ctx, trail.KindName(k))})
	}
	return out
}

func showOptions(ctx context.Context) []ui.Option {
	return []ui.Option{
		{Value: string(trail.Changes), Label: i18n.T(ctx, "Only what changed something")},
		{Value: string(trail.Looks), Label: i18n.T(ctx, "Only who looked at what")},
	}
}

// zoneText names the zone in which days are counted and times are shown.
func zoneText(zone *time.Location) string {
	if zone == nil {
		return "UTC"
	}
	return strings.ReplaceAll(zone.String(), "_", " ")
}

// moment is an instant to the second in a zone: "4 March 2026, 14:02:05 (UTC-05:00)".
func moment(ctx context.Context, t time.Time, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	t = t.In(zone)
	offset := ""
	if _, off := t.Zone(); off != 0 {
		offset = t.Format("-07:00")
	}
	return i18n.Date(ctx, t) + ", " + t.Format("15:04:05") + " (UTC" + offset + ")"
}

func stamp(t time.Time, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format(time.RFC3339)
}

// actor names who acted: the portal itself has no person.
func actor(ctx context.Context, e trail.Entry) string {
	if e.Audience == string(identity.System) {
		return i18n.T(ctx, "The portal")
	}
	return e.Actor
}

// acting is for whom and as what a person acted.
func acting(ctx context.Context, e trail.Entry, role func(string) string) string {
	audience := map[string]string{string(identity.Companies): "Company", string(identity.Staff): "The agency", string(identity.Partners): "Partner agency"}[e.Audience]
	switch {
	case audience == "":
		return i18n.T(ctx, "By itself, because time passed or a job was due")
	case e.Role == "":
		return i18n.T(ctx, "%s, without a role", i18n.T(ctx, audience))
	}
	return i18n.T(ctx, audience) + ", " + role(e.Role)
}

func eventPath(e trail.Entry) string { return fmt.Sprintf("/audit/%d", e.ID) }

// recordPath is the page of the record that an event is about, if the reader may open it.
func recordPath(by identity.Actor, e trail.Entry) string {
	if e.Subject == nil || e.Withheld || !by.Is(identity.CaseReaders...) {
		return ""
	}
	switch e.Kind {
	case "application":
		return "/desk/cases/" + e.Subject.String()
	case "change_notice":
		return "/desk/changes/" + e.Subject.String()
	case "membership":
		return "/memberships/" + e.Subject.String()
	case "risk_assessment":
		return "/desk/risk/" + e.Subject.String()
	case "company":
		return "/desk/companies/" + e.Subject.String()
	}
	return ""
}

func companyPath(by identity.Actor, e trail.Entry) string {
	if e.CompanyID == nil || e.Company == "" || !by.Is(identity.CaseReaders...) {
		return ""
	}
	return "/desk/companies/" + e.CompanyID.String()
}

// named is what an event is about.
func named(ctx context.Context, e trail.Entry) string {
	name := e.Record
	if e.Kind == "company" {
		name = e.Company
	}
	if name == "" {
		return i18n.T(ctx, trail.KindName(e.Kind))
	}
	return i18n.T(ctx, trail.KindName(e.Kind)) + " " + name
}

// fieldName is where a value stands, in words.
func fieldName(ctx context.Context, kind string, path []string) string {
	if len(path) == 0 {
		return i18n.T(ctx, "Value")
	}
	var words []string
	for _, field := range path {
		name := company.FieldLabel(company.Subject(kind), field)
		if name == "" {
			name = trail.FieldName(field)
		}
		words = append(words, i18n.T(ctx, name))
	}
	return strings.Join(words, " · ")
}

// value is a value in words; an id keeps standing beside the name of what it is.
func (p EventPage) value(ctx context.Context, path []string, v string) string {
	if name := p.Event.Named[v]; name != "" {
		return name + " (" + v + ")"
	}
	if day, err := time.Parse(time.DateOnly, v); err == nil {
		return i18n.Date(ctx, day)
	}
	if at, err := time.Parse(time.RFC3339, v); err == nil {
		return moment(ctx, at, p.Reader.Zone)
	}
	switch v {
	case "true":
		return i18n.T(ctx, "Yes")
	case "false":
		return i18n.T(ctx, "No")
	}
	if len(path) > 0 && slices.Contains([]string{"status", "tier", "entity_type", "activity", "clock", "event", "direction"}, path[len(path)-1]) {
		return strings.NewReplacer("_", " ", ".", " ").Replace(v)
	}
	if len(path) > 0 && path[len(path)-1] == "role" {
		if name := p.Role(v); name != "" {
			return name
		}
	}
	return v
}

func (p EventPage) facts(ctx context.Context) []ui.Pair {
	e := p.Event
	who := actor(ctx, e.Entry)
	if e.Email != "" && e.Email != who {
		who += ", " + e.Email
	}
	as := acting(ctx, e.Entry, p.Role)
	if e.For != "" {
		as += ", " + e.For
	}
	seen := i18n.T(ctx, "The company can see this event")
	if e.Internal || e.CompanyID == nil {
		seen = i18n.T(ctx, "Only the agency can see this event")
	}
	out := []ui.Pair{
		{Key: i18n.T(ctx, "When"), Content: when(e.At, p.Reader.Zone)}, {Key: i18n.T(ctx, "Who"), Value: who}, {Key: i18n.T(ctx, "Acting as"), Value: as},
		{Key: i18n.T(ctx, "Record"), Content: recordLink(p.Reader, e.Entry)},
	}
	if e.CompanyID != nil {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Company"), Content: companyLink(p.Reader, e.Entry)})
	}
	return append(out, ui.Pair{Key: i18n.T(ctx, "Why"), Value: e.Reason}, ui.Pair{Key: i18n.T(ctx, "Who can see it"), Value: seen},
		ui.Pair{Key: i18n.T(ctx, "Reference of the request"), Value: e.RequestID}, ui.Pair{Key: i18n.T(ctx, "Number of the event"), Value: fmt.Sprint(e.ID)},
		ui.Pair{Key: i18n.T(ctx, "Name for programs"), Value: e.Action})
}

// around lists ways to events that belong together with this one.
func (p EventPage) around(ctx context.Context) (out []ui.Action) {
	e := p.Event
	add := func(label, name, value string) {
		out = append(out, ui.Action{Label: label, Href: "/audit?" + url.Values{name: {value}}.Encode()})
	}
	if e.RequestID != "" {
		add(i18n.T(ctx, "Everything in the same request"), "request", e.RequestID)
	}
	if e.Subject != nil {
		add(i18n.T(ctx, "Everything about this record"), "subject", e.Subject.String())
	}
	if e.Email != "" {
		add(i18n.T(ctx, "Everything this person did"), "person", e.Email)
	}
	if e.CompanyID != nil {
		add(i18n.T(ctx, "Everything about this company"), "company", e.CompanyID.String())
	}
	return out
}
