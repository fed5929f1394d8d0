package inbound

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/table"
)

// BringEntry is what a person says of a file.
type BringEntry struct {
	Kind     string // Full or Delta
	AsOf     string // 2026-03-04
	Rows     string // how many there must be; empty: not said
	FileName string
}

// Bring reads a list as it comes, CSV or XLSX, compares it with what is known, and lets it wait
// for a second person; or for somebody to say what its columns are. Administrators of the
// partner agency and headquarters may. Invalid with the field "file": it cannot be read.
func (s *Service) Bring(ctx context.Context, by identity.Actor, channel uuid.UUID, in BringEntry, file io.Reader) (f Feed, err error) {
	c, f, err := s.begin(ctx, by, channel, in)
	if err != nil {
		return f, err
	}
	var l list
	if err := l.read(file); err != nil {
		return f, err
	}
	if want := strings.TrimSpace(in.Rows); want != "" && want != fmt.Sprint(l.rows) {
		return f, fault.Fail([]fault.Field{fault.F("rows", "The file has %d rows. If that is right, say so here; else the file is not whole", l.rows)})
	}
	places := s.places(c, l.headings)
	head, err := json.Marshal(l.headings)
	if err != nil {
		return f, fmt.Errorf("keep the list: %w", err)
	}
	guess, err := json.Marshal(places) // also of a part of the columns: somebody names the others
	if err != nil {
		return f, fmt.Errorf("keep the list: %w", err)
	}
	f.Rows, f.SHA256, f.Head, f.Columns, f.Epoch, f.FileName = l.rows, l.sum, string(head), string(guess), l.epoch, cleanName(in.FileName)
	read := f
	err = s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		f = read // a transaction that is run again begins anew
		if err := s.keep(ctx, tx, by, c, &f); err != nil {
			return err
		}
		for i, text := range l.pieces {
			if err := tx.WithContext(ctx).Exec(`insert into inbound_piece (feed_id, agency_id, piece, rows) values (?, ?, ?, ?::jsonb)`, f.ID, f.AgencyID, i, text).Error; err != nil {
				return fmt.Errorf("keep the rows of the list: %w", err)
			}
		}
		if ready(s.Register.Feeds, places) {
			if err := s.examine(ctx, tx, c, &f, places); err != nil {
				return err
			}
		}
		return audit.Record(ctx, tx, f.BroughtAt, by, audit.Event{Action: "inbound_feed.bring", Kind: Kind, Subject: f.ID, Agency: f.AgencyID,
			After: map[string]any{"number": f.Number, "channel": c.title(), "kind": f.Kind, "as_of": f.AsOf, "rows": f.Rows, "sha256": f.SHA256}})
	})
	return f, err
}

// begin checks who brings a list, where to, and what is said of it.
func (s *Service) begin(ctx context.Context, by identity.Actor, channel uuid.UUID, in BringEntry) (c Channel, f Feed, err error) {
	who, brings, err := side(by)
	if err != nil {
		return c, f, err
	}
	if !brings {
		return c, f, fault.Missing()
	}
	c, today, err := s.channel(ctx, by, channel)
	if err != nil {
		return c, f, err
	}
	now := s.Now()
	f = Feed{ID: pg.NewID(), Number: newNumber(now.Year()), ChannelID: c.ID, AgencyID: c.AgencyID, Arrangement: c.Arrangement.Code, Home: c.Operative.Home, Side: who, Status: Unread, BroughtAt: now, BroughtBy: &by.PersonID,
		Bringer: by.Name, Head: "[]", Columns: "{}", Counts: "{}", Version: 1}
	return c, f, f.say(c, today, in)
}

// say takes in what is said of a list as a whole.
func (f *Feed) say(c Channel, today clock.Day, in BringEntry) error {
	var k entry.Check
	f.Kind = k.OneOf("kind", "whether it is a full list", in.Kind, Full, Delta)
	day, err := clock.ParseDay(in.AsOf)
	switch {
	case err != nil || day.Year() < 2000 || day.After(today.AddDays(1)): // east of us it may be tomorrow
		k.Add("as_of", "Enter the day of which the list speaks. It is not in the future")
	case c.AsOf != nil && day.Before(*c.AsOf):
		k.Add("as_of", "A list of a later day was taken over already, so this one would undo it")
	}
	f.AsOf = day
	return k.Err()
}

// newNumber makes a number by which people speak of a list.
func newNumber(year int) string {
	r := rand.Text()
	return fmt.Sprintf("TTL-%02d-%s-%s", year%100, r[:4], r[4:8])
}

func cleanName(name string) string {
	return entry.Head(entry.Clean(name[strings.LastIndexAny(name, `/\`)+1:]), 200)
}

// keep writes a list and makes sure of its channel.
func (s *Service) keep(ctx context.Context, tx pg.Tx, by identity.Actor, c Channel, f *Feed) error {
	db := tx.WithContext(ctx)
	if err := db.Exec(`insert into inbound_channel (id, agency_id, arrangement, home) values (?, ?, ?, ?) on conflict do nothing`, c.ID, c.AgencyID, f.Arrangement, f.Home).Error; err != nil {
		return fmt.Errorf("make the channel: %w", err)
	}
	var open []int
	if err := db.Raw(`select (select count(*)::int from inbound_feed i where i.channel_id = c.id and i.decided_at is null) from inbound_channel c where c.id = ? for update`, c.ID).Scan(&open).Error; err != nil {
		return fmt.Errorf("count the lists that wait: %w", err)
	}
	if len(open) == 1 && open[0] >= mostOpen {
		return fault.New(fault.Conflict, "%d lists wait here already. Decide on them first", mostOpen)
	}
	err := db.Exec(`insert into inbound_feed (id, number, channel_id, agency_id, arrangement, home, side, kind, as_of, file_name, sha256, head, columns, epoch, status, rows, brought_at, brought_by, bringer, client_id, ref)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?::jsonb, ?, ?, ?, ?, ?, ?, ?, ?)`, f.ID, f.Number, f.ChannelID, f.AgencyID, f.Arrangement, f.Home, f.Side, f.Kind, f.AsOf, f.FileName, f.SHA256, f.Head, f.Columns, f.Epoch, f.Status, f.Rows,
		f.BroughtAt, f.BroughtBy, f.Bringer, f.ClientID, f.Ref).Error
	if err != nil {
		return fmt.Errorf("keep the list: %w", err)
	}
	return nil
}

// list is a file as it was read: its rows, each with its line before its cells.
type list struct {
	headings []string
	pieces   []string // JSON
	rows     int
	sum      string
	epoch    *clock.Day
}

// counting hashes what is read through it.
type counting struct {
	io.Reader
	sum hash.Hash
}

func (c counting) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.sum.Write(b[:n])
	return n, err
}

func (l *list) read(file io.Reader) (err error) {
	sum := sha256.New()
	if file != nil {
		file = counting{file, sum}
	}
	t, err := table.Open(file, table.Options{Bytes: MostBytes, Rows: MostRows, Columns: mostColumn, Cell: mostCell})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	l.headings = slices.Clone(t.Heading())
	if first, ok := t.Time("100"); ok {
		day := clock.DayOf(first, time.UTC).AddDays(-100)
		l.epoch = &day
	}
	type line struct {
		Line  int      `json:"l"`
		Cells []string `json:"c"`
	}
	var piece []line
	flush := func() error {
		text, err := json.Marshal(piece)
		if len(piece) > 0 {
			l.pieces, piece = append(l.pieces, string(text)), piece[:0]
		}
		return err
	}
	for {
		r, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		l.rows++
		if piece = append(piece, line{r.Line, slices.Clone(r.Cells)}); len(piece) == pieceRows {
			if err := flush(); err != nil {
				return fmt.Errorf("keep the rows of the list: %w", err)
			}
		}
	}
	l.sum = hex.EncodeToString(sum.Sum(nil))
	return flush()
}

// MapEntry says in which column of the file each thing stands, by the codes of the rules; the
// place counts from 0. What is left out is not in the list.
type MapEntry struct {
	Version int
	Places  map[string]int
}

// Columns says what the columns of a file are, and compares it anew. It is remembered for the
// next list of the partner under the arrangement. The same persons may as for Bring.
func (s *Service) Columns(ctx context.Context, by identity.Actor, id uuid.UUID, in MapEntry) error {
	return s.step(ctx, by, id, in.Version, func(tx pg.Tx, now time.Time, c Channel, f *Feed, facts Facts) error {
		if f.ClientID != nil {
			return fault.New(fault.Conflict, "A program has brought this list. It has no columns")
		}
		heads, err := f.Headings()
		if err != nil {
			return err
		}
		var k entry.Check
		used := map[int]string{}
		for _, col := range c.Rules.Columns {
			at, there := in.Places[col.Code]
			if !there {
				if col.Required {
					k.Add("column-"+col.Code, "Choose the column")
				}
				continue
			}
			if at < 0 || at >= len(heads) {
				k.Add("column-"+col.Code, "Choose a column of the file")
			} else if _, twice := used[at]; twice {
				k.Add("column-"+col.Code, "This column says something else already")
			}
			used[at] = col.Code
		}
		if err := k.Err(); err != nil {
			return err
		}
		facts.Ready = ready(c.Rules, in.Places)
		if _, err := Lifecycle().Next(f.Status, Map, by.Role, facts); err != nil {
			return err
		}
		remember := map[string]string{}
		for code, at := range in.Places {
			remember[code] = heads[at]
		}
		text, err := json.Marshal(remember)
		if err != nil {
			return fmt.Errorf("remember the columns: %w", err)
		}
		if err := tx.WithContext(ctx).Exec(`update inbound_channel set columns = ?::jsonb, version = version + 1 where id = ?`, string(text), f.ChannelID).Error; err != nil {
			return fmt.Errorf("remember the columns: %w", err)
		}
		if err := s.examine(ctx, tx, c, f, in.Places); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "inbound_feed.map", Kind: Kind, Subject: f.ID, Agency: f.AgencyID, After: map[string]any{"number": f.Number, "columns": remember}})
	})
}

// step opens a list that waits for a step of a person, and its channel.
func (s *Service) step(ctx context.Context, by identity.Actor, id uuid.UUID, version int, do func(tx pg.Tx, now time.Time, c Channel, f *Feed, facts Facts) error) error {
	agency, err := reach(by)
	if err != nil {
		return err
	}
	var at []struct{ ChannelID uuid.UUID }
	if err := s.DB.Batch(ctx, by.Scope(), pg.All(&at, `select channel_id from inbound_feed where id = $1 and ($2::uuid is null or agency_id = $2)`, id, agency)); err != nil {
		return fmt.Errorf("open the list: %w", err)
	}
	if len(at) == 0 {
		return fault.Missing()
	}
	c, _, err := s.channel(ctx, by, at[0].ChannelID)
	if err != nil {
		return err
	}
	return s.within(ctx, c, id, version, func(tx pg.Tx, c Channel, f *Feed) error {
		facts, err := f.facts(by)
		if err != nil {
			return err
		}
		return do(tx, s.Now(), c, f, facts)
	})
}

// within opens a list in a transaction that nothing else of its channel runs beside.
func (s *Service) within(ctx context.Context, c Channel, id uuid.UUID, version int, do func(tx pg.Tx, c Channel, f *Feed) error) error {
	return s.DB.Write(ctx, pg.System, func(tx pg.Tx) error { // members that rely on operators are behind their own fences
		db := tx.WithContext(ctx)
		var last []struct {
			AsOf      *clock.Day
			BroughtAt *time.Time
		}
		if err := db.Raw(`select as_of, brought_at from inbound_channel where id = ? for update`, c.ID).Scan(&last).Error; err != nil || len(last) == 0 {
			return fmt.Errorf("open the channel: %w", err)
		}
		c := c
		c.AsOf, c.BroughtAt = last[0].AsOf, last[0].BroughtAt
		var list []Feed
		if err := db.Raw(`select `+feedColumns+` from inbound_feed i where i.id = ? for update`, id).Scan(&list).Error; err != nil {
			return fmt.Errorf("open the list: %w", err)
		}
		if len(list) == 0 {
			return fault.Missing()
		}
		if list[0].Version != version {
			return fault.Moved()
		}
		return do(tx, c, &list[0])
	})
}
