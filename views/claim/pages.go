package claim

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	app "trustedtrader/app/claim"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/programme"
	"trustedtrader/views/ui"
)

// Path is the page of a claim for its company, DeskPath the one for the agency, and AgencyPath
// the question about it for the partner.
func Path(id uuid.UUID, rest string) string       { return "/benefits/claims/" + id.String() + rest }
func DeskPath(id uuid.UUID, rest string) string   { return "/desk/claims/" + id.String() + rest }
func AgencyPath(id uuid.UUID, rest string) string { return "/agency/claims/" + id.String() + rest }

// FormPath is the form of a claim about a benefit of a membership.
func FormPath(membership uuid.UUID, benefit string) string {
	return ui.Address("/memberships/"+membership.String()+"/claim", "benefit", benefit)
}

// plain is a count.
func plain(n int) string { return strconv.Itoa(n) }

// FormPage is the form of a claim.
type FormPage struct {
	ui.Chrome
	Form     app.Form
	Register *arrangement.Register
	Typed    map[string]string
	From, To ui.DateValue
	Errors   []fault.Field
	Conflict *fault.Error
}

func (p FormPage) benefits(ctx context.Context) (out []ui.Option) {
	for _, c := range p.Form.Choices {
		o := ui.Option{Value: c.Benefit.Code, Label: i18n.T(ctx, c.Benefit.Name), Hint: i18n.T(ctx, c.Benefit.Help)}
		if !c.Now {
			o.Hint = i18n.T(ctx, "The membership had it earlier, and has not today.")
		}
		out = append(out, o)
	}
	return out
}

// abroad reports whether a partner abroad gives one of the benefits.
func (p FormPage) abroad() bool {
	for _, c := range p.Form.Choices {
		if c.Benefit.Abroad {
			return true
		}
	}
	return false
}

func (p FormPage) partners() (out []ui.Option) {
	for _, x := range p.Form.Partners {
		out = append(out, ui.Option{Value: x.Arrangement, Label: title(p.Register, x.Arrangement)})
	}
	return out
}

func title(r *arrangement.Register, code string) string {
	if a, ok := r.Get(code); ok {
		return a.Title()
	}
	return code
}

// Page is a claim, for its company or for the agency.
type Page struct {
	ui.Chrome
	Record   app.Record
	Register *arrangement.Register
	MayShow  bool
	Desk     bool
	Act      app.Action // whose form was refused
	Typed    map[string]string
	Errors   []fault.Field
	Conflict *fault.Error
}

func (p Page) path(rest string) string {
	if p.Desk {
		return DeskPath(p.Record.ID, rest)
	}
	return Path(p.Record.ID, rest)
}

func (p Page) errorsOf(do app.Action) []fault.Field {
	if p.Act == do {
		return p.Errors
	}
	return nil
}

func (p Page) typed(do app.Action, name string) string {
	if p.Act == do {
		return p.Typed[name]
	}
	return ""
}

func benefitName(ctx context.Context, p *programme.Programme, code string) string {
	if p != nil {
		if b, ok := p.Standing.Benefit(code); ok {
			return i18n.T(ctx, b.Name)
		}
	}
	return code
}

func days(ctx context.Context, from, to clock.Day) string {
	if from == to {
		return from.Text(ctx)
	}
	return i18n.T(ctx, "%s to %s", from.Text(ctx), to.Text(ctx))
}

func where(r *arrangement.Register, place, code string) string {
	if code != "" {
		return title(r, code)
	}
	return place
}

func (p Page) facts(ctx context.Context) []ui.Pair {
	r := p.Record
	out := []ui.Pair{{Key: i18n.T(ctx, "Benefit"), Value: benefitName(ctx, r.Rules, r.Benefit)}, {Key: i18n.T(ctx, "When"), Value: days(ctx, r.FirstOn, r.LastOn)},
		{Key: i18n.T(ctx, "Where"), Value: where(p.Register, r.Place, r.Arrangement)}, {Key: i18n.T(ctx, "Membership"), Value: r.Number}}
	if t, ok := r.Rules.Tier(r.Tier); ok {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Tier on that day"), Value: i18n.T(ctx, t.Name)})
	}
	if b, ok := r.Rules.Standing.Benefit(r.Benefit); ok {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Source of the benefit"), Value: b.Source})
	}
	out = append(out, ui.Pair{Key: i18n.T(ctx, "Made"), Value: i18n.DateTime(ctx, r.OpenedAt, r.Zone)})
	if p.Desk {
		who := r.Officer
		if who == "" {
			who = i18n.T(ctx, "Nobody yet")
		}
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Company"), Value: r.Company}, ui.Pair{Key: i18n.T(ctx, "In hand"), Value: who})
	}
	return out
}

// Tone is the tone of a claim's state.
func Tone(s app.Status, o app.Outcome) ui.Kind {
	switch {
	case s.Open():
		return ui.Waiting
	case o == app.NotGiven:
		return ui.Bad
	case o == app.Given:
		return ui.Good
	}
	return ui.Neutral
}

// State is a claim's state in words.
func State(ctx context.Context, s app.Status, o app.Outcome) string {
	if s == app.Answered {
		return i18n.T(ctx, o.Name())
	}
	return i18n.T(ctx, s.Name())
}

func reasonName(ctx context.Context, p *programme.Programme, code string) string {
	if p == nil {
		return code
	}
	if r, ok := p.Standing.Claims.Reason(code); ok {
		return i18n.T(ctx, r.Name)
	}
	if r, ok := p.Standing.Claims.PartnerReason(code); ok {
		return i18n.T(ctx, r.Name)
	}
	return code
}

// reasons are the answers that there are, with what each comes to.
func reasons(ctx context.Context, list []programme.ClaimReason) (out []ui.Option) {
	for _, r := range list {
		hint := r.Text
		if hint != "" {
			hint = i18n.T(ctx, hint)
		}
		out = append(out, ui.Option{Value: r.Code, Label: i18n.T(ctx, app.Outcome(r.Outcome).Name()) + ": " + i18n.T(ctx, r.Name), Hint: hint})
	}
	return out
}

// events are what happened to a claim.
func (p Page) events(ctx context.Context) (out []ui.Event) {
	names := map[app.Action]string{app.Make: "The claim was made", app.Take: "Taken in hand", app.Ask: "The partner was asked", app.Recall: "The question to the partner was taken back",
		app.Reply: "The partner answered", app.Answer: "Answered", app.Withdraw: "Taken back", app.Again: "Asked again"}
	for _, s := range p.Record.Steps {
		e := ui.Event{At: s.At, Zone: p.Record.Zone, Title: i18n.T(ctx, names[s.Kind]), Text: s.Body, Actor: s.Author}
		if s.Outcome != "" {
			e.Title += ": " + i18n.T(ctx, s.Outcome.Name()) + ". " + reasonName(ctx, p.Record.Rules, s.Reason)
		}
		if s.Side == app.ByAgency && !p.Desk {
			e.Actor = i18n.T(ctx, "The agency")
		}
		out = append(out, e)
	}
	return out
}

// ListPage is the claims of a company.
type ListPage struct {
	ui.Chrome
	List       app.List
	Programmes *programme.Register
	Register   *arrangement.Register
}

func (p ListPage) rules(code string) *programme.Programme {
	r, _ := p.Programmes.Get(code)
	return r
}

func (p ListPage) page(step int) string {
	return turn("/benefits/claims?", p.List.Page, step, p.List.More)
}

func turn(path string, page, step int, more bool) string {
	n := page + step
	if n < 1 || step > 0 && !more {
		return ""
	}
	return path + "page=" + strconv.Itoa(n)
}

// QueuePage is a queue of claims at the desk.
type QueuePage struct {
	ui.Chrome
	Queue      app.Queue
	Programmes *programme.Register
	Register   *arrangement.Register
	Everywhere bool // the reader sees every office anyway
	Counts     bool // the reader may see the numbers
}

func (p QueuePage) rules(code string) *programme.Programme {
	r, _ := p.Programmes.Get(code)
	return r
}

func (p QueuePage) address(q app.QueueName) string {
	office := ""
	if p.Queue.Filter.Everybody {
		office = "all"
	}
	return ui.Address("/desk/claims", "queue", string(q), "office", office, "programme", p.Queue.Filter.Programme, "benefit", p.Queue.Filter.Benefit)
}

func (p QueuePage) page(step int) string {
	path := p.address(p.Queue.Filter.Queue)
	if strings.Contains(path, "?") {
		path += "&"
	} else {
		path += "?"
	}
	return turn(path, p.Queue.Page, step, p.Queue.More)
}

func (p QueuePage) tabs(ctx context.Context) (out []ui.Tab) {
	for _, q := range app.Queues() {
		out = append(out, ui.Tab{Label: i18n.T(ctx, q.Name()), Href: p.address(q), Current: q == p.Queue.Filter.Queue, Count: fmt.Sprint(p.Queue.Counts[q])})
	}
	return out
}

func (p QueuePage) benefits(ctx context.Context) (out []ui.Option) {
	seen := map[string]bool{}
	for _, r := range p.Programmes.All() {
		for _, b := range r.Standing.Benefits {
			if !seen[b.Code] {
				out = append(out, ui.Option{Value: b.Code, Label: i18n.T(ctx, b.Name)})
			}
			seen[b.Code] = true
		}
	}
	return out
}

func officeChoices(ctx context.Context) []ui.Option {
	return []ui.Option{{Value: "", Label: i18n.T(ctx, "My office and those below")}, {Value: "all", Label: i18n.T(ctx, "All offices")}}
}

func (p QueuePage) office() string {
	if p.Queue.Filter.Everybody {
		return "all"
	}
	return ""
}

// due is the day of the answer in words.
func due(ctx context.Context, i app.Item) string {
	switch {
	case i.DueOn == nil:
		return "–"
	case i.Paused:
		return i18n.T(ctx, "Stands still")
	}
	return i.DueOn.Text(ctx)
}

// NumbersPage is how many claims came to what.
type NumbersPage struct {
	ui.Chrome
	List       []app.Tally
	Programmes *programme.Register
}

func (p NumbersPage) rules(code string) *programme.Programme {
	r, _ := p.Programmes.Get(code)
	return r
}

// AgencyListPage is what a partner is asked.
type AgencyListPage struct {
	ui.Chrome
	List     app.AgencyList
	Register *arrangement.Register
	Zone     *time.Location
}

func (p AgencyListPage) tabs(ctx context.Context) (out []ui.Tab) {
	for _, s := range app.RequestStatuses() {
		out = append(out, ui.Tab{Label: i18n.T(ctx, s.Name()), Href: "/agency/claims?status=" + string(s), Current: s == p.List.Status, Count: fmt.Sprint(p.List.Counts[s])})
	}
	return out
}

func (p AgencyListPage) page(step int) string {
	return turn("/agency/claims?status="+string(p.List.Status)+"&", p.List.Page, step, p.List.More)
}

// AgencyPage is a question about a claim at the partner.
type AgencyPage struct {
	ui.Chrome
	Question app.Question
	Register *arrangement.Register
	Zone     *time.Location
	Typed    map[string]string
	Errors   []fault.Field
	Conflict *fault.Error
}

func (p AgencyPage) facts(ctx context.Context) []ui.Pair {
	q := p.Question
	name := q.Company
	if name == "" {
		name = i18n.T(ctx, "Not shown: the member does not take part any more")
	}
	out := []ui.Pair{{Key: i18n.T(ctx, "Membership"), Value: q.Number}, {Key: i18n.T(ctx, "Member"), Value: name}}
	if q.PartnerRef != "" {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Your reference"), Value: q.PartnerRef})
	}
	return append(out, ui.Pair{Key: i18n.T(ctx, "Arrangement"), Value: title(p.Register, q.Arrangement)}, ui.Pair{Key: i18n.T(ctx, "When"), Value: days(ctx, q.FirstOn, q.LastOn)})
}
