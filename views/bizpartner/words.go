package bizpartner

import (
	"context"
	"slices"
	"strings"

	app "trustedtrader/app/bizpartner"
	"trustedtrader/app/i18n"
	"trustedtrader/app/standing"
	"trustedtrader/views/ui"
)

// mostRows is how many rows of a list are shown before it is taken over.
const mostRows = 500

// firstRows are the rows of a list, those with a problem first.
func firstRows(v app.Preview) (out []app.Row) {
	for _, bad := range []bool{true, false} {
		for _, r := range v.Rows {
			if (r.What == app.RowProblem) == bad && len(out) < mostRows {
				out = append(out, r)
			}
		}
	}
	return out
}

func (p RecordPage) facts(ctx context.Context) []ui.Pair {
	r := p.Record
	out := []ui.Pair{{Key: i18n.T(ctx, "Country"), Value: i18n.Country(ctx, r.Partner.Country)}, {Key: i18n.T(ctx, "What it does for you"), Value: i18n.T(ctx, r.Role)},
		{Key: i18n.T(ctx, "Contact"), Value: strings.TrimSpace(r.Partner.Contact + " " + r.Partner.Email)}, {Key: i18n.T(ctx, "Numbers"), Value: r.Partner.Identifiers},
		{Key: i18n.T(ctx, "Notes"), Value: r.Partner.Notes}}
	if r.Partner.AssessedOn != nil {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Assessed on"), Value: r.Partner.AssessedOn.Text(ctx)})
	}
	if r.Partner.DueOn != nil {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Next assessment"), Value: r.Partner.DueOn.Text(ctx)})
	}
	if r.Partner.EndedAt != nil {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Ended"), Value: i18n.Date(ctx, *r.Partner.EndedAt) + ". " + r.Partner.EndReason})
	}
	return slices.DeleteFunc(out, func(x ui.Pair) bool { return x.Value == "" })
}

func (p RecordPage) events() (out []ui.Event) {
	for _, e := range p.Record.Past {
		out = append(out, ui.Event{At: e.At, Title: p.Words(e.Action), Text: e.Reason, Actor: e.Actor, Kind: ui.Info})
	}
	return out
}

func (p ResultPage) facts(ctx context.Context) []ui.Pair {
	q := p.Result.Questionnaire
	out := []ui.Pair{{Key: i18n.T(ctx, "Questionnaire"), Value: p.Result.Template.Name.In(i18n.Lang(ctx))}, {Key: i18n.T(ctx, "Sent"), Value: i18n.Date(ctx, q.SentAt)},
		{Key: i18n.T(ctx, "To whom"), Value: q.ToName + ", " + q.ToEmail}, {Key: i18n.T(ctx, "To answer by"), Value: q.DueOn.Text(ctx)},
		{Key: i18n.T(ctx, "The link works until"), Value: i18n.Date(ctx, q.LinkUntil)}, {Key: i18n.T(ctx, "Reason"), Value: q.Reason}}
	if q.OpenedAt != nil {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Opened"), Value: i18n.DateTime(ctx, *q.OpenedAt, nil)})
	}
	if q.Answerer != "" {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Answered by"), Value: strings.Trim(q.Answerer+", "+q.Position, ", ")})
	}
	return slices.DeleteFunc(out, func(x ui.Pair) bool { return x.Value == "" })
}

func (p ResultPage) events(ctx context.Context) (out []ui.Event) {
	for _, e := range p.Result.History {
		out = append(out, ui.Event{At: e.At, Title: i18n.T(ctx, app.EntryName(e.What)), Text: e.Body, Actor: e.Author, Kind: ui.Info})
	}
	return out
}

func (p ResultPage) criteria(ctx context.Context, q app.Question) string {
	return i18n.T(ctx, "Criteria: %s", strings.Join(q.Criteria[p.Result.Questionnaire.Programme], ", "))
}

// name is what a connection is called for its reader.
func (p NetworkPage) name(ctx context.Context, c app.Connection) string {
	switch {
	case c.Member != nil:
		return c.Member.Name
	case c.Ours:
		return i18n.T(ctx, "Number %s", c.Number)
	}
	return i18n.T(ctx, "A member")
}

func (p ConnectionPage) facts(ctx context.Context) []ui.Pair {
	c := p.Connection
	out := []ui.Pair{{Key: i18n.T(ctx, "Asked on"), Value: i18n.Date(ctx, c.AskedAt)}, {Key: i18n.T(ctx, "Why"), Value: c.Purpose}, {Key: i18n.T(ctx, "Partner on your list"), Value: c.Partner}}
	if c.Member != nil {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Kind of member"), Value: p.Kind(c.Member.Programme, c.Member.EntityType)}, ui.Pair{Key: i18n.T(ctx, "Number"), Value: c.Number})
	}
	return slices.DeleteFunc(out, func(x ui.Pair) bool { return x.Value == "" })
}

func (p ConnectionPage) partnerID() string {
	if p.Connection.PartnerID == nil {
		return ""
	}
	return p.Connection.PartnerID.String()
}

func (p ConnectionPage) mayEnd() bool {
	switch p.Connection.State {
	case app.Connected:
		return p.Network.MaySign
	case app.Asked, app.Silent:
		return p.Connection.Ours && p.Network.MayEdit
	}
	return false
}

// nextHref leads to the first section that needs something, or to the end.
func (p OutsidePage) nextHref() string {
	for _, s := range p.Outside.Template.Sections {
		if p.Outside.Done(s) < len(s.Questions) {
			return p.path("/s/" + s.Code)
		}
	}
	return p.path("/finish")
}

func (p OutsidePage) next() string {
	switch {
	case len(p.Outside.Missing()) == 0:
		return p.say("check")
	case p.Outside.Questionnaire.BegunAt == nil:
		return p.say("begin")
	}
	return p.say("continue")
}

func (p OutsidePage) lost(code string) bool { return slices.Contains(p.Lost, code) }

func (p OutsidePage) reply(code string) string {
	r := p.Outside.Replies[code]
	if r.Answer == "" {
		return "–"
	}
	if r.Note == "" {
		return p.say(r.Answer)
	}
	return p.say(r.Answer) + ". " + r.Note
}

func (p OutsidePage) sectionOf(code string) string {
	for _, s := range p.Outside.Template.Sections {
		if slices.ContainsFunc(s.Questions, func(q app.Question) bool { return q.Code == code }) {
			return s.Code
		}
	}
	return ""
}

// since says from when on the state of a part holds. The tier beside it may be younger.
func since(ctx context.Context, x app.Part) string {
	if x.Since == nil {
		return ""
	}
	day := x.Since.Text(ctx)
	switch x.State {
	case standing.Active:
		return i18n.T(ctx, "Active since %s", day)
	case standing.OnHold:
		return i18n.T(ctx, "Suspended since %s", day)
	case standing.Ended, standing.Cancelled:
		return i18n.T(ctx, "Ended on %s", day)
	}
	return ""
}
