package metric

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/baseline"
	"trustedtrader/app/clock"
	"trustedtrader/app/cost"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// As is in what a company is compared with others: a kind of member of a programme.
type As struct {
	Programme  string
	EntityType string
}

// String is the choice as an address has it.
func (a As) String() string { return a.Programme + ":" + a.EntityType }

// ParseAs reads what String wrote; the zero value when it is something else.
func ParseAs(s string) (a As) {
	a.Programme, a.EntityType, _ = strings.Cut(s, ":")
	return a
}

// Case is what a company's reports say of a period beside what others met: what membership
// seems to bring, and what it costs.
type Case struct {
	Company
	As        As              // the zero value: the company is no member of anything
	Kinds     []As            // that it could be compared as
	Baselines []baseline.File // that cohorts of the comparison stand in, the newest signed first
	Costs     cost.Costs
	Member    int      // months of the period in which it was such an active member on every day
	Whole     Compared // of those months
	Modes     []Compared
	Years     []Year   // the latest first
	Partners  []string // countries whose arrangement with one of the company's programmes was in force on the last day
}

// Year is what a calendar year brought and cost, up to the end of the period.
type Year struct {
	Year    int
	Months  int // that are over
	Covered int // of them, with shipments
	Member  int // of them, in which the company was an active member on every day
	Money   []YearMoney
}

// Quality says how far the year's numbers may be trusted.
func (y Year) Quality() Quality {
	switch {
	case y.Covered == 0:
		return Nothing
	case y.Covered == 12 && y.Member == 12:
		return Complete
	}
	return Partial
}

// YearMoney is a year in one currency. Currencies are never added to each other.
type YearMoney struct {
	Currency  string
	Saved     Weighed // by examinations that were avoided: an estimate
	Mitigated string  // proposed less assessed, as decided
	Cost      string  // of membership
	Net       Span    // saved and mitigated less the cost
}

// Return is how much came back for one of the currency that was spent. False: nothing was
// spent, or too little is known of what was saved.
func (m YearMoney) Return() (r Span, known bool) {
	spent := number(m.Cost)
	if spent == 0 || !m.Saved.Enough() {
		return r, false
	}
	return Span{m.Net.Value/spent + 1, m.Net.Low/spent + 1, m.Net.High/spent + 1}, true
}

// kindRow is a kind of member that a company is or was, with the months in which it was an active
// member of the kind on every day.
type kindRow struct {
	Programme  string
	EntityType string
	Months     []string
}

// kindsSQL reads those of a company, in the order in which it was certified, and the months of a
// span. What was known later corrects what was known before.
const kindsSQL = `select k.programme, k.entity_type,
		array(select to_char(d, 'YYYY-MM-DD') from generate_series($2::date::timestamp, $3::date::timestamp, interval '1 month') d where k.live @> daterange(d::date, (d + interval '1 month')::date)) as months
	from (select m.programme, m.entity_type, range_agg(s.valid) as live, min(m.certified_on) as since
		from membership m left join standing s on s.membership_id = m.id and upper_inf(s.known) and s.state = 'active' where m.company_id = $1 group by 1, 2) k
	order by k.since, 1, 2 limit 20`

// Case makes a company's figures beside those of others. Its own people may, and nobody else.
// as chooses among its kinds; any other means the first. Beside others stand only the months in
// which the company was an active member of the kind on every day: what goods met before, or
// during a suspension, membership did not bring.
func (s *Service) Case(ctx context.Context, by identity.Actor, p Period, as As) (c Case, err error) {
	c.Costs.Defaults = s.Costs.Defaults
	var saved []mitigatedRow
	var rows []monthRow
	var events []arrangement.Row
	var kinds []kindRow
	c.Company, rows, err = s.read(ctx, by, p, append(cost.Queries(&c.Costs, by.CompanyID), arrangement.Known(&events, ""),
		pg.All(&kinds, kindsSQL, by.CompanyID, p.firstYear(), p.To),
		pg.All(&saved, `select month, currency, sum(proposed - assessed)::text as amount from benefit_month
			where company_id = $1 and month between $2 and $3 and kind in ('isf_mitigation', 'penalty_mitigation') and type = '' and country = '' and currency <> '' group by 1, 2`, by.CompanyID, p.firstYear(), p.To))...)
	if err != nil {
		return c, err
	}
	known := cohorts{}
	for i, k := range kinds {
		c.Kinds = append(c.Kinds, As{k.Programme, k.EntityType})
		if i == 0 || c.Kinds[i] == as {
			c.As, known.member = c.Kinds[i], monthsOf(k.Months)
		}
	}
	c.Partners = s.partners(c.Kinds, events, p)
	if c.As != (As{}) {
		list, files, err := s.Baselines.Cohorts(ctx, by, c.As.Programme, c.As.EntityType, p.firstYear(), p.To)
		if err != nil {
			return c, err
		}
		known.list = index(list)
		c.Baselines = files
	}
	own := shipments(rows)
	c.Years = years(p, own, known, c.Costs, saved)
	c.Baselines = slices.DeleteFunc(c.Baselines, func(f baseline.File) bool { return !known.used(own, f.ID) }) // by years too, which are whole
	c.Member = known.members(p.From, p.To)
	maps.DeleteFunc(own, func(k cell, _ Share) bool { return k.month.Before(p.From) })
	c.Whole, c.Modes = compare(own, known, c.Costs)
	return c, nil
}

// monthsOf are months as the database wrote them.
func monthsOf(list []string) map[clock.Day]bool {
	out := map[clock.Day]bool{}
	for _, text := range list {
		if d, err := clock.ParseDay(text); err == nil {
			out[d] = true
		}
	}
	return out
}

// partners are the countries in which members of a company's programmes are recognized on the
// last day of a period, as far as is known now.
func (s *Service) partners(kinds []As, events []arrangement.Row, p Period) (out []string) {
	if s.Arrangements == nil {
		return nil
	}
	var known time.Time // of the latest that was recorded
	for _, e := range events {
		if e.RecordedAt.After(known) {
			known = e.RecordedAt
		}
	}
	lives := s.Arrangements.Lives(events)
	for _, k := range kinds {
		for _, a := range s.Arrangements.Of(k.Programme) {
			if o, ok := a.For(k.Programme); ok && takes(o, k.EntityType) && lives[a.Code].On(p.last(), known) == arrangement.Running {
				out = append(out, o.Countries...)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// takes reports whether an arrangement is for members of a kind, of some tier.
func takes(o arrangement.Operative, entityType string) bool {
	return slices.ContainsFunc(o.Scope, func(r arrangement.Rule) bool {
		return len(r.EntityTypes) == 0 || slices.Contains(r.EntityTypes, entityType)
	})
}

// firstYear is the first month of the period's first year: years are shown whole.
func (p Period) firstYear() clock.Day { return p.From.AddMonths(1 - int(p.From.Month())) }

// used reports whether a shipment has a cohort of a file.
func (c cohorts) used(own map[cell]Share, file uuid.UUID) bool {
	for k := range own {
		if x := c.of(k); x != nil && x.FileID == file {
			return true
		}
	}
	return false
}

// mitigatedRow is what was proposed less what was assessed, in a month.
type mitigatedRow struct {
	Month    clock.Day
	Currency string
	Amount   string
}

// years parts what was saved and spent by calendar years.
func years(p Period, own map[cell]Share, known cohorts, costs cost.Costs, saved []mitigatedRow) (out []Year) {
	for n := p.To.Year(); n >= p.From.Year(); n-- {
		y := Year{Year: n, Months: 12}
		if n == p.To.Year() {
			y.Months = int(p.To.Month())
		}
		first := clock.DayOf(time.Date(n, 1, 1, 0, 0, 0, 0, time.UTC), time.UTC)
		y.Member = known.members(first, first.AddMonths(y.Months-1))
		mine, months := map[cell]Share{}, map[clock.Day]bool{}
		for k, v := range own {
			if k.month.Year() == n {
				mine[k] = v
				if v.Whole > 0 {
					months[k.month] = true
				}
			}
		}
		y.Covered = len(months)
		rows := map[string]*YearMoney{}
		at := func(currency string) *YearMoney {
			if rows[currency] == nil {
				rows[currency] = &YearMoney{Currency: currency, Mitigated: "0", Cost: "0"}
			}
			return rows[currency]
		}
		whole, _ := compare(mine, known, costs)
		for _, w := range whole.Money {
			at(w.Currency).Saved = w.Weighed
		}
		for currency, amount := range mitigated(saved, n, known) {
			at(currency).Mitigated = amount
		}
		for currency, amount := range costs.Year(n) {
			at(currency).Cost = amount
		}
		for _, currency := range slices.Sorted(maps.Keys(rows)) {
			m := rows[currency]
			exact := number(m.Mitigated) - number(m.Cost)
			m.Net = Span{m.Saved.Value + exact, m.Saved.Low + exact, m.Saved.High + exact}
			y.Money = append(y.Money, *m)
		}
		out = append(out, y)
	}
	return out
}

// mitigated adds what was mitigated in the months of a year in which the company was a member,
// exactly, by currency.
func mitigated(rows []mitigatedRow, year int, known cohorts) map[string]string {
	sums := map[string]*big.Rat{}
	for _, r := range rows {
		if r.Month.Year() != year || !known.member[r.Month] {
			continue
		}
		if sums[r.Currency] == nil {
			sums[r.Currency] = new(big.Rat)
		}
		if x, ok := new(big.Rat).SetString(r.Amount); ok { // the database wrote it
			sums[r.Currency].Add(sums[r.Currency], x)
		}
	}
	out := map[string]string{}
	for currency, sum := range sums {
		out[currency] = sum.FloatString(2)
	}
	return out
}

// number reads a decimal for an estimate; exact amounts stay text.
func number(decimal string) float64 {
	f, err := strconv.ParseFloat(decimal, 64)
	if err != nil {
		panic(fmt.Sprintf("%q is no decimal", decimal)) // the database wrote it
	}
	return f
}
