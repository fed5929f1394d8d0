package audit

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// MostExported is how many events one file holds.
const MostExported = 100_000

// exportStep is how many events are read at a time: no connection waits for a slow reader.
const exportStep = 1000

// Export is a file of events that is about to be written. Everything that can be
// refused has been; the export is in the trail already.
type Export struct {
	Rows int    // how many events there are, at the time of asking
	Name string // of the file

	s     *Service
	by    identity.Actor
	q     question
	first []exportRow
}

type exportRow struct {
	Entry
	RightID       *uuid.UUID
	Before, After *string
}

const exportSQL = `, e.right_id, case when ` + withheld + ` then null else e.before::text end as before, case when ` + withheld + ` then null else e.after::text end as after`

// Export prepares a file of all events that a filter leaves, newest first, and notes
// who took it. The same persons may as List. Invalid: the filter, or more events than
// a file holds, for a file that silently ends would pass for the whole.
func (s *Service) Export(ctx context.Context, by identity.Actor, f Filter) (*Export, error) {
	q, err := s.ask(ctx, by, f)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	x := &Export{s: s, by: by, q: q, Name: "audit-trail-" + now.In(zoneOf(by)).Format("2006-01-02-150405") + ".csv"}
	if !q.nothing {
		inner, args := q.chosen(place{}, place{}, MostExported+1)
		if err := s.DB.Batch(ctx, by.Scope(), pg.Value(&x.Rows, "select count(*)::int from ("+inner+") x", args...)); err != nil {
			return nil, fmt.Errorf("count the events to export: %w", err)
		}
		if x.Rows > MostExported {
			return nil, fault.Fail([]fault.Field{fault.F("from", "More than %d events fit, which is more than a file holds. Choose fewer days, then export again", MostExported)})
		}
		if x.first, err = x.read(ctx, place{}); err != nil {
			return nil, err
		}
	}
	after := q.asked.said()
	after["rows"] = strconv.Itoa(x.Rows)
	if err := s.note(ctx, by, Event{Action: "audit.export", Kind: "audit", Company: q.company, After: after, Internal: true}); err != nil {
		return nil, err
	}
	return x, nil
}

func (x *Export) read(ctx context.Context, after place) (rows []exportRow, err error) {
	inner, args := x.q.chosen(after, place{}, exportStep)
	err = x.s.DB.Batch(ctx, x.by.Scope(), pg.All(&rows, "select "+entrySQL+exportSQL+" from ("+inner+") e"+namesSQL+" order by e.at desc, e.id desc", args...))
	if err != nil {
		return nil, fmt.Errorf("read events to export: %w", err)
	}
	return rows, nil
}

// header names the columns; they are stable names for programs, so they are not translated.
func header() []string {
	return []string{"id", "time_utc", "time_local", "person", "person_id", "audience", "role", "right_id", "action", "action_words", "record_kind", "record_id", "record",
		"company", "company_id", "before", "after", "reason", "request_id", "internal", "values_withheld"}
}

// Write writes the file: CSV as of RFC 4180 in UTF-8, with a byte order mark, without
// which spreadsheet programs misread accents. An error means that the file is not whole.
func (x *Export) Write(ctx context.Context, out io.Writer) error {
	if _, err := io.WriteString(out, "\ufeff"); err != nil {
		return fmt.Errorf("write the export: %w", err)
	}
	w := csv.NewWriter(out)
	w.UseCRLF = true
	if err := w.Write(header()); err != nil {
		return fmt.Errorf("write the export: %w", err)
	}
	rows, written := x.first, 0
	for {
		for _, r := range rows {
			if err := w.Write(x.line(r)); err != nil {
				return fmt.Errorf("write the export: %w", err)
			}
		}
		w.Flush()
		if err := w.Error(); err != nil {
			return fmt.Errorf("write the export: %w", err)
		}
		if written += len(rows); len(rows) < exportStep || written >= MostExported {
			return nil
		}
		last := rows[len(rows)-1]
		var err error
		if rows, err = x.read(ctx, place{last.At, last.ID}); err != nil {
			return err
		}
	}
}

func (x *Export) line(r exportRow) []string {
	yes := func(b bool) string {
		if b {
			return "yes"
		}
		return "no"
	}
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	name := func(u *uuid.UUID) string {
		if u == nil {
			return ""
		}
		return u.String()
	}
	out := []string{strconv.FormatInt(r.ID, 10), r.At.UTC().Format("2006-01-02T15:04:05.000000Z"), r.At.In(zoneOf(x.by)).Format(time.RFC3339), r.Actor, name(r.PersonID),
		r.Audience, r.Role, name(r.RightID), r.Action, Words(r.Action), r.Kind, name(r.Subject), r.Record,
		r.Company, name(r.CompanyID), text(r.Before), text(r.After), r.Reason, r.RequestID, yes(r.Internal), yes(r.Withheld)}
	for i, cell := range out {
		out[i] = entry.Inert(cell)
	}
	return out
}

func zoneOf(by identity.Actor) *time.Location {
	if by.Zone == nil {
		return time.UTC
	}
	return by.Zone
}
