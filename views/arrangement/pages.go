// Package arrangement holds the pages of the register of mutual recognition arrangements.
package arrangement

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	app "trustedtrader/app/arrangement"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/programme"
	"trustedtrader/app/recognition"
	"trustedtrader/views/ui"
)

// Path is the address of an arrangement at the desk.
func Path(code, tail string) string { return "/desk/arrangements/" + code + tail }

// ListPage is the register.
type ListPage struct {
	ui.Chrome
	List app.List
	Late int // notices that partners have not acknowledged in time
}

func (p ListPage) page(step int) string {
	f := p.List.Filter
	n := f.Page + step
	if n < 1 || n > p.List.Pages() {
		return ""
	}
	q := url.Values{"page": {strconv.Itoa(n)}}
	if f.Ours {
		q.Set("ours", "yes")
	}
	if f.State != "" {
		q.Set("state", string(f.State))
	}
	if f.Find != "" {
		q.Set("find", f.Find)
	}
	return "/desk/arrangements?" + q.Encode()
}

// dates is when an arrangement was signed and came into force, on one line.
func dates(ctx context.Context, a app.Arrangement) string {
	switch {
	case a.Signed == "" && a.InForce == "":
		return i18n.T(ctx, "Not found")
	case a.InForce == "":
		return i18n.T(ctx, "Signed %s", published(ctx, a.Signed))
	case a.Signed == "":
		return i18n.T(ctx, "In force %s", published(ctx, a.InForce))
	}
	return i18n.T(ctx, "Signed %[1]s; in force %[2]s", published(ctx, a.Signed), published(ctx, a.InForce))
}

// LatePage is what partners have not acknowledged in time.
type LatePage struct {
	ui.Chrome
	Late  recognition.Late
	Rules *app.Register
	Zone  *time.Location
}

func (p LatePage) chosen() bool { return p.Late.Agency != uuid.Nil }

func latePath(agency uuid.UUID) string { return "/desk/arrangements/late?agency=" + agency.String() }

func (p LatePage) page(step int) string {
	n := p.Late.Page + step
	if n < 1 || step > 0 && !p.Late.More {
		return ""
	}
	q := url.Values{"page": {strconv.Itoa(n)}}
	if p.chosen() {
		q.Set("agency", p.Late.Agency.String())
	}
	return "/desk/arrangements/late?" + q.Encode()
}

func lateKind(kind string) string {
	return map[string]string{recognition.Lost: "A member takes part no more", recognition.Suspension: "A membership is suspended"}[kind]
}

// Page is one arrangement. Act is the form that was refused, with what it held.
type Page struct {
	ui.Chrome
	Record     app.Record
	Speeds     []recognition.Speed
	Programmes *programme.Register
	Zone       *time.Location
	Act        string
	Typed      map[string]string
	Days       map[string]ui.DateValue
	Errors     []fault.Field
	Conflict   *fault.Error
}

func (p Page) typed(act, field string) string {
	if p.Act != act {
		return ""
	}
	return p.Typed[field]
}

func (p Page) errorsOf(act string) []fault.Field {
	if p.Act != act {
		return nil
	}
	return p.Errors
}

// Tone is the tone of a state.
func Tone(s app.State) ui.Kind {
	switch s {
	case app.Running:
		return ui.Good
	case app.OnHold:
		return ui.Bad
	case app.Agreed, app.Planned:
		return ui.Waiting
	}
	return ui.Neutral
}

// published is a date as it was published, in words.
func published(ctx context.Context, d app.Date) string {
	if d == "" {
		return i18n.T(ctx, "Not found")
	}
	if len(d) == len(time.DateOnly) {
		if t, err := time.Parse(time.DateOnly, string(d)); err == nil {
			return i18n.Date(ctx, t)
		}
	}
	return i18n.T(ctx, "%s, the day was not published", string(d))
}

func (p ListPage) states(ctx context.Context) (out []ui.Option) {
	for _, s := range app.States() {
		out = append(out, ui.Option{Value: string(s), Label: fmt.Sprintf("%s (%d)", i18n.T(ctx, s.Name()), p.List.Counts[s])})
	}
	return out
}

func (p ListPage) ours() string {
	if p.List.Filter.Ours {
		return "yes"
	}
	return ""
}

func kindName(ctx context.Context, kind string) string {
	if kind == "plurilateral" {
		return i18n.T(ctx, "Of several")
	}
	return i18n.T(ctx, "Of two")
}

func confidence(ctx context.Context, c string) string {
	return map[string]string{"high": i18n.T(ctx, "High"), "medium": i18n.T(ctx, "Medium"), "low": i18n.T(ctx, "Low")}[c]
}

func countries(ctx context.Context, list []string) string {
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = i18n.Country(ctx, c)
	}
	return strings.Join(names, ", ")
}

func (p Page) facts(ctx context.Context) []ui.Pair {
	a := p.Record.Arrangement
	out := []ui.Pair{{Key: i18n.T(ctx, "Signed"), Value: published(ctx, a.Signed)}, {Key: i18n.T(ctx, "In force"), Value: published(ctx, a.InForce)},
		{Key: i18n.T(ctx, "Kind"), Value: kindName(ctx, a.Kind)}, {Key: i18n.T(ctx, "How sure the dates are"), Value: confidence(ctx, a.Confidence)}}
	return out
}

func flowName(ctx context.Context, flow string) string {
	if flow == app.HomeToPartner {
		return i18n.T(ctx, "Goods that arrive at the partner")
	}
	return i18n.T(ctx, "Goods that arrive here")
}

// names puts codes of a programme in words; none: everybody.
func (p Page) names(ctx context.Context, home string, codes []string, name func(*programme.Programme, string) string) string {
	if len(codes) == 0 {
		return i18n.T(ctx, "All")
	}
	x, ok := p.Programmes.Get(home)
	if !ok {
		return strings.Join(codes, ", ")
	}
	out := make([]string, len(codes))
	for i, c := range codes {
		out[i] = i18n.T(ctx, name(x, c))
	}
	return strings.Join(out, ", ")
}

func entityName(x *programme.Programme, c string) string { e, _ := x.EntityType(c); return e.Name }
func tierName(x *programme.Programme, c string) string   { t, _ := x.Tier(c); return t.Name }
func typeName(x *programme.Programme, c string) string {
	for _, t := range x.Standing.Types {
		if t.Code == c {
			return t.Name
		}
	}
	return c
}

func (p Page) programme(code string) string {
	if x, ok := p.Programmes.Get(code); ok {
		return x.ShortName
	}
	return code
}

func (p Page) rules(ctx context.Context, o app.Operative) []ui.Pair {
	frequency := map[string]string{"never": i18n.T(ctx, "Never"), "daily": i18n.T(ctx, "Daily"), "weekly": i18n.T(ctx, "Weekly"), "monthly": i18n.T(ctx, "Monthly"), "quarterly": i18n.T(ctx, "Quarterly"), "yearly": i18n.T(ctx, "Yearly")}
	channel := map[string]string{"automatic": i18n.T(ctx, "automatic"), "spreadsheet": i18n.T(ctx, "by spreadsheet"), "other": i18n.T(ctx, "by other means")}
	contacts := make([]string, len(o.Contacts))
	for i, c := range o.Contacts {
		contacts[i] = i18n.T(ctx, c.Role) + ": " + c.Address
	}
	checks := i18n.T(ctx, "No")
	if o.MembersSeeChecks {
		checks = i18n.T(ctx, "Yes")
	}
	text, _ := p.Record.Rules.Text(o.Consent)
	mode := i18n.T(ctx, "One for each arrangement")
	if text.Mode == app.General {
		mode = i18n.T(ctx, "One for all partners")
	}
	return []ui.Pair{{Key: i18n.T(ctx, "Partner programme"), Value: o.Partner + ", " + o.Authority}, {Key: i18n.T(ctx, "Countries"), Value: countries(ctx, o.Countries)},
		{Key: i18n.T(ctx, "Their members whom we recognize"), Value: i18n.T(ctx, o.PartnerTypes)}, {Key: i18n.T(ctx, "Consent"), Value: mode},
		{Key: i18n.T(ctx, "Exchange"), Value: frequency[o.Exchange.Frequency] + ", " + channel[o.Exchange.Channel]}, {Key: i18n.T(ctx, "Number to declare"), Value: i18n.T(ctx, o.Identifiers.Declare.What)},
		{Key: i18n.T(ctx, "Records are kept for"), Value: i18n.N(ctx, "%d year", "%d years", o.RetentionYears)}, {Key: i18n.T(ctx, "Members see how often they are checked"), Value: checks},
		{Key: i18n.T(ctx, "Desk of the partner"), Value: strings.Join(contacts, "; ")}}
}

// seconds is a duration in words that a person compares at a glance.
func seconds(ctx context.Context, s *float64) string {
	if s == nil {
		return "–"
	}
	switch d := time.Duration(*s * float64(time.Second)); {
	case d < 2*time.Minute:
		return i18n.T(ctx, "%s s", strconv.Itoa(int(d.Seconds()+0.5)))
	case d < 2*time.Hour:
		return i18n.T(ctx, "%s min", strconv.Itoa(int(d.Minutes()+0.5)))
	default:
		return i18n.T(ctx, "%s h", strconv.Itoa(int(d.Hours()+0.5)))
	}
}

func (p Page) phases(ctx context.Context) (out []ui.Step) {
	for _, x := range p.Record.Rules.Phases {
		s := ui.Step{Label: i18n.T(ctx, x.Name), State: ui.StepTodo, Note: i18n.T(ctx, x.Help)}
		if on, ok := p.Record.Life.Reached(x.Code, p.Record.Known); ok {
			s.State, s.Actual = ui.StepDone, on.Text(ctx)
		}
		out = append(out, s)
	}
	return out
}

func (p Page) phaseOptions(ctx context.Context) (out []ui.Option) {
	for _, x := range p.Record.Rules.Phases {
		out = append(out, ui.Option{Value: x.Code, Label: i18n.T(ctx, x.Name)})
	}
	return out
}

func (p Page) kindOptions(ctx context.Context) (out []ui.Option) {
	for _, k := range app.Alone() {
		out = append(out, ui.Option{Value: string(k), Label: i18n.T(ctx, k.Name())})
	}
	return out
}

func stepName(k app.Kind) string {
	return map[app.Kind]string{app.Suspended: "Suspend it", app.Resumed: "Resume it", app.Ended: "End it"}[k]
}

func (p Page) stepOptions(ctx context.Context) (out []ui.Option) {
	for _, k := range app.Together() {
		out = append(out, ui.Option{Value: string(k), Label: i18n.T(ctx, stepName(k))})
	}
	return out
}

func (p Page) agencyOptions() (out []ui.Option) {
	for _, a := range p.Record.Agencies {
		if a.Since == nil {
			out = append(out, ui.Option{Value: a.ID.String(), Label: a.Name})
		}
	}
	return out
}

func (p Page) eventName(ctx context.Context, e app.Event) string {
	if e.Kind == app.Phase {
		if x, ok := p.Record.Rules.Phase(e.Phase); ok {
			return i18n.T(ctx, "Phase reached: %s", i18n.T(ctx, x.Name))
		}
	}
	return i18n.T(ctx, e.Kind.Name())
}

func (p Page) alone(e app.Event) bool {
	return p.Record.May.Keep && e.Kind != app.Overturned && (e.Kind == app.Phase || e.Kind == app.Signature || e.Kind == app.Start) && !p.Record.Life.Fallen(e.ID, p.Record.Known)
}

func decisionName(p app.Proposal) string {
	return map[string]string{"": "Waits for a decision", "approved": "Approved", "refused": "Refused", "taken_back": "Taken back"}[p.Decision]
}

func proposalTone(p app.Proposal) ui.Kind {
	return map[string]ui.Kind{"": ui.Waiting, "approved": ui.Good, "refused": ui.Bad}[p.Decision]
}

func proposalPath(p app.Proposal, tail string) string {
	return Path(p.Arrangement, "/proposals/"+p.ID.String()+"/"+tail)
}

func eventPath(code string, id uuid.UUID) string {
	return Path(code, "/events/"+id.String()+"/overturn")
}
