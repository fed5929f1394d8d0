package profile

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	app "trustedtrader/app/profile"
	"trustedtrader/app/profilereview"
	"trustedtrader/views/ui"
)

// path is a profile's task list, or a page below it.
func path(id uuid.UUID, below ...string) string {
	return "/profiles/" + id.String() + strings.Join(below, "")
}

// criterionPath is the page of a criterion, or of what is different at a site.
func criterionPath(id uuid.UUID, criterion string, site uuid.UUID) string {
	p := path(id, "/criteria/", criterion)
	if site != uuid.Nil {
		p += "?site=" + site.String()
	}
	return p
}

// say is a text of the catalogue in the reader's language.
func say(ctx context.Context, t catalogue.Text) string {
	s, _ := t.In(i18n.Lang(ctx))
	return s
}

// QuestionID is the id of a question's place on a page.
func QuestionID(question string) string { return "question-" + ui.ID(question) }

// label names a criterion: "3.1 Business partner screening". A working id is no official
// number, so it says so.
func label(ctx context.Context, c catalogue.Criterion) string {
	id, mark := c.Label()
	if mark != "" {
		id += " (" + i18n.T(ctx, mark) + ")"
	}
	return id + " " + say(ctx, c.Title)
}

func levelName(ctx context.Context, l catalogue.Level) string {
	if l == catalogue.Must {
		return i18n.T(ctx, "Must")
	}
	return i18n.T(ctx, "Should")
}

// home is the section under which a criterion stands: the first of its sections.
func home(c catalogue.Criterion) string {
	if len(c.Sections) == 0 {
		return ""
	}
	return c.Sections[0]
}

func sectionTitle(ctx context.Context, e *catalogue.Edition, id string) string {
	for _, s := range e.Sections {
		if s.ID == id {
			return say(ctx, s.Title)
		}
	}
	return ""
}

func yesNoOptions(ctx context.Context) []ui.Option {
	return []ui.Option{{Value: catalogue.Yes, Label: i18n.T(ctx, "Yes")}, {Value: catalogue.No, Label: i18n.T(ctx, "No")}, {Value: catalogue.NotApplicable, Label: i18n.T(ctx, "Not applicable")}}
}

func options(ctx context.Context, list []catalogue.Option) []ui.Option {
	out := make([]ui.Option, len(list))
	for i, o := range list {
		out[i] = ui.Option{Value: o.Code, Label: say(ctx, o.Text)}
	}
	return out
}

// legend is the question's own text. A part that is less or more binding than its
// criterion says so itself.
func (a Asked) legend(ctx context.Context) string { return say(ctx, a.Question.Text) }

func (a Asked) hint(ctx context.Context) string { return say(ctx, a.Question.Help) }

// lines is how tall a field is.
func (a Asked) lines(n int) int {
	if a.Compact {
		return 2
	}
	return n
}

// wrong reports whether one of the question's fields has a problem.
func (a Asked) wrong(part string) bool { return len(about(a.Errors, a.field()+part)) > 0 }

// rowErrors are the problems of the table as a whole.
func (a Asked) rowErrors() []fault.Field { return about(a.Errors, a.field()+"-rows") }

func about(errors []fault.Field, name string) (out []fault.Field) {
	for _, e := range errors {
		if e.Name == name {
			out = append(out, e)
		}
	}
	return out
}

func columnName(ctx context.Context, c catalogue.Column) string {
	name, lang := c.Text.In(i18n.Lang(ctx))
	if lang == i18n.Source {
		return i18n.T(ctx, name) // the columns that every list of persons has are the portal's own words
	}
	return name
}

// cellType lets the browser help with days; it sends them as they are kept.
func cellType(c catalogue.Column) string {
	if c.Kind == catalogue.Date {
		return "date"
	}
	return "text"
}

func cellValue(a catalogue.Answer, row, column int) string {
	if row < len(a.Rows) && column < len(a.Rows[row]) {
		return a.Rows[row][column]
	}
	return ""
}

// at is an instant in short, for today only the time: "14:02" or "4 March 2026, 14:02".
func at(ctx context.Context, t, now time.Time, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	if clock.DayOf(t, zone) == clock.DayOf(now, zone) {
		return t.In(zone).Format("15:04")
	}
	return i18n.Date(ctx, t.In(zone)) + ", " + t.In(zone).Format("15:04")
}

// task is a state as task lists draw it.
func task(s app.State) ui.TaskState {
	return map[app.State]ui.TaskState{app.NotStarted: ui.NotStarted, app.InProgress: ui.InProgress, app.NeedsAttention: ui.NeedsAttention,
		app.Ready: ui.Ready, app.NotApplicable: ui.NotApplicable}[s]
}

// verdict is what we said of a criterion, in words.
func verdict(ctx context.Context, r app.Result) string {
	return i18n.T(ctx, profilereview.Verdict(r.Verdict).Name())
}

func verdictTone(r app.Result) ui.Kind {
	switch v := profilereview.Verdict(r.Verdict); {
	case v.Asks():
		return ui.Warn
	case v.Met():
		return ui.Good
	}
	return ui.Neutral
}

// mostTold is how much of a remark stands in a list; the page of the criterion has it all.
const mostTold = 160

// told is a result in a line of a list: "We said on 4 March 2026: Meets, with a
// recommendation. Keep the log for a year".
func told(ctx context.Context, r app.Result, zone *time.Location) string {
	s := i18n.T(ctx, "We said on %s: %s", clock.DayOf(r.At, zone).Text(ctx), verdict(ctx, r))
	if text := []rune(strings.Join(strings.Fields(r.Text), " ")); len(text) > mostTold {
		s += ". " + strings.TrimSpace(string(text[:mostTold])) + "…"
	} else if len(text) > 0 {
		s += ". " + strings.TrimSuffix(string(text), ".")
	}
	return s
}

func stateTone(s app.State) ui.Kind {
	return map[app.State]ui.Kind{app.NotStarted: ui.Neutral, app.InProgress: ui.Info, app.NeedsAttention: ui.Warn, app.Ready: ui.Good, app.NotApplicable: ui.Neutral}[s]
}

func statusTone(s app.Status) ui.Kind {
	return map[app.Status]ui.Kind{app.Open: ui.Info, app.Submitted: ui.Waiting, app.InReview: ui.Waiting, app.Returned: ui.Warn, app.Accepted: ui.Good, app.Ended: ui.Neutral}[s]
}

// became says what became of a criterion since an earlier edition.
func became(ctx context.Context, ch catalogue.Change) string {
	from := strings.Join(ch.From, ", ")
	switch ch.Kind {
	case catalogue.Reworded:
		return i18n.T(ctx, "it was worded anew")
	case catalogue.New:
		return i18n.T(ctx, "it is new")
	case catalogue.Split:
		return i18n.T(ctx, "it was split from %s", from)
	case catalogue.Merged:
		return i18n.T(ctx, "it was merged from %s", from)
	case catalogue.Withdrawn:
		return i18n.T(ctx, "it is asked no more; your last answer stays where it was")
	}
	return ""
}

// kindName says what a profile is filled in for.
func kindName(ctx context.Context, kind string) string {
	return i18n.T(ctx, map[string]string{app.Initial: "For the application", app.Annual: "Annual review", app.Revalidation: "Before the next validation"}[kind])
}
