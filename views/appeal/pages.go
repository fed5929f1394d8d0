package appeal

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	app "trustedtrader/app/appeal"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/programme"
	"trustedtrader/views/ui"
)

// Path is the page of an appeal for its company; DeskPath the one for the agency.
func Path(id uuid.UUID, rest string) string     { return "/appeals/" + id.String() + rest }
func DeskPath(id uuid.UUID, rest string) string { return "/desk/appeals/" + id.String() + rest }

// FilePath is the form for an appeal against the last decision of a case.
func FilePath(of uuid.UUID) string { return "/enforcement/" + of.String() + "/appeal" }

// FilePage is the form of an appeal.
type FilePage struct {
	ui.Chrome
	Filing          app.Filing
	Reasons, Wanted string
	Errors          []fault.Field
	Conflict        *fault.Error
	Signs           bool // the reader may file
}

// Page is an appeal, for its company or for the agency.
type Page struct {
	ui.Chrome
	Record   app.Record
	MayShow  bool
	Desk     bool
	Act      app.Action // whose form was refused
	Body     string     // typed
	Answer   string
	Outcome  string
	Errors   []fault.Field
	Conflict *fault.Error
}

// QueuePage is the queue of appeals at the desk.
type QueuePage struct {
	ui.Chrome
	Queue app.Queue
	Rules func(code string) *programme.Programme // nil: not known here any more
}

func tone(s app.Status, o app.Outcome) ui.Kind {
	switch {
	case s.Open():
		return ui.Waiting
	case o == app.Overturned, o == app.EndedNow:
		return ui.Good
	}
	return ui.Neutral
}

func state(ctx context.Context, s app.Status, o app.Outcome) string {
	if s == app.Decided {
		return i18n.T(ctx, o.Name())
	}
	return i18n.T(ctx, s.Name())
}

// measure is what was decided, in the programme's own words.
func measure(ctx context.Context, p *programme.Programme, code string) string {
	if p == nil {
		return code
	}
	return i18n.T(ctx, p.MeasureName(code))
}

func ground(ctx context.Context, p *programme.Programme, code string) string {
	g, _ := p.Enforcement.Ground(code)
	return i18n.T(ctx, g.Name)
}

func (p Page) can(do app.Action) bool {
	for _, a := range p.Record.Actions {
		if a == do {
			return true
		}
	}
	return false
}

func (p Page) errorsOf(do app.Action) []fault.Field {
	if p.Act == do {
		return p.Errors
	}
	return nil
}

func (p Page) path(rest string) string {
	if p.Desk {
		return DeskPath(p.Record.ID, rest)
	}
	return Path(p.Record.ID, rest)
}

func (p Page) facts(ctx context.Context) []ui.Pair {
	r := p.Record
	out := []ui.Pair{{Key: i18n.T(ctx, "Decision"), Value: measure(ctx, r.Rules, r.Measure) + ", " + r.DecisionDay.Text(ctx)},
		{Key: i18n.T(ctx, "Ground"), Value: ground(ctx, r.Rules, r.Ground)}, {Key: i18n.T(ctx, "Case"), Value: r.Case},
		{Key: i18n.T(ctx, "Membership"), Value: r.Number}, {Key: i18n.T(ctx, "Filed"), Value: i18n.DateTime(ctx, r.FiledAt, r.Zone)}, {Key: i18n.T(ctx, "Filed by"), Value: r.Filer},
		{Key: i18n.T(ctx, "Last day to file"), Value: r.FileBy.Text(ctx)}, {Key: i18n.T(ctx, "Decision due"), Value: r.DecideBy.Text(ctx)}}
	if p.Desk {
		who := r.Officer
		if who == "" {
			who = i18n.T(ctx, "Nobody yet")
		}
		out = append(out, ui.Pair{Key: i18n.T(ctx, "In hand"), Value: who})
	}
	return out
}

func (p Page) outcomes(ctx context.Context) (out []ui.Option) {
	hints := map[app.Outcome]string{app.Confirmed: "Nothing changes.", app.Overturned: "It counts as if it had never been made. What we said in the meantime stays in the history.",
		app.EndedNow: "It was right when it was made. From today the member has everything back."}
	for _, o := range app.Outcomes() {
		if o == app.EndedNow && !p.Record.CanEnd {
			continue
		}
		out = append(out, ui.Option{Value: string(o), Label: i18n.T(ctx, o.Name()), Hint: i18n.T(ctx, hints[o])})
	}
	return out
}

func (p QueuePage) tabs(ctx context.Context) (out []ui.Tab) {
	for _, q := range app.Queues() {
		out = append(out, ui.Tab{Label: i18n.T(ctx, q.Name()), Href: "/desk/appeals?queue=" + string(q), Current: q == p.Queue.Name, Count: fmt.Sprint(p.Queue.Counts[q])})
	}
	return out
}

// left says how long there is to file.
func left(ctx context.Context, days int) string {
	switch {
	case days < 0:
		return i18n.T(ctx, "The time to appeal is over.")
	case days == 0:
		return i18n.T(ctx, "Today is the last day.")
	}
	return i18n.N(ctx, "%d day is left.", "%d days are left.", days)
}

func addTitle(ctx context.Context, desk bool) string {
	if desk {
		return i18n.T(ctx, "Add a note for the agency")
	}
	return i18n.T(ctx, "Add something to the appeal")
}
