package recognition

import (
	"context"
	"time"

	"trustedtrader/app/i18n"
	app "trustedtrader/app/recognition"
	"trustedtrader/views/ui"
)

// when is since when a recognition is what it is.
func when(i app.Item) *time.Time {
	r := i.Last
	if r == nil {
		return nil
	}
	for _, t := range []*time.Time{r.EndedAt, r.AnsweredAt, r.AcknowledgedAt, r.SentAt} {
		if t != nil {
			return t
		}
	}
	return &r.AskedAt
}

// steps are what became of a request, with their days.
func steps(ctx context.Context, r app.Recognition, i app.Item) (out []ui.Pair) {
	add := func(key string, t *time.Time) {
		if t != nil {
			out = append(out, ui.Pair{Key: key, Value: i18n.Date(ctx, *t)})
		}
	}
	add(i18n.T(ctx, "Sent"), r.SentAt)
	add(i18n.T(ctx, "Taken up"), r.AcknowledgedAt)
	add(i18n.T(ctx, "Answered"), r.AnsweredAt)
	add(i18n.T(ctx, "Ended"), r.EndedAt)
	if r.PartnerRef != "" {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Reference of the partner"), Value: r.PartnerRef})
	}
	if r.Live() {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "How often checked"), Value: checks(ctx, i)})
	}
	return out
}
