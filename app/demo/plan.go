package demo

import (
	"fmt"

	"github.com/google/uuid"

	"trustedtrader/app/identity"
	"trustedtrader/app/plan"
)

// coordinates are where the cities of the made-up companies lie.
var coordinates = map[string][2]string{
	"Newark": {"40.7357", "-74.1724"}, "Baltimore": {"39.2904", "-76.6122"}, "Buffalo": {"42.8864", "-78.8784"}, "Laredo": {"27.5036", "-99.5076"},
	"Monterrey": {"25.6866", "-100.3161"}, "Kansas City": {"39.0997", "-94.5786"}, "Oakland": {"37.8044", "-122.2712"}, "Seattle": {"47.6062", "-122.3321"},
	"Long Beach": {"33.7701", "-118.1937"}, "Dallas": {"32.7767", "-96.7970"}, "New York": {"40.7128", "-74.0060"}, "Savannah": {"32.0809", "-81.0912"},
	"Querétaro": {"20.5888", "-100.3899"}, "Wilmington": {"39.7391", "-75.5398"}, "Philadelphia": {"39.9526", "-75.1652"}, "Boston": {"42.3601", "-71.0589"},
	"Edison": {"40.5187", "-74.4121"}, "Norfolk": {"36.8508", "-76.2859"}, "Charleston": {"32.7765", "-79.9311"}, "Detroit": {"42.3314", "-83.0458"},
	"Richmond": {"37.5407", "-77.4360"}, "McAllen": {"26.2034", "-98.2300"}, "Nuevo Laredo": {"27.4779", "-99.5496"}, "Portland": {"45.5152", "-122.6784"},
	"Hamilton": {"43.2557", "-79.8711"}, "Atlanta": {"33.7490", "-84.3880"}, "Providence": {"41.8240", "-71.4128"}, "Virginia Beach": {"36.8529", "-75.9780"},
	"Hartford": {"41.7658", "-72.6734"}, "Denver": {"39.7392", "-104.9903"}, "Fresno": {"36.7378", "-119.7871"}, "Austin": {"30.2672", "-97.7431"},
	"San Diego": {"32.7157", "-117.1611"}, "Rotterdam": {"51.9244", "4.4777"}, "Lyon": {"45.7640", "4.8357"}, "Linz": {"48.3069", "14.2858"},
	"Porto": {"41.1579", "-8.6291"}, "Gdańsk": {"54.3520", "18.6466"}, "Genova": {"44.4056", "8.9463"}, "Aarhus": {"56.1629", "10.2039"},
	"Rijeka": {"45.3271", "14.4422"}, "Valencia": {"39.4699", "-0.3763"}, "Liège": {"50.6326", "5.5797"},
}

// supervisors are who decides on the members of each office.
func supervisors() map[string]string {
	return map[string]string{"HARBOR": "vera.supervisor", "BORDER": "ben.supervisor", "PACIFIC": "june.supervisor", "LAKES": "mina.supervisor"}
}

// plan tells of two plans of CTPAT: this year's, which was decided on and adopted three
// months ago, and next year's, of which a part is not decided on yet.
func (s *Seeder) plan() []step {
	var now, next plan.Plan
	henry, hanna := s.staff["henry.hq"], s.staff["hanna.hq"]
	year := s.present.Year()
	return []step{
		{at: s.day(100, 14), do: func() (err error) {
			now, err = s.Plans.Make(s.ctx, hanna, plan.MakeEntry{Programme: "ctpat", Year: fmt.Sprint(year)})
			return err
		}},
		{at: s.day(96, 15), do: func() error { return s.decide(now.ID, 0, s.quarter()) }},
		{at: s.day(90, 16), do: func() error { return s.Plans.Adopt(s.ctx, henry, now.ID, now.Version) }},
		{at: s.day(5, 14), do: func() (err error) {
			next, err = s.Plans.Make(s.ctx, henry, plan.MakeEntry{Programme: "ctpat", Year: fmt.Sprint(year + 1)})
			return err
		}},
		{at: s.day(4, 15), do: func() error { return s.decide(next.ID, 4, 1) }},
	}
}

// quarter is that of the made-up moment, or the first when the plan is for the year to come.
func (s *Seeder) quarter() int {
	if s.Clock.Now().Year() < s.present.Year() {
		return 1
	}
	return (int(s.Clock.Now().Month()) + 2) / 3
}

// decide has supervisors decide on the proposals of a plan, each on those of the own office.
// The last ones stay open. What is chosen is spread over the quarters from the first on.
func (s *Seeder) decide(id uuid.UUID, open, first int) error {
	p, err := s.Plans.Plan(s.ctx, s.staff["henry.hq"], id, plan.Filter{Show: plan.ShowUndecided})
	if err != nil {
		return err
	}
	by := map[uuid.UUID]identity.Actor{}
	for office, subject := range supervisors() {
		by[s.offices[office]] = s.staff[subject]
	}
	for i, r := range p.Rows[:max(0, len(p.Rows)-open)] {
		in := plan.DecideEntry{Decision: plan.Chosen, Quarter: fmt.Sprint(first + i%(5-first)), Reason: "Due by law, and an officer is free"}
		switch i {
		case 2:
			in = plan.DecideEntry{Decision: plan.Later, Reason: "The company moves its warehouse this summer. We go when it is settled"}
		case 5:
			in = plan.DecideEntry{Decision: plan.NotThisYear, Reason: "Our partner administration has validated the site last year"}
		}
		out, err := s.Plans.Decide(s.ctx, by[r.OfficeID], id, []plan.Line{{ID: r.ID, Version: r.Version}}, in)
		if err != nil {
			return err
		}
		if out[0].Why != nil {
			return fmt.Errorf("%s: %s", r.Company, out[0].Why)
		}
	}
	return nil
}
