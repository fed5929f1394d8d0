package demo

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"trustedtrader/app/benefit"
	"trustedtrader/app/clock"
)

// trade is what a member moves across the border and what its reports say of it, over two
// years. Figures are per year, the earlier one first.
type trade struct {
	company  string
	mode     string   // the code of an entry summary
	ports    []string // where it comes in, the first one most often
	origin   string
	filer    string
	monthly  int         // shipments
	examined [2]float64  // share of them
	hold     float64     // hours from hold to release, at the middle
	clear    float64     // hours from arrival to release without an examination
	value    int         // of an entry line, at the middle
	lines    bool        // it brings entry summaries, not releases alone
	fast     [2]float64  // share of its trucks that cross in the FAST lane; 0: no crossings
	abroad   []string    // partner countries that treat its goods as a member's
	cases    [][4]string // month from the end, kind, proposed, assessed
	resumed  []int       // months from the end with priority after a disruption
	currency string      // of invoices and cases; empty: USD
	months   int         // of its reports, which it brings all at once; 0: all, a part of them a year ago
	silent   int         // of these, the last ones for which it has brought nothing yet
	plain    bool        // it is examined like anybody, not in parts and not first
}

// trades are the members whose reports the demo has. Bluewater and Rio Vista fare better than
// others; Silverline does not, and had a bad year; Granite Peak brings in too little to tell;
// Noordzee is in the union. The last ones are the group of which headquarters is told.
func trades() []trade {
	return []trade{
		{company: "Bluewater Home Goods", mode: "11", ports: []string{"2704", "2704", "2709", "1001", "4601"}, origin: "CN", filer: "BWH", monthly: 44, examined: [2]float64{0.031, 0.024}, hold: 26, clear: 19, value: 38_000, lines: true,
			cases: [][4]string{{"19", "ISF", "5000.00", "1000.00"}, {"11", "ISF", "5000.00", "750.00"}, {"6", "Penalty", "24000.00", "6000.00"}}, resumed: []int{14}},
		{company: "Rio Vista Transport", mode: "30", ports: []string{"2304", "2304", "2304", "2305"}, origin: "MX", filer: "RVT", monthly: 42, examined: [2]float64{0.085, 0.071}, hold: 5, clear: 1.2,
			fast: [2]float64{0.55, 0.8}, cases: [][4]string{{"8", "Penalty", "10000.00", "2500.00"}}, resumed: []int{16, 5}},
		{company: "Silverline Consolidators", mode: "11", ports: []string{"2704", "2709"}, origin: "VN", filer: "SLV", monthly: 46, examined: [2]float64{0.056, 0.093}, hold: 58, clear: 27, value: 21_000, lines: true,
			cases: [][4]string{{"13", "ISF", "5000.00", "4000.00"}, {"7", "ISF", "10000.00", "10000.00"}, {"2", "ISF", "5000.00", "2500.00"}}},
		{company: "Granite Peak Exports", mode: "40", ports: []string{"1303"}, origin: "DE", filer: "GPX", monthly: 1, examined: [2]float64{0.05, 0.05}, hold: 20, clear: 9, value: 9_000, lines: true, abroad: []string{"JP", "JP", "KR", "GB", "NO", "MX"}},
		{company: "Noordzee Logistiek", mode: "sea", ports: []string{"NLRTM", "NLRTM", "NLAMS"}, origin: "CN", filer: "NZL", monthly: 52, examined: [2]float64{0.031, 0.024}, hold: 21, clear: 14, currency: "EUR", plain: true, abroad: []string{"JP", "NO", "CH"}},

		{company: "Juniper Kitchenware", mode: "11", ports: []string{"1703"}, origin: "CN", filer: "JNK", monthly: 30, examined: [2]float64{0.024, 0.024}, hold: 40, clear: 22, months: 12, plain: true, cases: [][4]string{{"7", "ISF", "5000.00", "1500.00"}}},
		{company: "Alder & Finch Lighting", mode: "11", ports: []string{"2704", "2709"}, origin: "VN", filer: "AFL", monthly: 24, examined: [2]float64{0.036, 0.036}, hold: 52, clear: 25, months: 12, plain: true, cases: [][4]string{{"9", "ISF", "5000.00", "2000.00"}}},
		{company: "Sandhill Toys", mode: "11", ports: []string{"1703", "1601"}, origin: "CN", filer: "SHT", monthly: 34, examined: [2]float64{0.059, 0.059}, hold: 61, clear: 24, months: 12, plain: true, cases: [][4]string{{"4", "ISF", "10000.00", "7500.00"}}},
		{company: "Marlow Garden Supply", mode: "11", ports: []string{"2704"}, origin: "ID", filer: "MGS", monthly: 19, examined: [2]float64{0.028, 0.028}, hold: 38, clear: 21, months: 12, silent: 3, plain: true},
		{company: "Foxglove Apparel", mode: "11", ports: []string{"4601", "1001"}, origin: "BD", filer: "FGA", monthly: 38, examined: [2]float64{0.021, 0.021}, hold: 35, clear: 18, months: 12, plain: true, cases: [][4]string{{"6", "ISF", "5000.00", "1000.00"}}},
		{company: "Brightwater Cycles", mode: "11", ports: []string{"2704", "3001"}, origin: "TW", filer: "BWC", monthly: 22, examined: [2]float64{0.033, 0.033}, hold: 44, clear: 20, months: 12, plain: true, cases: [][4]string{{"3", "ISF", "5000.00", "1250.00"}}},
	}
}

// tradeMonths is how many whole months the reports of the demo cover: two years, and one more
// where it is still the last day of a month.
const tradeMonths = 25

// benefits has members bring their reports: what there was almost a year ago if they had an
// account by then, and the rest at last. The months are those that were over by then.
func (s *Seeder) benefits() (steps []step) {
	for _, t := range trades() {
		var next clock.Day // not reported yet; zero: nothing is
		bring := func() error {
			x := s.storyOf(t.company)
			if x == nil || x.owner.CompanyID == uuid.Nil {
				return nil
			}
			to := over(clock.DayOf(s.Clock.Now(), nil))
			from := next
			next = to.AddMonths(1)
			return x.report(t, from, to)
		}
		if t.months == 0 {
			steps = append(steps, step{at: s.day(330, 16), do: bring})
		}
		steps = append(steps, step{at: s.present, do: bring})
	}
	return steps
}

func (s *Seeder) storyOf(name string) *story {
	for _, x := range s.stories {
		if x.name == name {
			return x
		}
	}
	return nil
}

// over is the last month that is over on a day, by its first day.
func over(day clock.Day) clock.Day { return day.AddDays(1 - day.DayOfMonth()).AddMonths(-1) }

// report brings the reports of months; the zero day begins with the first.
func (x *story) report(t trade, from, to clock.Day) error {
	last := over(clock.DayOf(x.seeder.present, nil))
	files := newTradeFiles(t)
	for ago := cmp.Or(t.months, tradeMonths) - 1; ago >= t.silent; ago-- {
		if month := last.AddMonths(-ago); !month.Before(from) && !month.After(to) {
			files.month(month, ago)
		}
	}
	for _, f := range files.list() {
		if err := x.bring(f.layout, f.name+"-"+to.String()[:7]+".csv", f.text.String()); err != nil {
			return fmt.Errorf("%s of %s: %w", f.name, x.name, err)
		}
	}
	return nil
}

// bring brings a report with the columns that the portal knows, and has it taken over.
func (x *story) bring(layout, name, content string) error {
	s := x.seeder
	i, err := s.Benefits.Bring(s.ctx, x.owner, layout, name, strings.NewReader(content))
	if err != nil {
		return err
	}
	p, err := s.Benefits.Plan(s.ctx, x.owner, i.ID)
	if err != nil {
		return err
	}
	if err := s.Benefits.Map(s.ctx, x.owner, i.ID, i.Version, p.Fields); err != nil {
		return err
	}
	if err := s.Benefits.TakeOver(s.ctx, x.owner, i.ID, benefit.TakeEntry{Version: i.Version + 1}); err != nil {
		return err
	}
	if err := s.Benefits.Work(s.ctx, i.ID); err != nil {
		return err
	}
	done, _, err := s.Benefits.Import(s.ctx, x.owner, i.ID)
	if err == nil && (done.Status != benefit.Taken || done.RowsWrong > 0) {
		err = errors.New("the report was not taken over whole")
	}
	return err
}
