// Package validation holds the pages of validations and their visits: the queue and the
// records at the desk, what a company answers and prepares, and what a partner agency sees.
package validation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/company"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/programme"
	"trustedtrader/app/roster"
	app "trustedtrader/app/validation"
	"trustedtrader/views/ui"
)

// Base is what every page has: the chrome, what was refused, and the reader's zone.
type Base struct {
	ui.Chrome
	Problems []fault.Field
	Moved    []fault.Change
	Sentence string // why something was refused, as one sentence
	Here     string // address of the page, to see it as it is now
	Zone     *time.Location
}

// Path is the address of a validation's page at the desk, and VisitPath that of a visit.
func Path(id uuid.UUID, tail string) string { return "/desk/validations/" + id.String() + tail }

// VisitPath is the address of a visit's page at the desk.
func VisitPath(id uuid.UUID, tail string) string { return "/desk/visits/" + id.String() + tail }

// CompanyPath is the address of a visit's page for its company.
func CompanyPath(id uuid.UUID, tail string) string { return "/visits/" + id.String() + tail }

// QueuePage is one page of the queue of validations.
type QueuePage struct {
	Base
	Queue      app.Queue
	Programmes []*programme.Programme
}

func queuePath(f app.Filter, change func(*app.Filter)) string {
	change(&f)
	return ui.Address("/desk/validations", "queue", string(f.Queue), "programme", f.Programme, "kind", f.Kind, "status", string(f.Status), "after", f.After)
}

func (p QueuePage) tabs(ctx context.Context) (out []ui.Tab) {
	for _, c := range p.Queue.Counts {
		out = append(out, ui.Tab{Label: i18n.T(ctx, c.Queue.Name()), Count: c.Text(), Current: c.Queue == p.Queue.Filter.Queue,
			Href: queuePath(app.Filter{Queue: c.Queue}, func(*app.Filter) {})})
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

func (p QueuePage) filtered() bool {
	f := p.Queue.Filter
	return f.Programme != "" || f.Kind != "" || f.Status != ""
}

func kindOptions(ctx context.Context) (out []ui.Option) {
	for _, k := range []string{app.First, app.Repeat, app.ForCause, app.BeforeDecision} {
		out = append(out, ui.Option{Value: k, Label: i18n.T(ctx, KindName(k))})
	}
	return out
}

// KindName says why a company is validated, whatever its programme calls it (English source text).
func KindName(kind string) string {
	return map[string]string{app.First: "First validation", app.Repeat: "Validation again", app.ForCause: "For cause", app.BeforeDecision: "Before the decision"}[kind]
}

func statusOptions(ctx context.Context) (out []ui.Option) {
	for _, s := range app.Statuses() {
		out = append(out, ui.Option{Value: string(s), Label: i18n.T(ctx, s.Name())})
	}
	return out
}

// StatusKind is the tone of a validation's state.
func StatusKind(s app.Status) ui.Kind {
	switch s {
	case app.Planned:
		return ui.Neutral
	case app.Notified, app.Visiting:
		return ui.Info
	case app.Visited, app.Issued:
		return ui.Waiting
	case app.Closed:
		return ui.Good
	}
	return ui.Neutral
}

func visitKind(s app.VisitStatus) ui.Kind {
	switch s {
	case app.ToBook:
		return ui.Warn
	case app.Offered:
		return ui.Waiting
	case app.Booked, app.UnderWay:
		return ui.Info
	case app.Done:
		return ui.Good
	}
	return ui.Neutral
}

func offerKind(s app.OfferStatus) ui.Kind {
	switch s {
	case app.Open:
		return ui.Waiting
	case app.Answered:
		return ui.Info
	case app.Unanswered:
		return ui.Bad
	case app.Chosen:
		return ui.Good
	}
	return ui.Neutral
}

func answerName(ctx context.Context, said string) string {
	switch said {
	case app.Yes:
		return i18n.T(ctx, "Yes")
	case app.IfNeeded:
		return i18n.T(ctx, "If needed")
	case app.No:
		return i18n.T(ctx, "No")
	}
	return i18n.T(ctx, "No answer yet")
}

func answerKind(said string) ui.Kind {
	switch said {
	case app.Yes:
		return ui.Good
	case app.IfNeeded:
		return ui.Warn
	case app.No:
		return ui.Bad
	}
	return ui.Neutral
}

// place is the kind of a visit in the programme's words.
func place(ctx context.Context, p *programme.Programme, kind string) string {
	if k, ok := p.Validation.Place(kind); ok {
		return i18n.T(ctx, k.Name)
	}
	return kind
}

// programmeName is the short name of a programme and the kind of member.
func programmeName(ctx context.Context, list []*programme.Programme, code, entity string) string {
	for _, p := range list {
		if p.Code == code {
			if e, ok := p.EntityType(entity); ok {
				return p.ShortName + ", " + i18n.T(ctx, e.Name)
			}
			return p.ShortName
		}
	}
	return code
}

// itemState says in a few words what an open validation waits for.
func itemState(ctx context.Context, i app.Item) string {
	switch {
	case i.Offer == string(app.Unanswered):
		return i18n.T(ctx, "The company did not answer")
	case i.Offer == string(app.Answered):
		return i18n.T(ctx, "The company answered: choose a time")
	case i.Offer == string(app.Open):
		return i18n.T(ctx, "Times wait for the company")
	case i.Status == app.Planned:
		return i18n.T(ctx, "Notify the company")
	case i.ToBook > 0:
		return i18n.N(ctx, "%d visit to book", "%d visits to book", i.ToBook)
	}
	return ""
}

// RecordPage is a validation, at the desk or for its company.
type RecordPage struct {
	Base
	Record app.Record
	Desk   bool
	Links  []Link // to what other parts of the portal have about this validation
	Signs  bool   // the reader may bind the company
	Edits  bool
}

// due is the finding that the company must answer first; nil when none waits for it.
func (p RecordPage) due() (first *app.Found) {
	for i, f := range p.Record.Findings {
		if f.DueOn != nil && (first == nil || f.DueOn.Before(*first.DueOn)) {
			first = &p.Record.Findings[i]
		}
	}
	return first
}

// Link leads to a part of a validation that has pages of its own.
type Link struct{ Label, Href, Text string }

func (p RecordPage) visitHref(x app.VisitItem) string {
	if p.Desk {
		return VisitPath(x.ID, "")
	}
	return CompanyPath(x.ID, "")
}

// steps are the stages of a validation with the days on which they were reached.
func (p RecordPage) steps(ctx context.Context) []ui.Step {
	r := p.Record
	at := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return i18n.Date(ctx, t.In(r.Zone))
	}
	reached := map[app.Status]int{app.Planned: 0, app.Notified: 1, app.Visiting: 2, app.Visited: 3, app.Issued: 4, app.Closed: 5}[r.Status]
	list := []ui.Step{{Label: i18n.T(ctx, "Opened"), Actual: at(&r.OpenedAt)}, {Label: i18n.T(ctx, "Company notified"), Actual: at(r.NotifiedAt)},
		{Label: i18n.T(ctx, "Visits begun"), Actual: at(r.VisitBegunAt), Planned: i18n.T(ctx, "%s to %s", r.WindowFrom.Text(ctx), r.WindowTo.Text(ctx))},
		{Label: i18n.T(ctx, "Visits done"), Actual: at(r.VisitedAt)}, {Label: i18n.T(ctx, "Report issued"), Actual: at(r.IssuedAt)}, {Label: i18n.T(ctx, "Closed"), Actual: at(r.ClosedAt)}}
	for i := range list {
		switch {
		case r.Status == app.Cancelled && list[i].Actual == "", r.Status == app.Cancelled && i == 5:
			list[i].State = ui.StepSkipped
		case i <= reached && list[i].Actual != "" || r.Status == app.Cancelled:
			list[i].State = ui.StepDone
		case i < reached:
			list[i].State = ui.StepSkipped
		case i == reached+1:
			list[i].State = ui.StepCurrent
		default:
			list[i].State = ui.StepTodo
		}
		if list[i].Actual != "" {
			list[i].Planned = ""
		}
	}
	return list
}

// timeline tells what became of the times of visits.
func timeline(ctx context.Context, list []app.TimeEntry, zone *time.Location, names bool) (out []ui.Event) {
	for _, t := range list {
		kind := map[string]ui.Kind{"Booked": ui.Good, "Cancelled": ui.Bad}[t.WhatName()]
		if kind == "" {
			kind = ui.Warn
		}
		who := ""
		if names || t.ByCompany {
			who = t.ByName
		}
		text := t.Span.Text(ctx, zone)
		if t.Reason != "" {
			text += "\n" + i18n.T(ctx, "Reason: %s", t.Reason)
		}
		out = append(out, ui.Event{At: t.At, Zone: zone, Title: i18n.T(ctx, t.WhatName()) + ": " + t.Place, Text: text, Actor: who, Kind: kind})
	}
	return out
}

func teamText(ctx context.Context, team []app.TeamMember) string {
	var names []string
	for _, m := range team {
		name := m.Name
		if m.Role != app.Member {
			name += " (" + i18n.T(ctx, app.RoleName(m.Role)) + ")"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

func facts(ctx context.Context, r app.Record, desk bool) []ui.Pair {
	list := []ui.Pair{{Key: i18n.T(ctx, "Company"), Value: r.Company}, {Key: i18n.T(ctx, "Programme"), Value: r.Programme.ShortName + ", " + i18n.T(ctx, r.Entity.Name)},
		{Key: i18n.T(ctx, "Kind"), Value: i18n.T(ctx, r.Why.Name)}, {Key: i18n.T(ctx, "Office in charge"), Value: r.Office}}
	if desk {
		lead := r.Lead
		if lead == "" {
			lead = i18n.T(ctx, "Nobody yet")
		}
		list = append(list, ui.Pair{Key: i18n.T(ctx, "Led by"), Value: lead}, ui.Pair{Key: i18n.T(ctx, "Planned days"), Value: fmt.Sprint(r.Days)})
	}
	list = append(list, ui.Pair{Key: i18n.T(ctx, "Visits between"), Value: i18n.T(ctx, "%s and %s", r.WindowFrom.Text(ctx), r.WindowTo.Text(ctx))})
	if !r.NotBefore.IsZero() && (r.Status == app.Planned || r.Status == app.Notified) {
		list = append(list, ui.Pair{Key: i18n.T(ctx, "No visit before"), Value: r.NotBefore.Text(ctx)})
	}
	return list
}

// OpenPage opens a validation.
type OpenPage struct {
	Base
	Of      app.Opening
	Entered app.OpenEntry
	Lead    string
	Workers []app.Choice
	Action  string
}

func (p OpenPage) kinds(ctx context.Context) (out []ui.Option) {
	for _, k := range p.Of.Programme.Validation.Kinds {
		if (k.Code == app.BeforeDecision) == p.Of.BeforeDecision {
			out = append(out, ui.Option{Value: k.Code, Label: i18n.T(ctx, k.Name), Hint: i18n.T(ctx, "Source: %s", k.Source)})
		}
	}
	return out
}

func choiceOptions(list []app.Choice) (out []ui.Option) {
	for _, w := range list {
		out = append(out, ui.Option{Value: w.ID.String(), Label: w.Name})
	}
	return out
}

// officerOptions keeps the order of the ranking and says what it is made of.
func officerOptions(ctx context.Context, list []roster.Candidate) (out []ui.Option) {
	for _, o := range list {
		words := []string{o.Office}
		for _, l := range o.Languages {
			words = append(words, i18n.T(ctx, roster.LanguageName(l)))
		}
		hint := strings.Join(words, ", ") + ". " + i18n.T(ctx, "Load: %d of %d days of visits in the quarter around it", o.Days, o.Capacity)
		if o.Travel > 0 {
			hint += ". " + i18n.T(ctx, "Travel: about %d h", (o.Travel+59)/60)
		}
		for _, r := range o.Against {
			hint += ". " + r.Text(ctx)
		}
		out = append(out, ui.Option{Value: o.ID.String(), Label: o.Name, Hint: hint})
	}
	return out
}

// ChangePage is the form of a validation; NotifyPage tells the company.
type ChangePage struct {
	Base
	Record  app.Record
	Entered app.ChangeEntry
	Workers []app.Choice
}

// ReasonPage is a form that needs a reason: cancelling.
type ReasonPage struct {
	Base
	Heading, Caption, Lead, Action, Back, Button string
	Reason                                       string
	Version                                      int
}

// VisitFormPage is the form of a visit.
type VisitFormPage struct {
	Base
	Record  app.Record
	Visit   *app.VisitItem // nil: a new one
	Entered app.VisitEntry
	Sites   []app.Site
}

func (p VisitFormPage) action() string {
	if p.Visit == nil {
		return Path(p.Record.ID, "/visits/new")
	}
	return VisitPath(p.Visit.ID, "/edit")
}

func (p VisitFormPage) places(ctx context.Context) (out []ui.Option) {
	for _, k := range p.Record.Programme.Validation.Places {
		out = append(out, ui.Option{Value: k.Code, Label: i18n.T(ctx, k.Name), Hint: i18n.T(ctx, k.Help)})
	}
	return out
}

func (p VisitFormPage) sites(ctx context.Context) (out []ui.Option) {
	for _, s := range p.Sites {
		out = append(out, ui.Option{Value: s.ID.String(), Label: s.Name + ", " + s.Address + ", " + i18n.Country(ctx, s.Country)})
	}
	return out
}

func countryOptions(ctx context.Context) (out []ui.Option) {
	for _, c := range company.Countries() {
		out = append(out, ui.Option{Value: c, Label: i18n.Country(ctx, c)})
	}
	slices.SortFunc(out, func(a, b ui.Option) int { return strings.Compare(a.Label, b.Label) })
	return out
}

func zoneOptions() (out []ui.Option) {
	for _, z := range company.AllZones() {
		out = append(out, ui.Option{Value: z, Label: strings.ReplaceAll(z, "_", " ")})
	}
	return out
}

func languageOptions(ctx context.Context) (out []ui.Option) {
	for _, l := range roster.Languages() {
		out = append(out, ui.Option{Value: l.Code, Label: i18n.T(ctx, l.Name)})
	}
	slices.SortFunc(out, func(a, b ui.Option) int { return strings.Compare(a.Label, b.Label) })
	return out
}

// VisitPage is a visit, at the desk or for its company.
type VisitPage struct {
	Base
	Page    app.VisitPage
	Desk    bool
	Signs   bool // the reader may bind the company
	Edits   bool
	Entered Entered
	Links   []Link
}

// Entered is what a refused form of a visit's page had.
type Entered struct {
	Answers  map[uuid.UUID]string
	Suggests []app.Suggestion
	Reply    string
	Prepare  *app.PrepareEntry
	Paper    app.PaperEntry
	Observer app.ObserverEntry
	Text     string
}

// suggestions are the rows of the form for other times.
func (e Entered) suggestions() []app.Suggestion {
	list := slices.Clone(e.Suggests)
	for len(list) < 2 {
		list = append(list, app.Suggestion{})
	}
	return list
}

func (p VisitPage) preparation() app.PrepareEntry {
	if p.Entered.Prepare != nil {
		return *p.Entered.Prepare
	}
	return p.Page.Visit.Preparation()
}

// said is what the company says of a time: as entered, else as kept.
func (p VisitPage) said(s app.Slot) string {
	if v, ok := p.Entered.Answers[s.ID]; ok {
		return v
	}
	return s.Said()
}

func (p VisitPage) visitFacts(ctx context.Context) []ui.Pair {
	x := p.Page.Visit
	list := []ui.Pair{{Key: i18n.T(ctx, "Kind"), Value: place(ctx, p.Page.Programme, x.Kind)}}
	where := x.Place
	if x.Address != "" {
		where += ", " + x.Address
	}
	list = append(list, ui.Pair{Key: i18n.T(ctx, "Where"), Value: where + ", " + i18n.Country(ctx, x.Country)})
	if x.Party != "" {
		list = append(list, ui.Pair{Key: i18n.T(ctx, "Whose place"), Value: x.Party})
	}
	list = append(list, ui.Pair{Key: i18n.T(ctx, "Time zone"), Value: app.City(x.Where())})
	if x.Goes() {
		list = append(list, ui.Pair{Key: i18n.T(ctx, "Length"), Value: i18n.N(ctx, "%d day", "%d days", x.Days)})
	}
	if len(x.Team) > 0 {
		list = append(list, ui.Pair{Key: i18n.T(ctx, "Who comes"), Value: teamText(ctx, x.Team)})
	}
	if len(x.Languages) > 0 {
		var langs []string
		for _, l := range x.Languages {
			langs = append(langs, i18n.T(ctx, roster.LanguageName(l)))
		}
		list = append(list, ui.Pair{Key: i18n.T(ctx, "Languages"), Value: strings.Join(langs, ", ")})
	}
	if x.ReliedOn != "" {
		list = append(list, ui.Pair{Key: i18n.T(ctx, "Relied on"), Value: x.ReliedOn})
	}
	if x.ReliedCheckedOn != nil {
		list = append(list, ui.Pair{Key: i18n.T(ctx, "Checked on"), Value: x.ReliedCheckedOn.Text(ctx)})
	}
	if x.ShortNoticeAt != nil {
		list = append(list, ui.Pair{Key: i18n.T(ctx, "Less notice agreed"), Value: i18n.T(ctx, "%s, %s: %s", x.ShortNoticeBy, i18n.DateTime(ctx, *x.ShortNoticeAt, p.Zone), x.ShortNotice)})
	}
	if x.CancelReason != "" {
		list = append(list, ui.Pair{Key: i18n.T(ctx, "Cancelled because"), Value: x.CancelReason})
	}
	return list
}

// OfferPage is where times are chosen for an offer.
type OfferPage struct {
	Base
	Page      app.VisitPage
	From, To  string // the days searched, 2006-01-02
	Result    roster.Result
	Searched  bool
	Chosen    []string
	Other     app.Suggestion // a time entered by hand
	Note      string
	Hold      bool
	MostSlots int
}

// span is a slot of the search as a time of the visit.
func (p OfferPage) span(s roster.Slot) app.Span {
	at := app.SpanOf(s.LocalFrom, s.LocalTo, p.Page.Visit.Where(), false)
	return at
}

// MovePage moves a booked visit to a time that was agreed otherwise.
type MovePage struct {
	Base
	Page    app.VisitPage
	Entered app.RescheduleEntry
}

// TeamPage says who goes on a visit.
type TeamPage struct {
	Base
	Page     app.VisitPage
	Entered  app.TeamEntry
	Officers []roster.Candidate
}

// AskPage is the company's form to ask for another time.
type AskPage struct {
	Base
	Page    app.VisitPage
	Entered app.AskEntry
}

func (p AskPage) suggestions() []app.Suggestion {
	return Entered{Suggests: p.Entered.Suggests}.suggestions()
}

// ListPage is the validations of a company, for its own people.
type ListPage struct {
	Base
	Items      []app.Item
	Programmes []*programme.Programme
}

// ObservedPage is a visit that a partner agency watches.
type ObservedPage struct {
	Base
	Visit   app.Observed
	Entered string
}

// ObservedList are all of these.
type ObservedList struct {
	Base
	Visits []app.Observed
}

// next says what a company does now about a visit: one sentence, and where.
func next(ctx context.Context, x app.VisitItem) (text, anchor string) {
	switch {
	case x.Status == app.CalledOff || x.Status == app.Done:
		return "", ""
	case x.Offer == app.Open || x.Offer == app.Unanswered:
		return i18n.T(ctx, "Answer the offered times"), "#offer"
	case x.AsksFor > 0:
		return i18n.T(ctx, "Answer whether another authority may observe"), "#observers"
	case x.Status == app.Booked && !x.Prepared():
		return i18n.T(ctx, "Tell us who receives us"), "#prepare"
	case (x.Status == app.Booked || x.Status == app.Offered) && x.Ready < x.Papers:
		return i18n.N(ctx, "Get %d document ready", "Get %d documents ready", x.Papers-x.Ready), "#documents"
	}
	return "", ""
}

func searchText(ctx context.Context, list []roster.Reason) string {
	var out []string
	for _, r := range list {
		out = append(out, r.Text(ctx))
	}
	return strings.Join(out, ". ")
}

func slotTeam(s roster.Slot) string {
	var names []string
	for _, m := range s.Team {
		names = append(names, m.Name)
	}
	return strings.Join(names, ", ")
}

func itemHref(v app.Item, desk bool) string {
	if desk {
		return Path(v.ID, "")
	}
	return "/validations/" + v.ID.String()
}

// visitTask says what the office does now about a visit.
func visitTask(ctx context.Context, x app.VisitItem) string {
	switch x.Offer {
	case app.Answered:
		return i18n.T(ctx, "%s: the company has answered. Choose a time.", x.Place)
	case app.Unanswered:
		return i18n.T(ctx, "%s: the company did not answer in time. Get in touch with it, or offer other times.", x.Place)
	}
	return i18n.T(ctx, "%s: offer the company times.", x.Place)
}

// nextVisit is the first visit about which the company has something to do.
func (p RecordPage) nextVisit(ctx context.Context) (x app.VisitItem, text, anchor string) {
	for _, x := range p.Record.Visits {
		if text, anchor := next(ctx, x); text != "" && !p.Record.Status.Final() {
			return x, text, anchor
		}
	}
	return x, "", ""
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// plain are options without hints, for a select.
func plain(list []ui.Option) []ui.Option {
	for i := range list {
		list[i].Hint = ""
	}
	return list
}

// options are the times that the search found.
func (p OfferPage) options(ctx context.Context) (out []ui.Option) {
	for _, s := range p.Result.Slots {
		at := p.span(s)
		hint := slotTeam(s)
		if yours := at.Yours(ctx, p.Zone); yours != "" {
			hint = yours + ". " + hint
		}
		out = append(out, ui.Option{Value: at.Code(), Label: at.Site(ctx), Hint: hint})
	}
	return out
}

func (p OfferPage) refused(ctx context.Context) (rows [][]string) {
	for _, r := range p.Result.Refused {
		rows = append(rows, []string{r.Day.Text(ctx), searchText(ctx, r.Reasons)})
	}
	return rows
}

// past are the offers that are over.
func (p VisitPage) past() (out []app.Round) {
	for _, r := range p.Page.Rounds {
		if !r.Status.Live() {
			out = append(out, r)
		}
	}
	return out
}

func slotState(ctx context.Context, s app.Slot) string {
	switch {
	case s.ChosenAt != nil:
		return i18n.T(ctx, "chosen")
	case s.WithdrawnAt != nil:
		return i18n.T(ctx, "taken back")
	}
	return answerName(ctx, s.Said())
}

func suggestName(i int, field string) string { return fmt.Sprintf("suggest-%d-%s", i+1, field) }

// suggestionsOf are the rows for other times: as entered, else what the company has
// suggested already.
func (e Entered) suggestionsOf(r app.Round) []app.Suggestion {
	if e.Suggests == nil {
		for _, s := range r.Slots {
			if s.Suggested && s.WithdrawnAt == nil {
				e.Suggests = append(e.Suggests, app.Suggestion{Day: s.LocalFrom.Format(time.DateOnly), From: s.LocalFrom.Format("15:04"), To: s.LocalTo.Format("15:04"), Note: s.Note})
			}
		}
	}
	return e.suggestions()
}

func (e Entered) replyOf(r app.Round) string {
	if e.Answers == nil {
		return r.Reply
	}
	return e.Reply
}

// preparedRows are what the company told of a visit.
func preparedRows(ctx context.Context, x app.Visit) []ui.SummaryRow {
	return []ui.SummaryRow{{Key: i18n.T(ctx, "Who receives us"), Value: orDash(x.Hosts)}, {Key: i18n.T(ctx, "Languages they speak"), Value: orDash(x.HostLanguages)},
		{Key: i18n.T(ctx, "Safety"), Value: orDash(x.Safety)}, {Key: i18n.T(ctx, "Access"), Value: orDash(x.Access)}}
}
