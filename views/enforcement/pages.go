// Package enforcement holds the pages of cases of enforcement: the desk's queue, one case
// with its next step, and what the company sees, answers and plans.
package enforcement

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/appeal"
	app "trustedtrader/app/enforcement"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/incident"
	"trustedtrader/app/programme"
	"trustedtrader/views/ui"
)

// DeskPath is the address of a case at the desk, and Path that for its company.
func DeskPath(id uuid.UUID, tail string) string { return "/desk/enforcement/" + id.String() + tail }
func Path(id uuid.UUID, tail string) string     { return "/enforcement/" + id.String() + tail }

// Field names a field of the form of a step: several forms stand on one page.
func Field(do, name string) string { return do + "-" + name }

// QueuePage is one page of the cases at the desk.
type QueuePage struct {
	ui.Chrome
	Queue      app.Queue
	Programmes []*programme.Programme
}

// Page is one case. Act is the step whose form was refused, with what it held.
type Page struct {
	ui.Chrome
	Record   app.Record
	MayShow  bool
	Act      string
	Typed    map[string]string
	Lists    map[string][]string // of fields that may come several times
	Day      ui.DateValue
	Errors   []fault.Field
	Conflict *fault.Error
}

// ProposePage is the form of a proposal with its weighing sheet.
type ProposePage struct {
	ui.Chrome
	Record  app.Record
	Entered app.ProposalEntry
	Until   ui.DateValue
	Errors  []fault.Field
}

// OpenPage opens a case about a membership.
type OpenPage struct {
	ui.Chrome
	Start   app.Start
	Entered app.OpenEntry
	Errors  []fault.Field
}

// RequestPage asks for a suspension of one's own membership.
type RequestPage struct {
	ui.Chrome
	Start   app.Start
	Entered app.RequestEntry
	Until   ui.DateValue
	Errors  []fault.Field
}

// Tone is the tone of a case's state.
func Tone(s app.Status) ui.Kind {
	switch s {
	case app.Investigating:
		return ui.Info
	case app.Proposed, app.Notified, app.Answered, app.EndProposed:
		return ui.Waiting
	case app.Emergency, app.InForce:
		return ui.Bad
	}
	return ui.Neutral
}

func queuePath(f app.Filter, change func(*app.Filter)) string {
	change(&f)
	return ui.Address("/desk/enforcement", "queue", string(f.Queue), "programme", f.Programme, "ground", f.Ground, "source", f.Source, "after", f.After)
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

// grounds are those of every programme, each code once.
func (p QueuePage) grounds(ctx context.Context) (out []ui.Option) {
	seen := map[string]bool{}
	for _, x := range p.Programmes {
		for _, g := range x.Enforcement.Grounds {
			if !seen[g.Code] {
				out = append(out, ui.Option{Value: g.Code, Label: i18n.T(ctx, g.Name)})
			}
			seen[g.Code] = true
		}
	}
	return out
}

func sources() []string {
	return []string{app.FromIncident, app.FromFinding, app.FromValidation, app.FromReview, app.FromRequest, app.ByHand}
}

func sourceOptions(ctx context.Context) (out []ui.Option) {
	for _, s := range sources() {
		out = append(out, ui.Option{Value: s, Label: i18n.T(ctx, app.SourceName(s))})
	}
	return out
}

func listedPath(l app.Listed, desk bool) string {
	if desk {
		return DeskPath(l.ID, "")
	}
	return Path(l.ID, "")
}

// sourceHref leads to the record from which a case was opened; empty: there is none.
func sourceHref(r app.Record) string {
	if r.SourceID == nil {
		return ""
	}
	at := map[string]string{app.FromIncident: "/desk/incidents/", app.FromFinding: "/desk/findings/", app.FromValidation: "/desk/validations/", app.FromReview: "/desk/profiles/"}[r.SourceKind]
	if at == "" {
		return ""
	}
	return at + r.SourceID.String()
}

func (p Page) facts(ctx context.Context, desk bool) []ui.Pair {
	r := p.Record
	out := []ui.Pair{{Key: i18n.T(ctx, "Membership"), Content: link("/memberships/"+r.MembershipID.String(), r.Member)}}
	if r.Since != nil {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "In force since"), Value: r.Since.Text(ctx)})
	}
	if r.UntilOn != nil {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Last day"), Value: r.UntilOn.Text(ctx)})
	}
	if g := r.GroundOf(r.Ground); g.Name != "" && (desk || r.DecidedAt != nil) {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Ground"), Value: i18n.T(ctx, g.Name) + " (" + g.Source + ")"})
	}
	if r.WishOn != nil {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "The company asks for a suspension until"), Value: r.WishOn.Text(ctx)})
	}
	if !desk {
		return out
	}
	worker := r.Worker
	if worker == "" {
		worker = i18n.T(ctx, "Nobody yet")
	}
	source := ui.Pair{Key: i18n.T(ctx, "Opened from"), Value: i18n.T(ctx, app.SourceName(r.SourceKind))}
	if href := sourceHref(r); href != "" {
		source.Content = link(href, source.Value)
	}
	return append(out, ui.Pair{Key: i18n.T(ctx, "Company"), Content: link("/desk/companies/"+r.CompanyID.String(), r.Company)}, source,
		ui.Pair{Key: i18n.T(ctx, "Opened"), Content: ui.DateTime(r.OpenedAt, r.Zone)}, ui.Pair{Key: i18n.T(ctx, "Works on it"), Value: worker})
}

// held says what is in force, in one line.
func held(ctx context.Context, r app.Record) string {
	switch {
	case len(r.Suspended) > 0:
		return i18n.T(ctx, "Suspended") + names(ctx, r, r.Suspended)
	case len(r.Limited) > 0:
		var list []string
		for _, code := range r.Benefits {
			if b, ok := r.Rules.Standing.Benefit(code); ok {
				list = append(list, i18n.T(ctx, b.Name))
			}
		}
		return i18n.T(ctx, "Benefits denied: %s", join(list))
	}
	return ""
}

func join(list []string) string {
	out := ""
	for n, x := range list {
		if n > 0 {
			out += ", "
		}
		out += x
	}
	return out
}

func names(ctx context.Context, r app.Record, codes app.Codes) string {
	if len(r.Types) < 2 {
		return ""
	}
	var list []string
	for _, code := range codes {
		if t, ok := r.Rules.Standing.Type(code); ok {
			list = append(list, i18n.T(ctx, t.Name))
		}
	}
	return ": " + join(list)
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

func (p Page) day(do string) ui.DateValue {
	if p.Act != do {
		return ui.DateValue{}
	}
	return p.Day
}

func (p Page) list(do, field string) []string {
	if p.Act != do {
		return nil
	}
	return p.Lists[field]
}

// measureOptions are the measures that any ground allows.
func measureOptions(ctx context.Context, p *programme.Programme) (out []ui.Option) {
	for _, m := range programme.Measures() {
		if slices.ContainsFunc(p.Enforcement.Grounds, func(g programme.Ground) bool { return g.Allows(m) }) {
			out = append(out, ui.Option{Value: m, Label: i18n.T(ctx, p.MeasureName(m))})
		}
	}
	return out
}

// groundOptions are the grounds that fit a case, with what each allows.
func groundOptions(ctx context.Context, r app.Record, emergency bool) (out []ui.Option) {
	for _, g := range r.Rules.Enforcement.Grounds {
		if g.Own && r.SourceKind != app.FromRequest || emergency && !g.Emergency {
			continue
		}
		var list []string
		for _, m := range g.Measures {
			list = append(list, i18n.T(ctx, r.Rules.MeasureName(m)))
		}
		out = append(out, ui.Option{Value: g.Code, Label: i18n.T(ctx, g.Name), Hint: i18n.T(ctx, g.Help) + " " + i18n.T(ctx, "Allows: %s. Source: %s.", join(list), g.Source)})
	}
	return out
}

func liftOptions(ctx context.Context, r app.Record) (out []ui.Option) {
	for _, l := range r.Rules.Enforcement.Lifting {
		out = append(out, ui.Option{Value: l.Code, Label: i18n.T(ctx, l.Name), Hint: i18n.T(ctx, l.Help)})
	}
	return out
}

func typeOptions(ctx context.Context, r app.Record) (out []ui.Option) {
	for _, code := range r.Types {
		if t, ok := r.Rules.Standing.Type(code); ok {
			out = append(out, ui.Option{Value: code, Label: i18n.T(ctx, t.Name), Hint: i18n.T(ctx, t.Help)})
		}
	}
	return out
}

func benefitOptions(ctx context.Context, r app.Record) (out []ui.Option) {
	for _, b := range r.Rules.Standing.Benefits {
		out = append(out, ui.Option{Value: b.Code, Label: i18n.T(ctx, b.Name), Hint: i18n.T(ctx, b.Help)})
	}
	return out
}

func answerOptions(ctx context.Context, w programme.Weigh) (out []ui.Option) {
	for _, a := range w.Answers {
		out = append(out, ui.Option{Value: a.Code, Label: i18n.T(ctx, a.Name), Hint: i18n.T(ctx, "Points: %d", a.Points)})
	}
	return out
}

func incidentOptions(ctx context.Context, p *programme.Programme, list []incident.Item) (out []ui.Option) {
	for _, i := range list {
		k, _ := p.Enforcement.Incidents.Kind(i.Kind)
		out = append(out, ui.Option{Value: i.ID.String(), Label: i.Reference + ": " + i18n.T(ctx, k.Name), Hint: i.OccurredOn.Text(ctx) + ", " + i.Place})
	}
	return out
}

func ids(list []uuid.UUID) (out []string) {
	for _, id := range list {
		out = append(out, id.String())
	}
	return out
}

// bandsText says which points suggest which measure.
func bandsText(ctx context.Context, p *programme.Programme) string {
	var list []string
	for n, b := range p.Enforcement.Bands {
		from := i18n.T(ctx, "from %d points", b.From)
		if n == 0 {
			from = i18n.T(ctx, "fewer points")
		}
		list = append(list, from+": "+i18n.T(ctx, p.MeasureName(b.Measure)))
	}
	return join(list)
}

// outcome is how a case ended.
func outcome(ctx context.Context, p *programme.Programme, code string) string {
	switch code {
	case "":
		return ""
	case "ended":
		return i18n.T(ctx, "Ended")
	case "overturned":
		return i18n.T(ctx, "Decision overturned")
	}
	if p == nil {
		return code
	}
	return i18n.T(ctx, p.MeasureName(code))
}

// events are the history of a case for its timeline.
func events(ctx context.Context, r app.Record) (out []ui.Event) {
	for _, e := range slices.Backward(r.History) {
		text := e.Body
		if e.Internal {
			text = i18n.T(ctx, "Not shown to the company.") + " " + text
		}
		out = append(out, ui.Event{At: e.At, Zone: r.Zone, Title: i18n.T(ctx, entryName(e.What)), Text: text, Actor: e.Author, Kind: entryTone(e.What)})
	}
	return out
}

// entryName says in words what an entry of the history is (English source text).
func entryName(what string) string {
	return map[string]string{"open": "Case opened", "request": "Suspension asked for", "link": "Incidents taken up", "take": "Taken", "note": "Internal note", "propose": "Proposed",
		"recall": "Proposal taken back", "notify": "Notice sent", "answer": "Answer to the notice", "approve": "Decided", "return": "Proposal sent back",
		"suspend_at_once": "Suspended at once", "confirm": "Suspension confirmed", "lift": "Suspension lifted", "extend": "Suspension prolonged", "keep_day": "The day stays",
		"propose_end": "End proposed", "recall_end": "Proposed end taken back", "approve_end": "Ended", "return_end": "Proposed end sent back", "publish": "Published",
		"overturn": "Decision overturned", "answer_suspension": "Answer to the suspension", "report_cure": "Conditions met again", "ask_for_time": "More time asked for",
		"consent": "Consent signed", "add_item": "Item added to the plan", "change_item": "Item of the plan changed", "drop_item": "Item taken out of the plan", "send_plan": "Plan sent",
		"accept_plan": "Plan accepted", "return_plan": "Plan sent back", "done_item": "Item done", "verify_item": "Item verified", "return_item": "Item not done yet",
		"time_over": "Last day passed", "unconfirmed": "Not confirmed in time"}[what]
}

func entryTone(what string) ui.Kind {
	switch what {
	case "suspend_at_once", "time_over", "unconfirmed":
		return ui.Bad
	case "approve_end", "verify_item", "accept_plan", "lift":
		return ui.Good
	case "notify", "propose", "propose_end", "ask_for_time":
		return ui.Waiting
	}
	return ui.Info
}

func itemTone(s app.ItemStatus) ui.Kind {
	return map[app.ItemStatus]ui.Kind{app.ItemDone: ui.Waiting, app.ItemVerified: ui.Good}[s]
}

// late reports whether an item's day has passed.
func late(r app.Record, i app.Item) bool { return i.Status == app.ItemOpen && i.DueOn.Before(r.Today) }

// nextStep says what a person of the agency does next, in one sentence.
func nextStep(ctx context.Context, r app.Record) string {
	switch {
	case r.May.WhyNot != "":
		return i18n.T(ctx, r.May.WhyNot)
	case r.Case.Status == app.Investigating:
		return i18n.T(ctx, "Look into the case, then propose what is to be decided.")
	case r.Case.Status == app.Proposed && r.May.Can(app.Notify):
		return i18n.T(ctx, "Send the notice. The company has time to answer before anything is decided.")
	case r.Case.Status == app.Notified && !r.May.Can(app.Approve):
		return i18n.T(ctx, "The company has time to answer. Time that runs out decides nothing: a second person does.")
	case r.Case.Status == app.Emergency:
		return i18n.T(ctx, "A second person confirms the suspension or lifts it.")
	case r.Case.Status == app.EndProposed:
		return i18n.T(ctx, "A second person decides on the end.")
	case r.Current() != nil:
		return i18n.T(ctx, "A second person decides: a supervisor or headquarters, other than the proposer.")
	case r.Case.Status == app.InForce && len(r.Lacks) == 0:
		return i18n.T(ctx, "Nothing stands against an end. Propose it when you agree.")
	case r.Case.Status == app.InForce:
		return i18n.T(ctx, "It goes on until these points are settled, or something else is decided.")
	}
	return i18n.T(ctx, "This case is closed.")
}

// atDay is a moment as a day.
func atDay(ctx context.Context, t *time.Time, zone *time.Location) string {
	if t == nil {
		return ""
	}
	return i18n.Date(ctx, t.In(zone))
}

// mayAppeal reports whether something was decided against the company and no appeal is open.
func (p Page) mayAppeal() bool {
	if p.Record.DecidedAt == nil && p.Record.EmergencyAt == nil {
		return false
	}
	for _, a := range p.Record.Appeals {
		if appeal.Status(a.Status) != appeal.Withdrawn {
			return false
		}
	}
	return p.Record.Held() || p.Record.Outcome == programme.Remove || p.Record.Outcome == programme.Annul
}

func appealPath(desk bool) string {
	if desk {
		return "/desk/appeals/"
	}
	return "/appeals/"
}

func appealState(ctx context.Context, a app.Appealed) string {
	if s := appeal.Status(a.Status); s != appeal.Decided {
		return i18n.T(ctx, s.Name())
	}
	return i18n.T(ctx, appeal.Outcome(a.Outcome).Name())
}
