package chart

import "strconv"

// DotsProps describes how long things took: a row for each, with a filled dot where half were
// done and a hollow diamond where nine of ten were, on one axis of hours.
type DotsProps struct {
	ID          string // sets it apart from other charts of the page
	Title, Desc string
	Half, Nine  string // what the two ends are called
	Unit        string // of the axis
	Rows        []DotRow
}

// DotRow is one thing that takes time.
type DotRow struct {
	Label      string
	Half, Nine float64 // hours
	Text       string  // both as words, right of the row
	Hidden     bool    // too few to say anything: its row stays empty
}

// LollipopProps describes amounts that became others: a hollow diamond for what was proposed,
// a filled dot for what was assessed.
type LollipopProps struct {
	ID          string // sets it apart from other charts of the page
	Title, Desc string
	From, To    string // what the two ends are called
	Unit        string // of the axis
	Rows        []Stick
}

// Stick is one amount that became another.
type Stick struct {
	Label    string
	From, To float64
	Text     string // both as words, right of the row
}

// RatesProps describes shares of groups beside those of others: a filled dot for the group, a
// hollow diamond for others, on one axis of percent.
type RatesProps struct {
	ID          string // sets it apart from other charts of the page
	Title, Desc string
	Own, Base   string // what the two ends are called
	Rows        []RateRow
}

// RateRow is one group.
type RateRow struct {
	Label     string
	Own, Base float64 // from 0 to 1
	Text      string  // both as words, right of the row
	Hidden    bool    // too few to say anything: its row stays empty
}

// ends is a chart of rows with two ends: a dot and a diamond.
type ends struct {
	id, title, desc, unit string
	dot, diamond          string // what they are called
	rows                  []endRow
}

type endRow struct {
	label, text  string
	dot, diamond float64
	hidden       bool
}

func (p DotsProps) ends() ends {
	e := ends{p.ID + "dots-", p.Title, p.Desc, p.Unit, p.Half, p.Nine, nil}
	for _, r := range p.Rows {
		e.rows = append(e.rows, endRow{r.Label, r.Text, r.Half, r.Nine, r.Hidden})
	}
	return e
}

func (p LollipopProps) ends() ends {
	e := ends{p.ID + "sticks-", p.Title, p.Desc, p.Unit, p.To, p.From, nil}
	for _, r := range p.Rows {
		e.rows = append(e.rows, endRow{r.Label, r.Text, r.To, r.From, false})
	}
	return e
}

func (p RatesProps) ends() ends {
	e := ends{p.ID + "rates-", p.Title, p.Desc, "%", p.Own, p.Base, nil}
	for _, r := range p.Rows {
		e.rows = append(e.rows, endRow{r.Label, r.Text, r.Own * 100, r.Base * 100, r.Hidden})
	}
	return e
}

// Sizes of a chart of rows with two ends, in units of its view box.
const (
	endsWidth = 1100
	endsLeft  = 330 // names of rows stand left of it
	endsRight = 890 // values stand right of it
	endsHead  = 34
	endsRow   = 34
	endsFoot  = 24
)

func (e ends) box() string {
	return "0 0 " + strconv.Itoa(endsWidth) + " " + strconv.Itoa(endsHead+endsRow*len(e.rows)+endsFoot)
}

func (r endRow) shown() bool { return !r.hidden && finite(r.dot, r.diamond) }

func (e ends) any() bool {
	for _, r := range e.rows {
		if r.shown() {
			return true
		}
	}
	return false
}

func (e ends) scale() scale {
	low, high := 0.0, 0.0
	for _, r := range e.rows {
		if r.shown() {
			low, high = min(low, r.dot, r.diamond), max(high, r.dot, r.diamond)
		}
	}
	return around(low, high, 5)
}

func (e ends) x(value float64) float64 { return e.scale().at(value, endsLeft, endsRight) }

func (e ends) y(i int) float64 { return endsHead + endsRow*(float64(i)+0.5) }

func (e ends) foot() float64 { return float64(endsHead + endsRow*len(e.rows)) }
