package demo

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/google/uuid"

	"trustedtrader/app/cost"
)

// spending is what a member says that things cost it. Silverline says nothing of examinations,
// so its figures rest on the defaults and say so.
type spending struct {
	company string
	mode    string
	exam    [2]string // one, and storage for a day; empty: not said
	money   string    // the currency; empty: USD
	first   []part    // in the year before
	now     []part    // in this year
}

type part struct{ item, amount, note string }

var spendings = []spending{
	{company: "Bluewater Home Goods", mode: "sea", exam: [2]string{"640.00", "190.00"},
		first: []part{{"physical_security", "11800.00", "Gate and cameras at the warehouse; the rest we would have bought anyway"}, {"staff", "8400.00", "A fifth of the compliance manager's time"}, {"training", "1650.00", ""}, {"partners", "2300.00", "Two visits of factories"}},
		now:   []part{{"staff", "7900.00", ""}, {"training", "900.00", ""}, {"audits", "2100.00", "The site visit, two days of four people"}}},
	{company: "Rio Vista Transport", mode: "truck", exam: [2]string{"210.00", "75.00"},
		first: []part{{"physical_security", "17500.00", "Fence of the yard in Laredo, and locks"}, {"staff", "5200.00", ""}}, now: []part{{"staff", "5400.00", ""}, {"training", "1300.00", "Seals and inspections, every driver"}}},
	{company: "Noordzee Logistiek", mode: "sea", exam: [2]string{"390.00", "95.00"}, money: "EUR",
		first: []part{{"staff", "12500.00", "A quarter of the customs manager's time"}, {"physical_security", "9400.00", ""}}, now: []part{{"staff", "12900.00", ""}, {"training", "1100.00", ""}}},
	{company: "Silverline Consolidators",
		first: []part{{"consultants", "8500.00", "For the application"}, {"staff", "9800.00", ""}}, now: []part{{"staff", "10400.00", ""}, {"information_security", "3600.00", "Test of the systems"}}},
}

// costs has members say what an examination and their membership cost them.
func (s *Seeder) costs() (steps []step) {
	for _, c := range spendings {
		steps = append(steps, step{at: s.day(12, 15), do: func() error {
			x := s.storyOf(c.company)
			if x == nil || x.owner.CompanyID == uuid.Nil {
				return nil
			}
			return x.spend(c)
		}})
	}
	return steps
}

func (x *story) spend(c spending) error {
	s := x.seeder
	if c.exam[0] != "" {
		from := s.present.AddDate(-3, 0, 0).Format("2006-01")
		if err := s.Costs.SaveExam(s.ctx, x.owner, nil, cost.ExamEntry{Mode: c.mode, FromMonth: from, Currency: cmp.Or(c.money, "USD"), PerExam: c.exam[0], Storage: c.exam[1], Note: "Average of our invoices"}); err != nil {
			return fmt.Errorf("an examination: %w", err)
		}
	}
	for i, parts := range [][]part{c.first, c.now} {
		for _, p := range parts {
			year := strconv.Itoa(s.present.Year() - 1 + i)
			if err := s.Costs.SaveMembership(s.ctx, x.owner, nil, cost.MembershipEntry{Year: year, Item: p.item, Currency: cmp.Or(c.money, "USD"), Amount: p.amount, Note: p.note}); err != nil {
				return fmt.Errorf("%s in %s: %w", p.item, year, err)
			}
		}
	}
	return nil
}
