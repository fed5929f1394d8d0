package benefit

import (
	"slices"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// SightMonths is over how many months reports are looked through for a benefit.
const SightMonths = 12

// SightFrom is the first month that is looked through on a day: with the month of that day
// there are twelve.
func SightFrom(today clock.Day) clock.Day {
	return today.AddDays(1 - today.DayOfMonth()).AddMonths(1 - SightMonths)
}

// SightRow is what a company's reports hold of a kind of event, or a layout that it brought.
type SightRow struct {
	Kind    Kind
	Type    string // empty: of all types
	Events  int
	Entries int
	Layout  string // of a report that was taken over; then the other fields are empty
}

// Sights reads what shows benefits in the reports of a company since a month, within a batch of
// a page of that company.
func Sights(rows *[]SightRow, company uuid.UUID, from clock.Day) pg.Query {
	return pg.All(rows, `select kind, type, sum(events)::int as events, sum(entries)::int as entries, '' as layout from benefit_month where company_id = $1 and month >= $2 and country = '' group by kind, type
		union all select '', '', 0, 0, layout from benefit_import where company_id = $1 and status = 'taken' and last_on >= $2 group by layout`, company, from)
}

// Seen is whether a company's reports show a benefit.
type Seen string

// What reports can say of a benefit.
const (
	SeenThere Seen = "seen"
	NotSeen   Seen = "not_seen"
	NoReport  Seen = "no_report" // none that would show it
	Unseeable Seen = "unseeable" // no kind of report shows it
)

// Sight is how a benefit stands in reports.
type Sight struct {
	Seen  Seen
	Times int
}

// See says whether reports show a benefit. Only reports of a kind that would show it count:
// a company that brings no report of crossings has not failed to cross.
func (d *Data) See(b programme.Benefit, rows []SightRow) Sight {
	if b.Seen == nil {
		return Sight{Seen: Unseeable}
	}
	brought := func(layouts []string) bool {
		return slices.ContainsFunc(rows, func(r SightRow) bool { return r.Layout != "" && slices.Contains(layouts, r.Layout) })
	}
	if !brought(d.Showing(b.Seen.Kinds)) || b.Seen.Without != "" && !brought(d.Showing([]string{b.Seen.Without})) {
		return Sight{Seen: NoReport}
	}
	s := Sight{Seen: NotSeen, Times: count(b.Seen, rows)}
	if s.Times > 0 {
		s.Seen = SeenThere
	}
	return s
}

// count is how often reports show a benefit: events of its kinds, or shipments without one.
func count(b *programme.BenefitSight, rows []SightRow) (n int) {
	sum := func(kind, of string) (events, entries int) {
		for _, r := range rows {
			if r.Layout == "" && string(r.Kind) == kind && r.Type == of {
				events, entries = events+r.Events, entries+r.Entries
			}
		}
		return events, entries
	}
	if b.Without != "" { // shipments of the first kind that there is: a release is that of an entry
		_, less := sum(b.Without, "")
		for _, kind := range b.Kinds {
			if _, all := sum(kind, ""); all > 0 {
				return max(all-less, 0)
			}
		}
		return 0
	}
	for _, kind := range b.Kinds {
		types := b.Types
		if len(types) == 0 {
			types = []string{""}
		}
		for _, of := range types {
			events, _ := sum(kind, of)
			n += events
		}
	}
	return n
}

// Showing lists the layouts of reports that show events of one of the kinds.
func (d *Data) Showing(kinds []string) (out []string) {
	for _, l := range d.Layouts {
		if slices.ContainsFunc(d.kinds(l), func(k Kind) bool { return slices.Contains(kinds, string(k)) }) {
			out = append(out, l.Code)
		}
	}
	return out
}
