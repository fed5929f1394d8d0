package plan

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// facts are what the portal knows of a membership when a plan is made. What it has no data
// for is nil.
type facts struct {
	MembershipID uuid.UUID
	CompanyID    uuid.UUID
	OfficeID     uuid.UUID
	DueOn        *clock.Day // the first day by which the law wants a validation
	DaysLeft     *int       // until then, at the office
	Years        float64    // since the last validation, or certification
	Shipments    *int64     // a year, on the lanes of the newest finished risk assessment
	Rating       *int       // the highest of a country on those lanes or of a site
	Country      string     // which one
	Incidents    *int       // of the years that the programme counts, without those that did not happen
	Findings     *int       // required actions of the last validation
	NotMet       *int       // criteria of the last accepted profile
	Overdue      bool       // the yearly review
}

// scored is a membership with its score and whether and why it is proposed.
type scored struct {
	facts
	Score            float64
	Points           Points
	Proposed, Random bool
}

// value is what a factor looks at: nil when there are no data, and the part of its weight
// that it adds, from 0 to 1.
func (f facts) value(w Weight) (value *float64, share float64, text string) {
	of := func(v float64) *float64 { return &v }
	switch w.Code {
	case "due":
		if f.DaysLeft == nil {
			return nil, 0, ""
		}
		return of(float64(*f.DaysLeft)), 1 - float64(*f.DaysLeft)/w.Full, ""
	case "since_validation":
		value = of(math.Round(f.Years*10) / 10)
	case "volume":
		value = whole(f.Shipments)
	case "regions":
		value, text = whole(f.Rating), f.Country
	case "incidents":
		value = whole(f.Incidents)
	case "findings":
		value = whole(f.Findings)
	case "criteria_not_met":
		value = whole(f.NotMet)
	case "overdue_review":
		value = of(0)
		if f.Overdue {
			value = of(1)
		}
	}
	if value == nil {
		return nil, 0, ""
	}
	return value, *value / w.Full, text
}

func whole[T int | int64](n *T) *float64 {
	if n == nil {
		return nil
	}
	f := float64(*n)
	return &f
}

// pointsOf is what each factor adds to a score, and their sum.
func pointsOf(weights Weights, f facts) (list Points, score float64) {
	for _, w := range weights {
		value, share, text := f.value(w)
		p := Point{Code: w.Code, Value: value, Weight: w.Weight, Text: text,
			Points: math.Round(w.Weight*min(1, max(0, share))*100) / 100}
		list, score = append(list, p), score+p.Points
	}
	return list, math.Round(score*100) / 100
}

// rank scores memberships, puts the highest score first and proposes: whoever is due by the
// end of the year; then by score until the share of the programme is reached; and of the
// rest a few by lot, drawn with the seed.
func rank(weights Weights, rules programme.Selection, year int, seed int64, list []facts) []scored {
	out := make([]scored, len(list))
	for i, f := range list {
		out[i].facts = f
		out[i].Points, out[i].Score = pointsOf(weights, f)
	}
	slices.SortFunc(out, func(a, b scored) int {
		return cmp.Or(-cmp.Compare(a.Score, b.Score), compareDays(a.DueOn, b.DueOn), cmp.Compare(a.MembershipID.String(), b.MembershipID.String()))
	})
	lots := percent(percent(len(out), rules.Share), rules.Random)
	wanted, proposed := percent(len(out), rules.Share)-lots, 0
	for i := range out {
		if d := out[i].DueOn; d != nil && d.Year() <= year {
			out[i].Proposed = true
			proposed++
		}
	}
	for i := range out {
		if proposed >= wanted {
			break
		}
		if !out[i].Proposed {
			out[i].Proposed = true
			proposed++
		}
	}
	draw(out, lots, seed)
	return out
}

// percent is so many of n, rounded up.
func percent(n, of int) int { return (n*of + 99) / 100 }

// draw proposes n of those that are not proposed yet. Anybody can draw them again: the
// memberships in the order of their ids, shuffled by PCG with the seed.
func draw(list []scored, n int, seed int64) {
	var rest []*scored
	for i := range list {
		if !list[i].Proposed {
			rest = append(rest, &list[i])
		}
	}
	slices.SortFunc(rest, func(a, b *scored) int { return cmp.Compare(a.MembershipID.String(), b.MembershipID.String()) })
	rand.New(rand.NewPCG(uint64(seed), 0)).Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	for _, s := range rest[:min(n, len(rest))] {
		s.Proposed, s.Random = true, true
	}
}

// compareDays puts the earlier day first and none last.
func compareDays(a, b *clock.Day) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Compare(*b)
}

// Made is how many memberships a plan has, and how many of them it proposes.
type Made struct{ All, Proposed int }

// score reads what is known of every live membership, in one statement, and writes the lines
// of the plan in another.
func (s *Service) score(ctx context.Context, tx pg.Tx, rules *programme.Programme, p Plan) (Made, error) {
	list, err := gather(ctx, tx, p, clocksOf(rules), rules.Enforcement.Incidents.Years, s.Regions)
	if err != nil {
		return Made{}, fmt.Errorf("read what is known of members: %w", err)
	}
	ranked := rank(p.Weights, rules.Validation.Selection, p.Year, p.Seed, list)
	lines := make([]line, len(ranked))
	made := Made{All: len(ranked)}
	for i, r := range ranked {
		lines[i] = line{ID: pg.NewID(), Company: r.CompanyID, Membership: r.MembershipID, Office: r.OfficeID, Score: r.Score, Factors: r.Points, DueOn: r.DueOn, Proposed: r.Proposed, Random: r.Random}
		if r.Proposed {
			made.Proposed++
		}
	}
	body, err := json.Marshal(lines)
	if err != nil {
		return Made{}, err
	}
	if err := putLines(ctx, tx, p.ID, string(body)); err != nil {
		return Made{}, fmt.Errorf("write the lines of the plan: %w", err)
	}
	return made, nil
}

// line is a line on its way into the database.
type line struct {
	ID         uuid.UUID  `json:"id"`
	Company    uuid.UUID  `json:"company_id"`
	Membership uuid.UUID  `json:"membership_id"`
	Office     uuid.UUID  `json:"office_id"`
	Score      float64    `json:"score"`
	Factors    Points     `json:"factors"`
	DueOn      *clock.Day `json:"due_on"`
	Proposed   bool       `json:"proposed"`
	Random     bool       `json:"random"`
}

// clocksOf are the clocks by which a programme wants its members validated.
func clocksOf(p *programme.Programme) (codes []string) {
	for _, k := range p.Validation.Kinds {
		if k.Clock != "" && k.Code != "before_decision" {
			codes = append(codes, k.Clock)
		}
	}
	return codes
}
