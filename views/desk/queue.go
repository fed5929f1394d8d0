package desk

import (
	"context"

	"trustedtrader/app/i18n"
	"trustedtrader/app/review"
	"trustedtrader/views/ui"
)

func (p QueuePage) tabs(ctx context.Context) (out []ui.Tab) {
	for _, c := range p.Queue.Counts {
		out = append(out, ui.Tab{Label: i18n.T(ctx, c.Queue.Name()), Count: c.Text(), Current: c.Queue == p.Queue.Filter.Queue,
			Href: queuePath(p.Queue.Filter, func(f *review.Filter) { f.Queue, f.After = c.Queue, "" })})
	}
	return out
}

func (p QueuePage) columns(ctx context.Context) []ui.Column {
	sorted := func(is bool) string {
		if is {
			return "ascending"
		}
		return ""
	}
	order := p.Queue.Filter.Order
	by := func(o review.Order) string {
		return queuePath(p.Queue.Filter, func(f *review.Filter) { f.Order, f.After = o, "" })
	}
	out := []ui.Column{
		{Label: i18n.T(ctx, "Company and case")}, {Label: i18n.T(ctx, "Status")},
		{Label: i18n.T(ctx, "Next day"), SortHref: by(review.DueFirst), Sorted: sorted(order == review.DueFirst)},
		{Label: i18n.T(ctx, "Age"), Numeric: true, SortHref: by(review.Oldest), Sorted: map[review.Order]string{review.Oldest: "descending", review.Newest: "ascending"}[order]},
		{Label: i18n.T(ctx, "Assigned to")}, {Label: i18n.T(ctx, "Action"), Hidden: true},
	}
	if p.Queue.Assigns {
		out = append([]ui.Column{{Label: i18n.T(ctx, "Choose"), Hidden: true}}, out...)
	}
	return out
}

// first leads back to the beginning: a queue moves on while one reads, so the page
// before is not what it was.
func (p QueuePage) first() string {
	if p.Queue.Filter.After == "" {
		return ""
	}
	return queuePath(p.Queue.Filter, func(f *review.Filter) { f.After = "" })
}

func (p QueuePage) next() string {
	if p.Queue.Next == "" {
		return ""
	}
	return queuePath(p.Queue.Filter, func(f *review.Filter) { f.After = p.Queue.Next })
}
