package arrangement

import (
	"slices"

	"trustedtrader/app/clock"
	"trustedtrader/app/datafile"
)

// Feeds is how lists of a partner's own members are taken in.
type Feeds struct {
	DropPercent int          `yaml:"drop_percent"` // of the confirmed operators; more fall only if a person says so
	LatePercent int          `yaml:"late_percent"` // of the agreed interval, after which a list is stale
	AtOnce      []string     `yaml:"at_once"`      // kinds of change that a program brings in without a person
	Source      string       `yaml:"source"`
	Draft       bool         `yaml:"draft"`
	Intervals   []Interval   `yaml:"intervals"`
	Columns     []FeedColumn `yaml:"columns"`
	Statuses    []FeedStatus `yaml:"statuses"`
}

// Interval is how long a frequency is.
type Interval struct {
	Frequency string `yaml:"frequency"`
	Days      int    `yaml:"days"`
}

// FeedColumn is what a list says of an operator, and the headings by which it is known.
type FeedColumn struct {
	Code     string   `yaml:"code"`
	Name     string   `yaml:"name"`
	Required bool     `yaml:"required"`
	Aliases  []string `yaml:"aliases"`
}

// FeedStatus is a state of an operator, and the words by which lists call it.
type FeedStatus struct {
	Status string   `yaml:"status"`
	Words  []string `yaml:"words"`
}

// FeedOwn is what an arrangement says otherwise.
type FeedOwn struct {
	DropPercent *int     `yaml:"drop_percent"`
	AtOnce      []string `yaml:"at_once"`
}

// Column finds what a list says by its code.
func (f Feeds) Column(code string) (FeedColumn, bool) {
	i := slices.IndexFunc(f.Columns, func(c FeedColumn) bool { return c.Code == code })
	if i < 0 {
		return FeedColumn{}, false
	}
	return f.Columns[i], true
}

// For are the rules of one arrangement.
func (f Feeds) For(o Operative) Feeds {
	if o.Feed == nil {
		return f
	}
	if o.Feed.DropPercent != nil {
		f.DropPercent = *o.Feed.DropPercent
	}
	if o.Feed.AtOnce != nil {
		f.AtOnce = o.Feed.AtOnce
	}
	return f
}

// Stale is the first day on which a list of a day is too old to be relied on; zero: lists
// are never exchanged.
func (f Feeds) Stale(o Operative, last clock.Day) clock.Day {
	i := slices.IndexFunc(f.Intervals, func(x Interval) bool { return x.Frequency == o.Exchange.Frequency })
	if i < 0 || last.IsZero() {
		return clock.Day{}
	}
	return last.AddDays((f.Intervals[i].Days*f.LatePercent + 99) / 100)
}

// check holds the rules to themselves.
func (f Feeds) check(doc *datafile.Document) {
	seen := map[string]bool{}
	for i, c := range f.Columns {
		if seen[c.Code] {
			doc.Problem([]any{"feeds", "columns", i}, "the column %q is there twice", c.Code)
		}
		seen[c.Code] = true
	}
	for _, need := range []string{"number", "name", "country", "status"} {
		if c, ok := f.Column(need); !ok || !c.Required {
			doc.Problem([]any{"feeds", "columns"}, "a list must have the column %q", need)
		}
	}
	said := map[string]string{}
	for i, s := range f.Statuses {
		for _, w := range s.Words {
			if other, ok := said[w]; ok {
				doc.Problem([]any{"feeds", "statuses", i}, "the word %q stands for %s already", w, other)
			}
			said[w] = s.Status
		}
	}
}
