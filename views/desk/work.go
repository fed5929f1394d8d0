package desk

import (
	"context"

	"trustedtrader/app/application"
	"trustedtrader/app/i18n"
	"trustedtrader/app/review"
)

// points is how many points a form offers at least.
const points = 3

// padded adds empty points to fill in.
func padded(list []application.Point) []application.Point {
	out := append([]application.Point{}, list...)
	for len(out) < points || (len(out) == len(list) && len(out) < 20) {
		out = append(out, application.Point{})
	}
	return out
}

// decidedBefore are the recommendations that wait for nothing any more.
func decidedBefore(c review.Case) (out []review.Recommendation) {
	for _, r := range c.Recommendations {
		if !r.Open() {
			out = append(out, r)
		}
	}
	return out
}

// remarkHint repeats the internal remark on a part, to ask from.
func remarkHint(ctx context.Context, c review.Case, part string) string {
	for _, p := range c.Parts {
		if p.Section.Code == part && p.Verdict.Remark != "" && (p.Verdict.Verdict == application.MoreInformation || p.Verdict.Verdict == application.DoesNotMeet) {
			return i18n.T(ctx, "Your remark: %s", p.Verdict.Remark)
		}
	}
	return ""
}
