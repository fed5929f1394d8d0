package demo

import (
	"fmt"
	"strings"

	"trustedtrader/app/baseline"
	"trustedtrader/app/clock"
)

// lane is how often the goods of non-members are examined on one way.
type lane struct {
	mode  string
	ports []string // groups, each a part of all
	share float64  // examined
	hold  float64  // hours at the middle
	trade int      // shipments a month at all ports
}

// market is what companies of some kinds meet under a programme. The same name makes the same
// numbers.
type market struct {
	name  string
	lanes []lane
	kinds []kindPart
}

// kindPart is a kind of member for which there are cohorts, with its part of the trade.
type kindPart struct {
	code string
	part float64
}

var union = market{"union", []lane{
	{"sea", []string{"all", "other"}, 0.044, 33, 26_000},
	{"air", []string{"all"}, 0.013, 11, 31_000},
	{"truck", []string{"all"}, 0.009, 4, 64_000},
}, []kindPart{{"aeoc", 0.5}, {"aeof", 0.4}, {"aeos", 0.1}}}

var states = market{"cohorts", lanes, cohortTypes}

var lanes = []lane{
	{"sea", []string{"all", "los_angeles", "new_york", "savannah"}, 0.052, 49, 21_000},
	{"air", []string{"all", "chicago", "norfolk"}, 0.021, 17, 34_000},
	{"truck", []string{"all", "laredo", "detroit"}, 0.148, 9.5, 52_000},
	{"rail", []string{"all"}, 0.034, 21, 8_000},
}

var cohortTypes = []kindPart{{"importer", 0.6}, {"consolidator", 0.12}, {"third_party_logistics", 0.1}, {"highway_carrier_us_mx", 0.08}, {"highway_carrier_us_ca", 0.05}, {"exporter", 0.03}, {"foreign_manufacturer", 0.02}}

const cohortSource = "Entries and releases of companies without a membership, from the entry system, by month of arrival. A shipment is an entry number, and one with several examinations counts once. " +
	"Companies that were suspended or applied in the month are not counted. Made up for this demo."

const unionSource = "Declarations for free circulation of traders without an authorization, by month of release. A control is a physical one of the goods or their packing; controls of papers are not counted. Made up for this demo."

// baselines are the files of headquarters: one that counts for the past, one that was wrong
// and withdrawn, one that counts for the months since, one for the union, and one that waits and
// has a mistake in it.
func (s *Seeder) baselines() []step {
	var first, wrong baseline.Baseline
	months := func(b *strings.Builder, of market, from, to clock.Day, factor float64) {
		b.WriteString("Period,Mode,Port group,Entity type,Shipments,Exams,Companies,Median hold hours\n")
		for m := from; !m.After(to); m = m.AddMonths(1) {
			cohorts(b, of, m, factor)
		}
	}
	bringFor := func(programme string, of market, subject, name string, from clock.Day, factor float64, source string) (baseline.Baseline, error) {
		var b strings.Builder
		today := clock.DayOf(s.Clock.Now(), nil)
		months(&b, of, from, over(today), factor)
		in, wrong, err := s.Baselines.Bring(s.ctx, s.staff[subject], baseline.BringEntry{Programme: programme, Source: source, AsOf: today.String(), FileName: name}, strings.NewReader(b.String()))
		if err != nil {
			return in, fmt.Errorf("%s: %w %v", name, err, wrong)
		}
		return in, nil
	}
	bring := func(subject, name string, from clock.Day, factor float64, source string) (baseline.Baseline, error) {
		return bringFor("ctpat", states, subject, name, from, factor, source)
	}
	begin := over(clock.DayOf(s.present, nil)).AddMonths(1 - tradeMonths)
	early := over(clock.DayOf(s.day(330, 9), nil))
	return []step{
		{at: s.day(330, 9), do: func() (err error) {
			first, err = bring("hanna.hq", "cohorts-first-year.csv", begin, 1, cohortSource)
			return err
		}},
		{at: s.day(326, 15), do: func() error { return s.Baselines.Sign(s.ctx, s.staff["henry.hq"], first.ID, first.Version) }},
		{at: s.day(60, 9), do: func() (err error) {
			wrong, err = bring("henry.hq", "cohorts-draft.csv", early.AddMonths(1), 1.25, cohortSource)
			return err
		}},
		{at: s.day(59, 15), do: func() error { return s.Baselines.Sign(s.ctx, s.staff["hanna.hq"], wrong.ID, wrong.Version) }},
		{at: s.day(41, 10), do: func() error {
			return s.Baselines.Withdraw(s.ctx, s.staff["henry.hq"], wrong.ID, wrong.Version+1, "Shipments with several examinations were counted once for each of them, so the rates are too high.")
		}},
		{at: s.present, do: func() error {
			b, err := bringFor("eu-aeo", union, "henry.hq", "cohorts-union.csv", begin, 1, unionSource)
			if err != nil {
				return err
			}
			return s.Baselines.Sign(s.ctx, s.staff["hanna.hq"], b.ID, b.Version)
		}},
		{at: s.present, do: func() error {
			b, err := bring("hanna.hq", "cohorts-second-year.csv", early.AddMonths(1), 1, cohortSource)
			if err != nil {
				return err
			}
			if err := s.Baselines.Sign(s.ctx, s.staff["henry.hq"], b.ID, b.Version); err != nil {
				return err
			}
			_, err = bring("hanna.hq", "cohorts-revised.csv", over(clock.DayOf(s.present, nil)).AddMonths(-2), 1.8, "The last three months again, after late examinations came in. To be compared with the file before. "+cohortSource)
			return err
		}},
	}
}

// cohorts writes a month. A revised file has more examinations of trucks than there can be.
func cohorts(b *strings.Builder, of market, month clock.Day, factor float64) {
	c := chance(of.name, month.Year()*12+int(month.Month()))
	for _, l := range of.lanes {
		for _, t := range of.kinds {
			for i, port := range l.ports {
				n := float64(l.trade) * t.part * (0.94 + 0.12*c.Float64())
				if i > 0 {
					n *= 0.35 / float64(i)
				}
				share, hold := l.share*(0.95+0.1*c.Float64()), l.hold*(0.92+0.16*c.Float64())
				if factor < 1.5 || l.mode == "truck" {
					share *= factor
				}
				companies := max(3, int(n/180))
				fmt.Fprintf(b, "%s,%s,%s,%s,%d,%d,%d,%.1f\n", month.String()[:7], l.mode, port, t.code, int(n), int(n*share), companies, hold)
			}
		}
	}
}
