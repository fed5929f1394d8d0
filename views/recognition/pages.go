// Package recognition holds the pages of recognition abroad: of a company, and of a partner
// agency.
package recognition

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identifier"
	"trustedtrader/app/programme"
	app "trustedtrader/app/recognition"
	"trustedtrader/views/ui"
)

// Path is the address of an arrangement for a company.
func Path(code, tail string) string { return "/recognition/" + code + tail }

// ListPage is the recognition of a company by every partner.
type ListPage struct {
	ui.Chrome
	Page       app.Page
	Register   *arrangement.Register
	Programmes *programme.Register
	Zone       *time.Location
}

// parted are the partners that see the member, did so, or can be asked, and the others.
func (p ListPage) parted() (within, beyond []app.Item) {
	for _, i := range p.Page.Items {
		if i.Last != nil || len(i.Obstacles) == 0 {
			within = append(within, i)
		} else {
			beyond = append(beyond, i)
		}
	}
	return within, beyond
}

// OnePage is one arrangement for a company. Act is the form that was refused, with what it held.
type OnePage struct {
	ui.Chrome
	One        app.One
	Register   *arrangement.Register
	Programmes *programme.Register
	Zone       *time.Location
	Act        string
	Typed      map[string]string
	Days       map[string]ui.DateValue
	Errors     []fault.Field
	Conflict   *fault.Error
}

func (p OnePage) typed(act, field string) string {
	if p.Act != act {
		return ""
	}
	return p.Typed[field]
}

func (p OnePage) errorsOf(act string) []fault.Field {
	if p.Act != act {
		return nil
	}
	return p.Errors
}

// first is the membership that the page speaks of where one is enough.
func (p OnePage) first() app.Item { return p.One.Items[0] }

func programmeName(programmes *programme.Register, code string) string {
	if x, ok := programmes.Get(code); ok {
		return x.ShortName
	}
	return code
}

// memberName is a membership in words.
func memberName(ctx context.Context, programmes *programme.Register, home, entity, number string) string {
	x, ok := programmes.Get(home)
	if !ok {
		return number
	}
	e, _ := x.EntityType(entity)
	return number + ", " + i18n.T(ctx, e.Name)
}

// Tone is the tone of a state.
func Tone(s app.Status) ui.Kind {
	switch s {
	case app.Recognised:
		return ui.Good
	case app.Refused:
		return ui.Bad
	case app.Asked, app.Sent, app.Acknowledged:
		return ui.Waiting
	}
	return ui.Neutral
}

// reason is why something does not count, in words of the reader.
func reason(ctx context.Context, r *arrangement.Register, code string) string {
	if name := app.ReasonName(code); name != "" {
		return i18n.T(ctx, name)
	}
	if x, ok := r.Refusal(code); ok {
		return i18n.T(ctx, x.Name)
	}
	return code
}

func countries(ctx context.Context, list []string) string {
	if len(list) > 3 {
		return i18n.T(ctx, "%d countries", len(list))
	}
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = i18n.Country(ctx, c)
	}
	return strings.Join(names, ", ")
}

func (p OnePage) schemes() (out []ui.Option) {
	for _, s := range p.One.Schemes {
		out = append(out, ui.Option{Value: s.Code, Label: s.Name})
	}
	return out
}

func schemeName(ctx context.Context, code string) string {
	if s, ok := identifier.PartnerScheme(code); ok {
		return i18n.T(ctx, s.Name)
	}
	return code
}

func (p OnePage) sites(ctx context.Context) (out []ui.Option) {
	for _, s := range p.One.Sites {
		out = append(out, ui.Option{Value: s.ID.String(), Label: s.Name + ", " + s.Street + ", " + s.City + ", " + i18n.Country(ctx, s.Country)})
	}
	return out
}

func numberPath(code string, id uuid.UUID) string {
	return Path(code, "/numbers/"+id.String()+"/remove")
}

// place is where a number belongs.
func place(n app.Number) string {
	switch {
	case n.Address != "" && n.Site != "":
		return n.Site + " (" + n.Address + ")"
	case n.Address != "":
		return n.Address
	}
	return n.Site
}

func checks(ctx context.Context, i app.Item) string {
	if i.Checks < 0 {
		return i18n.T(ctx, "Not shown under this arrangement")
	}
	return i18n.N(ctx, "%d time within a year", "%d times within a year", i.Checks)
}

// SheetPage is the sheet for the trading partner of a company.
type SheetPage struct {
	ui.Chrome
	One        app.One
	Item       app.Item
	Programmes *programme.Register
}

func (p SheetPage) facts(ctx context.Context) []ui.Pair {
	d := p.Item.Rules.Identifiers.Declare
	return []ui.Pair{{Key: i18n.T(ctx, "What to declare"), Value: i18n.T(ctx, d.What)}, {Key: i18n.T(ctx, "Where"), Value: i18n.T(ctx, d.Field)}, {Key: i18n.T(ctx, "By whom"), Value: i18n.T(ctx, d.By)},
		{Key: i18n.T(ctx, "How it looks"), Value: d.Sample}}
}

// DeskPage is the list of members at a partner.
type DeskPage struct {
	ui.Chrome
	Desk       app.Desk
	Register   *arrangement.Register
	Programmes *programme.Register
	Zone       *time.Location
}

func (p DeskPage) tabs(ctx context.Context) (out []ui.Tab) {
	for _, s := range app.Statuses()[1:] {
		out = append(out, ui.Tab{Label: i18n.T(ctx, s.Name()), Href: "/agency/recognition?status=" + string(s), Current: p.Desk.Status == s, Count: strconv.Itoa(p.Desk.Counts[s])})
	}
	return out
}

func (p DeskPage) page(step int) string {
	n := p.Desk.Page + step
	if n < 1 || step > 0 && !p.Desk.More {
		return ""
	}
	return "/agency/recognition?status=" + string(p.Desk.Status) + "&page=" + strconv.Itoa(n)
}

// MemberPage is a member at a partner.
type MemberPage struct {
	ui.Chrome
	Seen       app.Seen
	Register   *arrangement.Register
	Programmes *programme.Register
	Zone       *time.Location
	Act        string
	Typed      map[string]string
	Errors     []fault.Field
	Conflict   *fault.Error
}

// MemberPath is the address of a member at a partner.
func MemberPath(id uuid.UUID, tail string) string { return "/agency/recognition/" + id.String() + tail }

func (p MemberPage) typed(act, field string) string {
	if p.Act != act {
		return ""
	}
	return p.Typed[field]
}

func (p MemberPage) errorsOf(act string) []fault.Field {
	if p.Act != act {
		return nil
	}
	return p.Errors
}

func (p MemberPage) facts(ctx context.Context) []ui.Pair {
	x := p.Seen
	out := []ui.Pair{{Key: i18n.T(ctx, "Membership"), Value: memberName(ctx, p.Programmes, x.Line.Programme, x.Line.EntityType, x.Line.Number)}, {Key: i18n.T(ctx, "Arrangement"), Value: x.Arrangement.Title()}}
	if x.Line.Company != "" {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Company"), Value: x.Line.Company + ", " + i18n.Country(ctx, x.Line.Country)})
	}
	if x.Live() {
		state := map[string]string{"active": i18n.T(ctx, "Active"), "suspended": i18n.T(ctx, "Suspended"), "ended": i18n.T(ctx, "Ended")}[x.Stands.State]
		if pr, ok := p.Programmes.Get(x.Line.Programme); ok {
			if t, ok := pr.Tier(x.Stands.Tier); ok && x.Stands.State == "active" {
				state += ", " + i18n.T(ctx, t.Name)
			}
		}
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Status of the membership today"), Value: state})
	}
	if x.PartnerRef != "" {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Your reference"), Value: x.PartnerRef})
	}
	return out
}

func (p MemberPage) refusals(ctx context.Context) (out []ui.Option) {
	for _, x := range p.Seen.Refusals {
		out = append(out, ui.Option{Value: x.Code, Label: i18n.T(ctx, x.Name)})
	}
	return out
}

// NoticesPage is what a partner was told.
type NoticesPage struct {
	ui.Chrome
	Notices  app.Notices
	Register *arrangement.Register
	Zone     *time.Location
}

func (p NoticesPage) page(step int) string {
	n := p.Notices.Page + step
	if n < 1 || step > 0 && !p.Notices.More {
		return ""
	}
	return "/agency/notices?show=" + p.shows() + "&page=" + strconv.Itoa(n)
}

func (p NoticesPage) shows() string {
	if p.Notices.Open {
		return "open"
	}
	return "all"
}

func (p NoticesPage) tabs(ctx context.Context) []ui.Tab {
	return []ui.Tab{{Label: i18n.T(ctx, "Not acknowledged"), Href: "/agency/notices?show=open", Current: p.Notices.Open, Count: strconv.Itoa(p.Notices.Wait)}, {Label: i18n.T(ctx, "All"), Href: "/agency/notices?show=all", Current: !p.Notices.Open}}
}

// step is what became of a whole arrangement, in words.
func (p NoticesPage) step(ctx context.Context, x app.Step, title string) string {
	switch x.Kind {
	case arrangement.Suspended:
		return i18n.T(ctx, "The arrangement %[1]s is suspended from %[2]s. Grant no benefits under it.", title, x.OnDay.Text(ctx))
	case arrangement.Resumed:
		return i18n.T(ctx, "The arrangement %[1]s is resumed from %[2]s. Members count again as their notices say.", title, x.OnDay.Text(ctx))
	}
	return i18n.T(ctx, "The arrangement %[1]s has ended on %[2]s. Grant no benefits under it.", title, x.OnDay.Text(ctx))
}

func stepTone(k arrangement.Kind) ui.Kind {
	if k == arrangement.Resumed {
		return ui.Good
	}
	return ui.Bad
}

func noticeName(kind string) string {
	return map[string]string{app.Gained: "A member takes part", app.Lost: "A member takes part no more", app.Suspension: "A membership is suspended", app.Reinstated: "A membership counts again",
		app.IdentityChanged: "Numbers of a member have changed", "expiring": "A membership ends soon"}[kind]
}

func noticeTone(kind string) ui.Kind {
	switch kind {
	case app.Lost, app.Suspension:
		return ui.Bad
	case app.Gained, app.Reinstated:
		return ui.Good
	}
	return ui.Info
}
