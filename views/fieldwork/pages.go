// Package fieldwork holds the desk's pages of what officers do on a visit: the criteria, one
// of them, the files, the hours and the workbook to print.
package fieldwork

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/fault"
	app "trustedtrader/app/fieldwork"
	"trustedtrader/app/i18n"
	"trustedtrader/app/review"
	"trustedtrader/views/ui"
)

// Path is the address of a page of a visit.
func Path(id uuid.UUID, tail string) string { return "/desk/visits/" + id.String() + tail }

// CriterionPath is the address of one criterion of a visit.
func CriterionPath(id uuid.UUID, criterion string) string {
	return Path(id, "/criteria/"+url.PathEscape(criterion))
}

// Page is the list of criteria, or the workbook to print.
type Page struct {
	ui.Chrome
	Record   app.Record
	Errors   []fault.Field
	Saved    int // results of a workbook that were taken
	Rejected []app.Rejected
}

// ChoosePage chooses criteria.
type ChoosePage struct {
	ui.Chrome
	Candidates app.Candidates
	Chosen     []string // as sent, when it was refused
	Errors     []fault.Field
}

// CriterionPage is one criterion.
type CriterionPage struct {
	ui.Chrome
	Record   app.Record
	Line     app.Line
	Entered  app.Entry
	Errors   []fault.Field
	Conflict *fault.Error
}

// FilesPage is the files of a visit.
type FilesPage struct {
	ui.Chrome
	Record    app.Record
	Caption   string
	Criterion string
	Errors    []fault.Field
}

// HoursPage is the time spent on a validation.
type HoursPage struct {
	ui.Chrome
	Sheet   app.Timesheet
	Mine    uuid.UUID // the reader
	All     bool      // may take back the hours of others
	Day     ui.DateValue
	Entered review.HoursEntry
	Errors  []fault.Field
}

func tabs(ctx context.Context, r app.Record, here string) []ui.Tab {
	out := []ui.Tab{{Label: i18n.T(ctx, "Visit"), Href: Path(r.ID, "")}}
	for _, x := range []struct{ label, tail, count string }{
		{"Criteria", "/criteria", fmt.Sprintf("%d/%d", r.Done(), len(r.Lines))}, {"Files", "/files", fmt.Sprint(len(r.Files))}, {"Hours", "/hours", ""},
	} {
		out = append(out, ui.Tab{Label: i18n.T(ctx, x.label), Href: Path(r.ID, x.tail), Current: here == x.tail, Count: x.count})
	}
	return append(out, ui.Tab{Label: i18n.T(ctx, "Report"), Href: "/desk/validations/" + r.ValidationID.String() + "/report"})
}

func caption(ctx context.Context, r app.Record) string {
	return fmt.Sprintf("%s · %s · %s", r.Reference, i18n.T(ctx, "Visit %d", r.Number), r.Company)
}

// tone is the tone of a result.
func tone(r app.Result) ui.Kind {
	return map[app.Result]ui.Kind{app.Verified: ui.Good, app.Partly: ui.Warn, app.NotVerified: ui.Bad, app.None: ui.Waiting, app.NotApplicable: ui.Neutral}[r]
}

func text(ctx context.Context, t catalogue.Text) string {
	s, _ := t.In(i18n.Lang(ctx))
	return s
}

func named(ctx context.Context, c catalogue.Criterion) string { return c.ID + " " + text(ctx, c.Title) }

func levelName(ctx context.Context, c catalogue.Criterion) string {
	if c.Level == catalogue.Must {
		return i18n.T(ctx, "Must")
	}
	return i18n.T(ctx, "Should")
}

func methodOptions(ctx context.Context, r app.Record) (out []ui.Option) {
	for _, m := range r.Rules.Validation.Methods {
		out = append(out, ui.Option{Value: m.Code, Label: i18n.T(ctx, m.Name), Hint: i18n.T(ctx, m.Help)})
	}
	return out
}

func resultOptions(ctx context.Context) []ui.Option {
	out := []ui.Option{}
	for _, r := range app.Results() {
		out = append(out, ui.Option{Value: string(r), Label: i18n.T(ctx, r.Name())})
	}
	return append(out, ui.Option{Value: "none", Label: i18n.T(ctx, "Not looked at")})
}

func tickOptions(ctx context.Context, q catalogue.Question) (out []ui.Option) {
	for _, o := range q.Options {
		out = append(out, ui.Option{Value: o.Code, Label: text(ctx, o.Text)})
	}
	return out
}

func methods(ctx context.Context, r app.Record, codes []string) string {
	out := ""
	for _, code := range codes {
		if m, ok := r.Rules.Validation.Method(code); ok {
			if out != "" {
				out += ", "
			}
			out += i18n.T(ctx, m.Name)
		}
	}
	return out
}

// why says what sets a criterion apart.
func why(ctx context.Context, c app.Candidate) string {
	out := ""
	add := func(is bool, words string) {
		if is && out != "" {
			out += " · "
		}
		if is {
			out += words
		}
	}
	add(c.Apart, i18n.T(ctx, "This site has an exception"))
	add(c.Weak != "", i18n.T(ctx, "Verdict: %s", i18n.T(ctx, c.Weak)))
	add(c.Before > 0, i18n.N(ctx, "%d required action before", "%d required actions before", c.Before))
	add(c.Changed, i18n.T(ctx, "Changed since the last profile"))
	add(c.Must, i18n.T(ctx, "Must"))
	return out
}

func (p ChoosePage) options(ctx context.Context) (out []ui.Option) {
	for _, c := range p.Candidates.List {
		out = append(out, ui.Option{Value: c.About.ID, Label: named(ctx, c.About), Hint: why(ctx, c)})
	}
	return out
}

func (p ChoosePage) chosen() (out []string) {
	if p.Errors != nil {
		return p.Chosen
	}
	for _, c := range p.Candidates.List {
		if c.Chosen {
			out = append(out, c.About.ID)
		}
	}
	return out
}

func criterionOptions(ctx context.Context, r app.Record) (out []ui.Option) {
	for _, l := range r.Lines {
		label := l.Criterion
		if l.About.ID != "" {
			label = named(ctx, l.About)
		}
		out = append(out, ui.Option{Value: l.Criterion, Label: label})
	}
	return out
}

func activityOptions(ctx context.Context) (out []ui.Option) {
	for _, code := range app.Activities() {
		out = append(out, ui.Option{Value: code, Label: i18n.T(ctx, review.ActivityName(code))})
	}
	return out
}

func duration(ctx context.Context, minutes int) string {
	return i18n.T(ctx, "%d h %d min", minutes/60, minutes%60)
}

func (p HoursPage) removes(h app.Hours) bool {
	return p.Sheet.May.Hours && (p.All || h.PersonID == p.Mine)
}

func ticked(l app.Line, question, option string) bool {
	return slices.Contains(l.Ticks[question], option)
}

func newFinding(r app.Record, criterion, kind string) string {
	return "/desk/validations/" + r.ValidationID.String() + "/findings/new?" + url.Values{"visit": {r.ID.String()}, "criterion": {criterion}, "kind": {kind}}.Encode()
}

func size(n int64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d kB", (n+1023)>>10)
}

// resultValue is the result as the form names it.
func resultValue(r app.Result) string {
	if r == app.None {
		return "none"
	}
	return string(r)
}

// sayWhy is why a row was not taken.
func sayWhy(ctx context.Context, err error) string {
	if fields := fault.Fields(err); fields != nil {
		return ui.Say(ctx, fields[0])
	}
	var f *fault.Error
	if errors.As(err, &f) {
		return i18n.T(ctx, f.Message, f.Args...)
	}
	return err.Error()
}
