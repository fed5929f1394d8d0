package programme

import (
	"fmt"
	"slices"
	"time"
)

// Figures is what headquarters counts of a programme, and from when it looks twice.
type Figures struct {
	FiscalYear FiscalYear    `yaml:"fiscal_year"`
	Ageing     []int         `yaml:"ageing"` // upper ends of the groups of age, in calendar days, rising
	Few        Threshold     `yaml:"few"`    // below so many cases no share and no median is shown
	Pairs      Threshold     `yaml:"pairs"`  // the same two people decide more than Share of at least Cases
	Conflicts  []RightsClash `yaml:"conflicts"`
	Accepted   []string      `yaml:"accepted"` // verdicts on a criterion with which it is done
	Returned   []string      `yaml:"returned"` // verdicts with which it goes back to the company
}

// FiscalYear is the year for which an administration reports.
type FiscalYear struct {
	Name     string `yaml:"name"`
	Begins   string `yaml:"begins"`    // month and day, "10-01"
	NamedFor string `yaml:"named_for"` // the calendar year of its beginning or of its end
	Source   string `yaml:"source"`
}

// Threshold is from when something counts.
type Threshold struct {
	Cases  int    `yaml:"cases"`
	Share  int    `yaml:"share"` // percent
	Source string `yaml:"source"`
	Draft  bool   `yaml:"draft"`
}

// RightsClash is two kinds of right that nobody should have at the same time.
type RightsClash struct {
	Code   string   `yaml:"code"`
	Name   string   `yaml:"name"`
	OneOf  []string `yaml:"one_of"`
	With   []string `yaml:"with"`
	Source string   `yaml:"source"`
	Draft  bool     `yaml:"draft"`
}

// Year says on which days a fiscal year begins and ends, both included.
func (f FiscalYear) Year(number int) (first, last time.Time) {
	begins, err := time.Parse("01-02", f.Begins)
	if err != nil {
		begins = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC) // the schema refuses it
	}
	if f.NamedFor == "end" && begins.Month() > time.January {
		number--
	}
	first = time.Date(number, begins.Month(), 1, 0, 0, 0, 0, time.UTC)
	return first, first.AddDate(1, 0, -1)
}

// Of is the number of the fiscal year in which a day lies.
func (f FiscalYear) Of(day time.Time) int {
	for n := day.Year() - 1; ; n++ {
		if _, last := f.Year(n); !day.After(last) {
			return n
		}
	}
}

// AgeGroups names the groups of age: "0-30", "31-60", "91+".
func (f Figures) AgeGroups() (out []string) {
	from := 0
	for _, most := range f.Ageing {
		out = append(out, fmt.Sprintf("%d-%d", from, most))
		from = most + 1
	}
	return append(out, fmt.Sprintf("%d+", from))
}

// figures looks at what no schema can see.
func (c *checker) figures() {
	const doc = "headquarters"
	if !c.read(doc) {
		return
	}
	f := c.p.Figures
	for i := 1; i < len(f.Ageing); i++ {
		if f.Ageing[i] <= f.Ageing[i-1] {
			c.bad(doc, at("ageing", i), "the ages rise from one group to the next")
		}
	}
	for i, v := range f.Returned {
		if slices.Contains(f.Accepted, v) {
			c.bad(doc, at("returned", i), "%q is accepted and returned", v)
		}
	}
	for i, x := range f.Conflicts {
		for j, role := range x.With {
			if slices.Contains(x.OneOf, role) {
				c.bad(doc, at("conflicts", i, "with", j), "a role cannot clash with itself")
			}
		}
	}
}
