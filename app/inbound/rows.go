package inbound

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identifier"
	"trustedtrader/app/pg"
	"trustedtrader/app/table"
)

// places finds the columns of a file: by the headings that somebody named before, and then by
// the words of the rules.
func (s *Service) places(c Channel, headings []string) map[string]int {
	var fields []table.Field
	before := map[string]string{}
	for _, col := range c.Rules.Columns {
		fields = append(fields, table.Field{Name: col.Code, Aliases: append([]string{col.Name}, col.Aliases...), Required: col.Required})
		if heading, ok := c.Headings[col.Code]; ok {
			before[table.Word(heading)] = col.Code
		}
	}
	return table.Match(headings, fields, before)
}

// ready reports whether every column that must be there has its place.
func ready(rules arrangement.Feeds, places map[string]int) bool {
	return !slices.ContainsFunc(rules.Columns, func(c arrangement.FeedColumn) bool {
		_, there := places[c.Code]
		return c.Required && !there
	})
}

// said is an operator as a list says it, in text.
type said struct {
	Number, Name, Country, Status, Types, Tier, From, Until, Identifiers, Reason string
}

// line is a row of a list that has been checked, as it is written.
type line struct {
	ID          int      `json:"id"`
	Line        int      `json:"line"`
	Number      string   `json:"number"`
	Key         string   `json:"search_key"`
	Name        string   `json:"name"`
	Country     string   `json:"country"`
	Status      string   `json:"status"`
	Types       string   `json:"types"`
	Tier        string   `json:"tier"`
	From        *string  `json:"valid_from"`
	Until       *string  `json:"valid_until"`
	Identifiers string   `json:"identifiers"`
	Reason      string   `json:"reason"`
	Wrong       []string `json:"wrong,omitempty"`
}

// checker checks the rows of one list.
type checker struct {
	rules     arrangement.Feeds
	countries []string
	words     map[string]string // state by the word of a list
	epoch     *clock.Day
	asOf      clock.Day
	lines     []line
	seen      map[string]int // by key: where it stands
}

func newChecker(c Channel, f Feed) *checker {
	k := &checker{rules: c.Rules, countries: c.Operative.Countries, words: map[string]string{}, epoch: f.Epoch, asOf: f.AsOf, lines: make([]line, 0, f.Rows), seen: make(map[string]int, f.Rows)}
	for _, x := range c.Rules.Statuses {
		k.words[x.Status] = x.Status
		for _, w := range x.Words {
			k.words[table.Word(w)] = x.Status
		}
	}
	return k
}

// add checks a row. What is wrong with it is kept with it, and the others go on.
func (k *checker) add(at int, in said) {
	l := line{ID: len(k.lines), Line: at, Status: k.words[table.Word(in.Status)]}
	var c entry.Check
	l.Number = strings.ToUpper(c.Line("number", "the number", in.Number, 3, 60))
	if l.Key = identifier.Key(in.Number); len(l.Key) < 3 || len(l.Key) > 60 {
		l.Key = ""
		if c.Err() == nil {
			c.Add("number", "Enter the number with its letters and digits")
		}
	}
	l.Name = c.Line("name", "the name", in.Name, 2, 200)
	l.Country = strings.ToUpper(strings.TrimSpace(in.Country))
	if !slices.Contains(k.countries, l.Country) {
		c.Add("country", "Enter a country of this arrangement by its two letters")
	}
	if l.Status == "" {
		c.Add("status", "Enter a status that the rules know, such as active, suspended or revoked")
	}
	l.Types, l.Tier = c.Line("types", "what it is certified for", in.Types, 0, 200), c.Line("tier", "the tier", in.Tier, 0, 60)
	l.Identifiers, l.Reason = c.Line("identifiers", "the other numbers", in.Identifiers, 0, 300), c.Line("reason", "the reason", in.Reason, 0, 300)
	l.From, l.Until = k.day(&c, "from", in.From), k.day(&c, "until", in.Until)
	if l.From != nil && l.Until != nil && *l.Until < *l.From {
		c.Add("until", "The last day is before the first")
	}
	if l.Until != nil && l.Status == string(Confirmed) && *l.Until < k.asOf.String() {
		c.Add("until", "It is said to count, and its last day has passed")
	}
	if at, twice := k.seen[l.Key]; twice && l.Key != "" {
		c.Add("number", "This number stands more than once in the list")
		if !slices.Contains(k.lines[at].Wrong, "This number stands more than once in the list") {
			k.lines[at].Wrong = append(k.lines[at].Wrong, "This number stands more than once in the list")
		}
	} else if l.Key != "" {
		k.seen[l.Key] = l.ID
	}
	for _, x := range fault.Fields(c.Err()) {
		l.Wrong = append(l.Wrong, plain(x))
	}
	if l.Wrong != nil {
		l.Number, l.Name, l.Country = entry.Head(entry.Clean(in.Number), 100), entry.Head(entry.Clean(in.Name), 200), entry.Head(entry.Clean(in.Country), 60)
		l.From, l.Until = nil, nil
	}
	k.lines = append(k.lines, l)
}

// plain is a problem as it is kept: its text, with what stands in it.
func plain(x fault.Field) string {
	if len(x.Args) == 0 {
		return x.Message
	}
	return fmt.Sprintf(x.Message, x.Args...)
}

var dayForms = []string{"2006-01-02", "2006/01/02", "20060102", "02.01.2006", "2.1.2006", "2006-01-02T15:04:05Z07:00"}

// day reads a day as lists write it. Forms that mean different days in different countries
// (3/4/2026) are not guessed.
func (k *checker) day(c *entry.Check, field, text string) *string {
	if text = strings.TrimSpace(text); text == "" {
		return nil
	}
	for _, form := range dayForms {
		if t, err := time.Parse(form, text); err == nil && t.Year() >= 1900 && t.Year() < 2200 {
			d := t.Format(time.DateOnly)
			return &d
		}
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil && k.epoch != nil && n >= 1 && n < 100_000 {
		d := k.epoch.AddDays(int(n)).String()
		return &d
	}
	c.Add(field, "Enter the day as YYYY-MM-DD")
	return nil
}

// examine checks the rows of a file that lies in pieces, and compares them with what is known.
func (s *Service) examine(ctx context.Context, tx pg.Tx, c Channel, f *Feed, places map[string]int) error {
	var pieces []struct{ Rows string }
	if err := tx.WithContext(ctx).Raw(`select rows::text as rows from inbound_piece where feed_id = ? order by piece`, f.ID).Scan(&pieces).Error; err != nil {
		return fmt.Errorf("read the rows of the list: %w", err)
	}
	k := newChecker(c, *f)
	for _, p := range pieces {
		var rows []struct {
			Line  int      `json:"l"`
			Cells []string `json:"c"`
		}
		if err := json.Unmarshal([]byte(p.Rows), &rows); err != nil {
			return fmt.Errorf("read the rows of the list: %w", err)
		}
		for _, r := range rows {
			cell := func(code string) string {
				at, there := places[code]
				if !there || at >= len(r.Cells) {
					return ""
				}
				return r.Cells[at]
			}
			k.add(r.Line, said{Number: cell("number"), Name: cell("name"), Country: cell("country"), Status: cell("status"), Types: cell("types"), Tier: cell("tier"), From: cell("from"), Until: cell("until"),
				Identifiers: cell("identifiers"), Reason: cell("reason")})
		}
	}
	text, err := json.Marshal(places)
	if err != nil {
		return fmt.Errorf("keep the columns of the list: %w", err)
	}
	f.Columns, f.Status = string(text), Waiting
	return s.compare(ctx, tx, f, k, slices.Sorted(maps.Keys(places)))
}

// compare writes the checked rows of a list and what each would change.
func (s *Service) compare(ctx context.Context, tx pg.Tx, f *Feed, k *checker, told []string) error {
	db := tx.WithContext(ctx)
	if err := db.Exec(`delete from inbound_row where feed_id = ?`, f.ID).Error; err != nil {
		return fmt.Errorf("write the rows of the list anew: %w", err)
	}
	f.Wrong, f.Unreadable = 0, 0
	for part := range slices.Chunk(k.lines, pieceRows) {
		for _, l := range part {
			if l.Wrong == nil {
				continue
			}
			f.Wrong++
			if l.Key == "" && f.Kind == Full {
				f.Unreadable++
			}
		}
		text, err := json.Marshal(part)
		if err != nil {
			return fmt.Errorf("write the rows of the list: %w", err)
		}
		err = db.Exec(`insert into inbound_row (feed_id, agency_id, id, line, number, search_key, name, country, status, types, tier, valid_from, valid_until, identifiers, reason, wrong)
			select ?, ?, x.id, x.line, x.number, x.search_key, x.name, x.country, x.status, x.types, x.tier, x.valid_from, x.valid_until, x.identifiers, x.reason, x.wrong
			from jsonb_to_recordset(?::jsonb) as x(id int, line int, number text, search_key text, name text, country text, status text, types text, tier text, valid_from date, valid_until date, identifiers text, reason text, wrong jsonb)`,
			f.ID, f.AgencyID, string(text)).Error
		if err != nil {
			return fmt.Errorf("write the rows of the list: %w", err)
		}
	}
	if err := db.Exec(`update inbound_feed set status = ?, columns = ?::jsonb, said = ?, wrong = ?, unreadable = ? where id = ?`, f.Status, f.Columns, pg.Strings(told), f.Wrong, f.Unreadable, f.ID).Error; err != nil {
		return fmt.Errorf("keep what the list says: %w", err)
	}
	return s.plan(ctx, tx, f)
}
