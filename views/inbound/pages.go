// Package inbound holds the pages of lists of foreign operators: the channels, one channel with
// its lists, and one list with what it would change.
package inbound

import (
	"context"
	"strconv"
	"time"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	app "trustedtrader/app/inbound"
	"trustedtrader/app/programme"
	"trustedtrader/views/ui"
)

// ChannelsPage lists the channels, of an agency or all.
type ChannelsPage struct {
	ui.Chrome
	List       app.Channels
	Base       string
	Programmes *programme.Register
	Zone       *time.Location
}

func (p ChannelsPage) tabs(ctx context.Context) []ui.Tab {
	return []ui.Tab{{Label: i18n.T(ctx, "All"), Href: p.Base, Current: !p.List.Late}, {Label: i18n.T(ctx, "Stale"), Href: p.Base + "?show=stale", Current: p.List.Late, Count: strconv.Itoa(p.List.Stale)}}
}

// ChannelPage is one channel with its lists.
type ChannelPage struct {
	ui.Chrome
	Channel    app.ChannelPage
	Base       string
	Programmes *programme.Register
	Zone       *time.Location
	Entered    app.BringEntry
	Day        ui.DateValue
	Errors     []fault.Field
	Conflict   *fault.Error
}

func (p ChannelPage) path() string { return p.Base + "/" + p.Channel.ID.String() }

func (p ChannelPage) page(step int) string {
	n := p.Channel.Page + step
	if n < 1 || step > 0 && !p.Channel.More {
		return ""
	}
	return p.path() + "?page=" + strconv.Itoa(n)
}

func (p ChannelPage) kinds(ctx context.Context) []ui.Option {
	return []ui.Option{{Value: app.Full, Label: i18n.T(ctx, "A full list"), Hint: i18n.T(ctx, "Who is not on it any more would end.")}, {Value: app.Delta, Label: i18n.T(ctx, "Only what has changed"), Hint: i18n.T(ctx, "Who is not on it stays as it is.")}}
}

func (p ChannelPage) facts(ctx context.Context) []ui.Pair {
	c := p.Channel
	out := []ui.Pair{{Key: i18n.T(ctx, "Arrangement"), Value: c.Arrangement.Title()}, {Key: i18n.T(ctx, "Recognized by"), Value: programmeName(p.Programmes, c.Operative.Home)}, {Key: i18n.T(ctx, "Agency"), Value: c.Agency},
		{Key: i18n.T(ctx, "Agreed"), Value: frequency(ctx, c.Operative.Exchange.Frequency)}, {Key: i18n.T(ctx, "Operators that count"), Value: i18n.Number(ctx, int64(c.Counts))}}
	if c.AsOf != nil {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Last list that was taken over"), Value: i18n.T(ctx, "of %s", c.AsOf.Text(ctx))})
	}
	return out
}

// FeedPage is one list.
type FeedPage struct {
	ui.Chrome
	Feed       app.FeedPage
	Base       string
	Programmes *programme.Register
	Zone       *time.Location
	Act        app.Action // that was refused
	Reason     string
	Errors     []fault.Field
	Conflict   *fault.Error
}

func (p FeedPage) path(tail string) string { return p.Base + "/lists/" + p.Feed.ID.String() + tail }

func (p FeedPage) tabs(ctx context.Context) (out []ui.Tab) {
	for _, c := range app.Changes() {
		if n := p.Feed.Of(c); n > 0 {
			out = append(out, ui.Tab{Label: i18n.T(ctx, c.Name()), Href: p.path("?show=" + string(c)), Current: c == p.Feed.Show, Count: strconv.Itoa(n)})
		}
	}
	return out
}

func (p FeedPage) page(step int) string {
	n := p.Feed.Page + step
	if n < 1 || step > 0 && !p.Feed.More {
		return ""
	}
	return p.path("?show=" + string(p.Feed.Show) + "&page=" + strconv.Itoa(n))
}

func (p FeedPage) facts(ctx context.Context) []ui.Pair {
	f := p.Feed
	out := []ui.Pair{{Key: i18n.T(ctx, "Arrangement"), Value: f.Channel.Arrangement.Title()}, {Key: i18n.T(ctx, "Agency"), Value: f.Channel.Agency}, {Key: i18n.T(ctx, "Kind of list"), Value: kindName(ctx, f.Kind)},
		{Key: i18n.T(ctx, "Speaks of"), Value: f.AsOf.Text(ctx)}, {Key: i18n.T(ctx, "Brought by"), Value: i18n.T(ctx, "%s, on %s", f.Bringer, i18n.Date(ctx, f.BroughtAt))}, {Key: i18n.T(ctx, "Rows"), Value: i18n.Number(ctx, int64(f.Rows))}}
	if f.FileName != "" {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "File"), Value: f.FileName})
	}
	out = append(out, ui.Pair{Key: "SHA-256", Value: f.SHA256})
	if f.DecidedAt != nil {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Decided by"), Value: i18n.T(ctx, "%s, on %s", f.Decider, i18n.Date(ctx, *f.DecidedAt))})
	}
	if f.Reason != "" {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Reason"), Value: f.Reason})
	}
	return out
}

// headings are the columns of the file as choices.
func (p FeedPage) headings() (out []ui.Option) {
	list, err := p.Feed.Headings()
	if err != nil {
		return nil
	}
	for i, h := range list {
		out = append(out, ui.Option{Value: strconv.Itoa(i), Label: h})
	}
	return out
}

// place is where something stands in the file now.
func (p FeedPage) place(code string) string {
	at, err := p.Feed.Places()
	if i, there := at[code]; err == nil && there {
		return strconv.Itoa(i)
	}
	return ""
}

// named is the columns as they are used, in words.
func (p FeedPage) named(ctx context.Context) (out []ui.Pair) {
	list, err := p.Feed.Headings()
	at, wrong := p.Feed.Places()
	if err != nil || wrong != nil {
		return nil
	}
	for _, c := range p.Feed.Channel.Rules.Columns {
		if i, there := at[c.Code]; there && i < len(list) {
			out = append(out, ui.Pair{Key: i18n.T(ctx, c.Name), Value: list[i]})
		}
	}
	return out
}

func (p FeedPage) errorsOf(a app.Action) []fault.Field {
	if p.Act != a {
		return nil
	}
	return p.Errors
}

func (p FeedPage) columnName(ctx context.Context, code string) string {
	c, ok := p.Feed.Channel.Rules.Column(code)
	if !ok {
		return code
	}
	return i18n.T(ctx, c.Name)
}

// said is a value of a list in words: states have names.
func said(ctx context.Context, field, value string) string {
	switch {
	case value == "":
		return i18n.T(ctx, "nothing")
	case field != "status":
		if day, err := clock.ParseDay(value); err == nil {
			return day.Text(ctx)
		}
		return value
	case value == "applied":
		return i18n.T(ctx, "Applied")
	case value == "confirmed":
		return i18n.T(ctx, "Counts")
	}
	return i18n.T(ctx, app.Change(value).Name())
}

func kindName(ctx context.Context, kind string) string {
	if kind == app.Full {
		return i18n.T(ctx, "Full list")
	}
	return i18n.T(ctx, "Changes")
}

func programmeName(r *programme.Register, code string) string {
	if p, ok := r.Get(code); ok {
		return p.ShortName
	}
	return code
}

func frequency(ctx context.Context, code string) string {
	switch code {
	case "daily":
		return i18n.T(ctx, "A list each day")
	case "weekly":
		return i18n.T(ctx, "A list each week")
	case "monthly":
		return i18n.T(ctx, "A list each month")
	case "quarterly":
		return i18n.T(ctx, "A list each quarter")
	case "yearly":
		return i18n.T(ctx, "A list each year")
	}
	return i18n.T(ctx, "No lists are exchanged")
}

func tone(s app.Status) ui.Kind {
	switch s {
	case app.Taken:
		return ui.Good
	case app.Unread, app.Waiting:
		return ui.Waiting
	}
	return ui.Neutral
}
