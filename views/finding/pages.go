// Package finding holds the pages of findings: the desk's queue, one finding, its form and
// the statistics, and the company's list and answer.
package finding

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/fault"
	app "trustedtrader/app/finding"
	"trustedtrader/app/i18n"
	"trustedtrader/app/programme"
	"trustedtrader/views/ui"
)

// DeskPath is the address of a finding at the desk, and Path that for its company.
func DeskPath(id uuid.UUID, tail string) string { return "/desk/findings/" + id.String() + tail }
func Path(id uuid.UUID, tail string) string     { return "/findings/" + id.String() + tail }

// Field names a field of the form of an action: several forms stand on one page.
func Field(do app.Action, name string) string { return string(do) + "-" + name }

// QueuePage is one page of the queue at the desk.
type QueuePage struct {
	ui.Chrome
	Queue      app.Queue
	Programmes []*programme.Programme
}

// Page is one finding. Act is the step whose form was refused, with what it held.
type Page struct {
	ui.Chrome
	Record   app.Record
	Act      app.Action
	Typed    map[string]string
	Proof    []string
	Errors   []fault.Field
	Conflict *fault.Error
}

// FormPage writes a finding, or a draft of one anew.
type FormPage struct {
	ui.Chrome
	Start    app.Start
	Draft    bool // it is there already
	Entered  app.Entry
	Errors   []fault.Field
	Conflict *fault.Error
}

// FailuresPage shows the statistics of common failures.
type FailuresPage struct {
	ui.Chrome
	Failures   app.Failures
	Programmes []*programme.Programme
}

// ListPage is a company's findings.
type ListPage struct {
	ui.Chrome
	Items []app.Item
	Kinds func(programme, kind string) string // a kind in the words of the programme
}

// Tone is the tone of a finding's state.
func Tone(s app.Status, kind string) ui.Kind {
	switch s {
	case app.Open:
		return ui.Waiting
	case app.Answered:
		return ui.Info
	case app.Accepted:
		if kind != app.ActionRequired {
			return ui.Neutral
		}
		return ui.Good
	case app.Escalated:
		return ui.Bad
	}
	return ui.Neutral
}

// stateOf is the state of an item in words.
func stateOf(ctx context.Context, i app.Item) string {
	return i18n.T(ctx, app.Finding{Status: i.Status, Kind: i.Kind}.StatusName())
}

// kindTone is the tone of a kind of finding.
func kindTone(kind string) ui.Kind {
	return map[string]ui.Kind{app.ActionRequired: ui.Bad, app.Recommendation: ui.Info, app.BestPractice: ui.Good}[kind]
}

// kindName is a kind of finding where no programme names it.
func kindName(ctx context.Context, kind string) string {
	return i18n.T(ctx, map[string]string{app.ActionRequired: "Action required", app.Recommendation: "Recommendation", app.BestPractice: "Best practice"}[kind])
}

func queuePath(f app.Filter, change func(*app.Filter)) string {
	change(&f)
	return ui.Address("/desk/findings", "queue", string(f.Queue), "programme", f.Programme, "kind", f.Kind, "criterion", f.Criterion, "after", f.After)
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
	return append(out, ui.Tab{Label: i18n.T(ctx, "Common failures"), Href: "/desk/findings/failures"})
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

func kindOptions(ctx context.Context, p *programme.Programme) (out []ui.Option) {
	if p == nil {
		for _, kind := range []string{app.ActionRequired, app.Recommendation, app.BestPractice} {
			out = append(out, ui.Option{Value: kind, Label: kindName(ctx, kind)})
		}
		return out
	}
	for _, k := range p.Validation.Findings.Kinds {
		out = append(out, ui.Option{Value: k.Code, Label: i18n.T(ctx, k.Name), Hint: i18n.T(ctx, k.Help)})
	}
	return out
}

func criterionOptions(ctx context.Context, list []catalogue.Criterion) (out []ui.Option) {
	for _, c := range list {
		title, _ := c.Title.In(i18n.Lang(ctx))
		out = append(out, ui.Option{Value: c.ID, Label: c.ID + " " + title})
	}
	return out
}

func visitOptions(list []app.VisitChoice) (out []ui.Option) {
	for _, v := range list {
		out = append(out, ui.Option{Value: v.ID.String(), Label: fmt.Sprintf("%d. %s", v.Number, v.Place)})
	}
	return out
}

func causeOptions(ctx context.Context, p *programme.Programme) (out []ui.Option) {
	for _, c := range p.Validation.Findings.Causes {
		out = append(out, ui.Option{Value: c.Code, Label: i18n.T(ctx, c.Name), Hint: i18n.T(ctx, c.Help)})
	}
	return out
}

func fileOptions(ctx context.Context, list []app.File) (out []ui.Option) {
	for _, f := range list {
		label := f.FileName
		if f.Caption != "" {
			label = f.Caption + " (" + f.FileName + ")"
		}
		out = append(out, ui.Option{Value: f.ID.String(), Label: label, Hint: f.Criterion})
	}
	return out
}

func fileValues(list []uuid.UUID) (out []string) {
	for _, id := range list {
		out = append(out, id.String())
	}
	return out
}

func libraryOptions(list []app.Choice) (out []ui.Option) {
	for _, c := range list {
		out = append(out, ui.Option{Value: c.ID.String(), Label: c.Title, Hint: c.FileName})
	}
	return out
}

func reasonOptions(ctx context.Context, r app.Record) (out []ui.Option) {
	if r.Clock == nil || r.Clock.Rule.Extension == nil {
		return nil
	}
	for _, code := range r.Clock.Rule.Extension.Reasons {
		if x, ok := programme.Find(r.Programme.Reasons.Extension, code); ok {
			out = append(out, ui.Option{Value: code, Label: i18n.T(ctx, x.Name)})
		}
	}
	return out
}

// daysLeft says how many more days can be given.
func daysLeft(ctx context.Context, r app.Record) string {
	if r.Clock == nil || r.Clock.Rule.Extension == nil {
		return ""
	}
	return i18n.N(ctx, "Up to %d more day in all", "Up to %d more days in all", max(0, r.Clock.Rule.Extension.MaxDays-r.Clock.ExtensionDays))
}

// facts are what is known of a finding.
func (p Page) facts(ctx context.Context, company bool) []ui.Pair {
	r := p.Record
	criterion := r.Criterion
	if title, _ := r.About.Title.In(i18n.Lang(ctx)); title != "" {
		criterion += " " + title
	}
	out := []ui.Pair{{Key: i18n.T(ctx, "Kind"), Value: i18n.T(ctx, r.Rule.Name)}, {Key: i18n.T(ctx, "Criterion"), Value: criterion}, {Key: i18n.T(ctx, "Found at"), Value: r.Place}}
	if !company {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Company"), Content: link("/desk/companies/"+r.CompanyID.String(), r.Company)})
		for _, c := range r.Programme.Validation.Findings.Causes {
			if c.Code == r.Cause {
				out = append(out, ui.Pair{Key: i18n.T(ctx, "Cause"), Value: i18n.T(ctx, c.Name)})
			}
		}
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Written by"), Value: r.Author})
	}
	return out
}

// typed is what a field held when the form of an action was refused.
func (p Page) typed(do app.Action, field string) string {
	if p.Act != do {
		return ""
	}
	return p.Typed[field]
}

// errorsOf are the problems of the form of one action.
func (p Page) errorsOf(do app.Action) []fault.Field {
	if p.Act != do {
		return nil
	}
	return p.Errors
}

func (p Page) shown() (out []app.File) {
	for _, f := range p.Record.Files {
		if f.Shown {
			out = append(out, f)
		}
	}
	return out
}

func entryTone(what string) ui.Kind {
	switch what {
	case "accept":
		return ui.Good
	case "reopen", "extension_asked":
		return ui.Waiting
	case "escalate", "extension_refused":
		return ui.Bad
	}
	return ui.Info
}

func (p ListPage) waiting() (out []app.Item) {
	for _, i := range p.Items {
		if waits(i) {
			out = append(out, i)
		}
	}
	return out
}

func (p ListPage) others() (out []app.Item) {
	for _, i := range p.Items {
		if !waits(i) {
			out = append(out, i)
		}
	}
	return out
}

func waits(i app.Item) bool {
	return i.Kind == app.ActionRequired && slices.Contains([]app.Status{app.Open, app.Escalated}, i.Status)
}

func failuresPath(q app.Question, csv bool) string {
	path := "/desk/findings/failures"
	if csv {
		path += ".csv"
	}
	return path + "?" + url.Values{"by": {string(q.By)}, "programme": {q.Programme}, "year": {strconv.Itoa(q.Year)}}.Encode()
}

func (p FailuresPage) tabs(ctx context.Context) (out []ui.Tab) {
	for _, d := range app.Dimensions() {
		q := p.Failures.Question
		q.By = d
		out = append(out, ui.Tab{Label: i18n.T(ctx, d.Name()), Href: failuresPath(q, false), Current: d == p.Failures.Question.By})
	}
	return out
}

func (p FailuresPage) years() (out []ui.Option) {
	for _, y := range slices.Backward(p.Failures.Years) {
		out = append(out, ui.Option{Value: strconv.Itoa(y), Label: strconv.Itoa(y)})
	}
	return out
}

func (p FailuresPage) year() string {
	if p.Failures.Question.Year == 0 {
		return ""
	}
	return strconv.Itoa(p.Failures.Question.Year)
}

// bar is the length of a row's bar, of 100.
func (p FailuresPage) bar(n int) string {
	if p.Failures.Most == 0 {
		return "0"
	}
	return strconv.FormatFloat(100*float64(n)/float64(p.Failures.Most), 'f', 2, 64)
}

func (p FormPage) action() string {
	if p.Draft {
		return DeskPath(p.Entered.ID, "/edit")
	}
	return "/desk/validations/" + p.Start.ValidationID.String() + "/findings/new"
}

func (p FormPage) back() string {
	if p.Draft {
		return DeskPath(p.Entered.ID, "")
	}
	return "/desk/validations/" + p.Start.ValidationID.String() + "/report"
}

func elementRows(ctx context.Context, p Page) (out []ui.SummaryRow) {
	for _, e := range p.Record.Programme.Validation.Findings.Elements {
		out = append(out, ui.SummaryRow{Key: i18n.T(ctx, e.Name), Value: p.Record.Elements[e.Code]})
	}
	return out
}

func filePath(p Page, f app.File, desk bool) string {
	if desk {
		return DeskPath(p.Record.ID, "/files/"+f.ID.String())
	}
	return Path(p.Record.ID, "/files/"+f.ID.String())
}

func proofPath(x app.Proof, desk bool) string {
	path := "/evidence/versions/" + x.VersionID.String() + "/file"
	if desk {
		return "/desk" + path
	}
	return path
}

func acceptHint(ctx context.Context, r app.Record) string {
	if r.Finding.Status == app.Answered {
		return i18n.T(ctx, "Optional")
	}
	return i18n.T(ctx, "The company has not answered. Say why it is enough all the same")
}

func reopenHint(ctx context.Context, r app.Record) string {
	if r.Clock == nil {
		return ""
	}
	return i18n.T(ctx, "Empty: the last day stays %s. %s", r.Clock.Reading.DueDay.Text(ctx), daysLeft(ctx, r))
}
