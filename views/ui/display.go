package ui

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
)

// Action is a link that looks like a button.
type Action struct{ Label, Href string }

// Problem is an error page's content; the texts are translated.
type Problem struct {
	Status    int
	Title     string
	Text      string
	Detail    []string
	Reference string
	Changes   []fault.Change // of a conflict
	Actions   []Action       // the first one is the main one
}

// ButtonProps describes a submit button that needs more than a label.
type ButtonProps struct {
	Label       string
	Name, Value string // sent when this button is pressed
	Look        string // "" primary, "outline", "danger", "plain"
	FormAction  string // posts elsewhere than the form
	About       string // said after the label to those who hear the page: "Claim <Acme>"
	Small       bool
}

func (p ButtonProps) class() string {
	c := "usa-button"
	switch p.Look {
	case "outline":
		c += " usa-button--outline"
	case "danger":
		c += " usa-button--secondary"
	case "plain":
		c += " usa-button--unstyled"
	}
	if p.Small {
		c += " tt-button-small"
	}
	return c
}

// TaskState is where a task stands.
type TaskState string

// The states of a task.
const (
	NotStarted     TaskState = "not_started"
	InProgress     TaskState = "in_progress"
	NeedsAttention TaskState = "needs_attention"
	Ready          TaskState = "ready"
	Done           TaskState = "done"
	CannotStart    TaskState = "cannot_start"
	NotApplicable  TaskState = "not_applicable"
)

// tag is the state's colour, icon and word; the icons differ even where colours do not.
func (s TaskState) tag(ctx context.Context) (kind Kind, icon, word string) {
	switch s {
	case InProgress:
		return Info, "edit", i18n.T(ctx, "In progress")
	case NeedsAttention:
		return Warn, "warning", i18n.T(ctx, "Needs attention")
	case Ready:
		return Good, "check", i18n.T(ctx, "Ready")
	case Done:
		return Good, "check_circle", i18n.T(ctx, "Done")
	case CannotStart:
		return Waiting, "lock", i18n.T(ctx, "Cannot start yet")
	case NotApplicable:
		return Neutral, "remove_circle", i18n.T(ctx, "Not applicable")
	}
	return Neutral, "radio_button_unchecked", i18n.T(ctx, "Not started")
}

// TaskSection is a headed part of a task list.
type TaskSection struct {
	Title   string
	Summary string // "Must 41 of 46, should 12 of 20"
	Tasks   []Task
}

// Task is one item. Without Href it cannot be opened.
type Task struct {
	Label, Href string
	Hint        string // who and when, or why not
	State       TaskState
	Next        bool // the one to do next
}

// SummaryRow is an answer with its question. Content, when set, stands instead of Value.
type SummaryRow struct {
	Key, Value string
	Content    templ.Component
	ChangeHref string
	ChangeText string // "Change" when empty
}

// Pair is a name and its value. Content, when set, stands instead of Value.
type Pair struct {
	Key, Value string
	Content    templ.Component
}

// TableProps heads a table; its rows are the children.
type TableProps struct {
	Caption       string
	CaptionHidden bool // said, not shown
	Columns       []Column
	Plain         bool // stays a table on narrow screens and scrolls; for short numeric tables
}

// Column is a column's heading.
type Column struct {
	Label    string
	SortHref string // makes the heading a link that sorts
	Sorted   string // "ascending", "descending" or empty
	Numeric  bool
	Hidden   bool // the label is said, not shown: a column of buttons
}

// Pager links to the neighbours of a page of a long list.
type Pager struct {
	PreviousHref, NextHref string
	Text                   string // "50 of 1,204 shown"
}

// Clock is a period counted against a target. Text says it all; the bar repeats it.
type Clock struct {
	Label        string // "Decision"
	Text         string // "12 of 90 days used; paused 9 days (waiting for company)"
	Used, Target int    // in the same unit
	Paused       int
	Kind         Kind     // Good, Warn, Bad, Waiting (paused), Neutral (stopped)
	State        string   // in a word: "On time", "Due soon", "Late", "Paused"
	Arithmetic   []string // how the figure comes about
}

// part is a share of the clock's bar, of 100.
func (c Clock) part(n int) string {
	total := max(c.Target, c.Used+c.Paused, 1)
	return strconv.FormatFloat(100*float64(n)/float64(total), 'f', 2, 64)
}

// Event is an entry of a timeline.
type Event struct {
	At       time.Time
	Zone     *time.Location // UTC when nil
	DateOnly bool
	Title    string
	Text     string
	Actor    string
	Kind     Kind
	Href     string // of the title
	Content  templ.Component
}

// Step is a stage with its planned and its actual day, as texts.
type Step struct {
	Label           string
	Planned, Actual string
	State           StepState
	Note            string
}

// StepState is where a stage stands.
type StepState string

// The states of a step.
const (
	StepDone    StepState = "done"
	StepCurrent StepState = "current"
	StepTodo    StepState = "todo"
	StepLate    StepState = "late"
	StepSkipped StepState = "skipped"
)

func (s StepState) say(ctx context.Context) (icon, word string) {
	switch s {
	case StepDone:
		return "check_circle", i18n.T(ctx, "Done")
	case StepCurrent:
		return "arrow_forward", i18n.T(ctx, "Now")
	case StepLate:
		return "error", i18n.T(ctx, "Late")
	case StepSkipped:
		return "remove_circle", i18n.T(ctx, "Skipped")
	}
	return "radio_button_unchecked", i18n.T(ctx, "To do")
}

// CardProps describes a card.
type CardProps struct {
	Title string
	Href  string // of the title
	Text  string
	Tag   string
	Kind  Kind // of the tag
	Main  bool // the card that matters most on the page
}

// Stat is a figure with its name.
type Stat struct {
	Label, Value string
	Href         string // to the rows behind the figure
	Hint         string
}

// Tab is a link to a sibling page.
type Tab struct {
	Label, Href string
	Current     bool
	Count       string // empty shows none
}

// MessageProps is an entry of a conversation.
type MessageProps struct {
	Author   string
	Role     string
	At       time.Time
	Zone     *time.Location
	Text     string // shown with its line breaks
	Lang     string
	Internal bool // staff only; looks different and says so
	Own      bool
}

// CopyProps is a value to copy elsewhere, such as a reference or a key.
type CopyProps struct{ Name, Label, Hint, Value string }

func (w Who) line() string {
	return strings.Join(present(w.Role, w.Acting), ", ")
}

func present(words ...string) []string {
	var out []string
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}

func (c Chrome) demoNote(ctx context.Context) string {
	if c.DemoNote != "" {
		return c.DemoNote
	}
	return i18n.T(ctx, "Everything here is made up. Nothing you enter has any effect.")
}

func (c Chrome) languageHref(tag string) string {
	u, err := url.Parse(c.Path)
	if err != nil || u.Host != "" || u.Scheme != "" {
		u = &url.URL{Path: "/"}
	}
	q := u.Query()
	q.Set("lang", tag)
	u.RawQuery = q.Encode()
	return u.String()
}

// machine is t as a <time> element's datetime.
func machine(t time.Time, zone *time.Location, dateOnly bool) string {
	if dateOnly {
		return t.Format(time.DateOnly)
	}
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format(time.RFC3339)
}

// shown is t for people.
func shown(ctx context.Context, t time.Time, zone *time.Location, dateOnly bool) string {
	if dateOnly {
		return i18n.Date(ctx, t)
	}
	return i18n.DateTime(ctx, t, zone)
}

// qrPath draws the dark modules as one path of unit squares, joined in rows.
func qrPath(matrix [][]bool) string {
	var b strings.Builder
	for y, row := range matrix {
		for x := 0; x < len(row); x++ {
			if !row[x] {
				continue
			}
			n := 1
			for x+n < len(row) && row[x+n] {
				n++
			}
			fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, n, n)
			x += n
		}
	}
	return b.String()
}

// quiet is the white margin that a QR code needs, in modules (ISO/IEC 18004).
const quiet = 4

func qrBox(matrix [][]bool) string {
	n := len(matrix) + 2*quiet
	return fmt.Sprintf("0 0 %d %d", n, n)
}

// share is done of total, of 100, for a bar.
func share(done, total int) string {
	if total <= 0 {
		return "0"
	}
	return strconv.FormatFloat(100*float64(min(done, total))/float64(total), 'f', 2, 64)
}

func columns(headings []string) []Column {
	out := make([]Column, len(headings))
	for i, h := range headings {
		out[i] = Column{Label: h}
	}
	return out
}
