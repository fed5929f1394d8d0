// Package incident holds the pages of the register of incidents: the desk's queue, one
// incident, its form, and the company's reports.
package incident

import (
	"context"
	"strconv"

	"github.com/google/uuid"

	"trustedtrader/app/enforcement"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	app "trustedtrader/app/incident"
	"trustedtrader/app/programme"
	"trustedtrader/views/ui"
)

// DeskPath is the address of an incident at the desk, and Path that for its company.
func DeskPath(id uuid.UUID, tail string) string { return "/desk/incidents/" + id.String() + tail }
func Path(id uuid.UUID, tail string) string     { return "/incidents/" + id.String() + tail }

// Field names a field of the form of an action: several forms stand on one page.
func Field(do, name string) string { return do + "-" + name }

// QueuePage is one page of the register at the desk.
type QueuePage struct {
	ui.Chrome
	Queue      app.Queue
	Programmes []*programme.Programme
}

// Page is one incident. Act is the step whose form was refused, with what it held.
type Page struct {
	ui.Chrome
	Record   app.Record
	MayShow  bool
	Act      string
	Typed    map[string]string
	Errors   []fault.Field
	Conflict *fault.Error
}

// FormPage enters an incident, or completes one. The days are as typed.
type FormPage struct {
	ui.Chrome
	Start                app.Start
	Edit                 bool // it stands in the register already
	Told                 bool // the company reported it, so how we learned of it is known
	Entered              app.Entry
	From, Until, FoundOn ui.DateValue
	Likely               []app.Likely // that are to be ruled out
	Errors               []fault.Field
	Conflict             *fault.Error
}

// ListPage is what a company has reported, and the cases that it was told of.
type ListPage struct {
	ui.Chrome
	Items      []app.Item
	Cases      []enforcement.Listed
	Programmes []*programme.Programme
	Reports    bool // the reader may report
}

// Tone is the tone of an incident's state.
func Tone(s app.Status) ui.Kind {
	return map[app.Status]ui.Kind{app.Reported: ui.Info, app.LookedInto: ui.Waiting, app.Passed: ui.Bad}[s]
}

func queuePath(f app.Filter, change func(*app.Filter)) string {
	change(&f)
	return ui.Address("/desk/incidents", "queue", string(f.Queue), "programme", f.Programme, "kind", f.Kind, "source", f.Source, "company", f.Company, "after", f.After)
}

func (p QueuePage) tabs(ctx context.Context) (out []ui.Tab) {
	for _, name := range app.Queues() {
		n := p.Queue.Counts[name]
		text := strconv.Itoa(n)
		if n >= app.MostCounted {
			text += "+"
		}
		out = append(out, ui.Tab{Label: i18n.T(ctx, name.Name()), Href: queuePath(app.Filter{Queue: name}, func(*app.Filter) {}), Current: p.Queue.Filter.Queue == name, Count: text})
	}
	return out
}

func (p QueuePage) next() string {
	if p.Queue.Next == "" {
		return ""
	}
	return queuePath(p.Queue.Filter, func(f *app.Filter) { f.After = p.Queue.Next })
}

func (p QueuePage) first() string {
	if p.Queue.Filter.After == "" {
		return ""
	}
	return queuePath(p.Queue.Filter, func(f *app.Filter) { f.After = "" })
}

// kindName is a kind of incident in the words of a programme.
func kindName(ctx context.Context, list []*programme.Programme, code, kind string) string {
	for _, p := range list {
		if p.Code == code {
			if k, ok := p.Enforcement.Incidents.Kind(kind); ok {
				return i18n.T(ctx, k.Name)
			}
		}
	}
	return kind
}

func (p QueuePage) kind(ctx context.Context, i app.Item) string {
	return kindName(ctx, p.Programmes, i.Programme, i.Kind)
}

func (p ListPage) kind(ctx context.Context, i app.Item) string {
	return kindName(ctx, p.Programmes, i.Programme, i.Kind)
}

// kinds are those of every programme, each code once.
func (p QueuePage) kinds(ctx context.Context) (out []ui.Option) {
	seen := map[string]bool{}
	for _, x := range p.Programmes {
		for _, k := range x.Enforcement.Incidents.Kinds {
			if !seen[k.Code] {
				out = append(out, ui.Option{Value: k.Code, Label: i18n.T(ctx, k.Name)})
			}
			seen[k.Code] = true
		}
	}
	return out
}

func sourceOptions(ctx context.Context) []ui.Option {
	return []ui.Option{{Value: "self", Label: i18n.T(ctx, "Reported by the company")}, {Value: "agency", Label: i18n.T(ctx, "Registered by us")}}
}

func (p FormPage) kindOptions(ctx context.Context) (out []ui.Option) {
	for _, k := range p.Start.Rules.Enforcement.Incidents.Kinds {
		out = append(out, ui.Option{Value: k.Code, Label: i18n.T(ctx, k.Name), Hint: i18n.T(ctx, k.Help)})
	}
	return out
}

func (p FormPage) wayOptions(ctx context.Context) (out []ui.Option) {
	for _, k := range p.Start.Rules.Enforcement.Incidents.Ways {
		out = append(out, ui.Option{Value: k.Code, Label: i18n.T(ctx, k.Name), Hint: i18n.T(ctx, k.Help)})
	}
	return out
}

func (p FormPage) memberOptions() (out []ui.Option) {
	for _, m := range p.Start.Members {
		out = append(out, ui.Option{Value: m.ID.String(), Label: m.Number})
	}
	return out
}

func (p FormPage) action() string {
	switch {
	case p.Edit:
		return DeskPath(p.Entered.ID, "/edit")
	case p.Start.Ours:
		return "/incidents/new"
	}
	return "/desk/incidents/new?company=" + p.Start.Company.String()
}

func (p FormPage) back() string {
	switch {
	case p.Edit:
		return DeskPath(p.Entered.ID, "")
	case p.Start.Ours:
		return "/incidents"
	}
	return "/desk/companies/" + p.Start.Company.String()
}

// typed is what a field held when the form of a step was refused.
func (p Page) typed(do, field string) string {
	if p.Act != do {
		return ""
	}
	return p.Typed[field]
}

func (p Page) errorsOf(do string) []fault.Field {
	if p.Act != do {
		return nil
	}
	return p.Errors
}

// when is the day on which it happened, or the days between which it did.
func when(ctx context.Context, i app.Incident) string {
	if i.Exact() {
		return i.OccurredOn.Text(ctx)
	}
	return i18n.T(ctx, "Between %s and %s", i.OccurredOn.Text(ctx), i.OccurredUntil.Text(ctx))
}

// how is how the agency learned of it.
func how(ctx context.Context, r app.Record) string {
	if r.SelfReported {
		return i18n.T(ctx, "Reported by the company")
	}
	w, _ := r.Rules.Enforcement.Incidents.Way(r.Way)
	if r.ToldBy != "" {
		return i18n.T(ctx, w.Name) + ": " + r.ToldBy
	}
	return i18n.T(ctx, w.Name)
}

func (p Page) facts(ctx context.Context, desk bool) []ui.Pair {
	r := p.Record
	kind, _ := r.Rules.Enforcement.Incidents.Kind(r.Incident.Kind)
	member := r.Member
	if member == "" {
		member = i18n.T(ctx, "The company as a whole")
	}
	out := []ui.Pair{{Key: i18n.T(ctx, "Kind"), Value: i18n.T(ctx, kind.Name)}, {Key: i18n.T(ctx, "Where"), Value: r.Place}, {Key: i18n.T(ctx, "When"), Value: when(ctx, r.Incident)},
		{Key: i18n.T(ctx, "Found on"), Value: r.FoundOn.Text(ctx)}, {Key: i18n.T(ctx, "Number"), Value: r.Number}, {Key: i18n.T(ctx, "Membership"), Value: member}}
	if !desk {
		return out
	}
	return append(out, ui.Pair{Key: i18n.T(ctx, "Company"), Content: link("/desk/companies/"+r.CompanyID.String(), r.Company)},
		ui.Pair{Key: i18n.T(ctx, "How we learned of it"), Value: how(ctx, r)}, ui.Pair{Key: i18n.T(ctx, "Registered"), Content: ui.DateTime(r.RegisteredAt, r.Zone)},
		ui.Pair{Key: i18n.T(ctx, "By"), Value: r.Author})
}

func closeHint(ctx context.Context, r app.Record) string {
	if r.SelfReported {
		return i18n.T(ctx, "The company reads this")
	}
	return ""
}

func formLead(ctx context.Context, p FormPage) string {
	if p.Start.Ours {
		return i18n.T(ctx, "Tell us as soon as you know. A report that comes before we hear of it elsewhere counts for your company.")
	}
	return i18n.T(ctx, "The company does not see it until it is told of a case.")
}

func submitLabel(ctx context.Context, p FormPage) string {
	switch {
	case p.Edit:
		return i18n.T(ctx, "Save")
	case p.Start.Ours:
		return i18n.T(ctx, "Send the report")
	}
	return i18n.T(ctx, "Register it")
}
