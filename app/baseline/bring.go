package baseline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// BringEntry is what a person says of a file.
type BringEntry struct {
	Programme string
	Source    string // where the numbers come from and how they were counted
	AsOf      string // 2026-03-04
	FileName  string
}

// Bring takes in a file of cohorts, CSV or XLSX, and lets it wait for a second person. Those
// who can be that person are told.
// Headquarters may. Invalid: something was entered wrongly, or rows of the file are wrong;
// then wrong says which (the first two hundred), and nothing is kept. Conflict: the same file
// waits or is signed already.
func (s *Service) Bring(ctx context.Context, by identity.Actor, in BringEntry, file io.Reader) (b Baseline, wrong []Wrong, err error) {
	if err := mayWork(by); err != nil {
		return b, nil, err
	}
	now := s.Now()
	b = Baseline{ID: pg.NewID(), Status: Waiting, BroughtBy: by.PersonID, Bringer: by.Name, BroughtAt: now, Version: 1}
	p, err := s.say(&b, in, clock.DayOf(now, by.Zone))
	if err != nil {
		return b, nil, err
	}
	content, err := b.load(file)
	if err != nil {
		return b, nil, err
	}
	sheet := newSheet(s.Data, p, b.AsOf)
	if err := sheet.read(content); err != nil {
		return b, nil, err
	}
	switch n := len(sheet.kept); {
	case sheet.problems > 0:
		return b, sheet.wrong, fault.Fail([]fault.Field{fault.F("file", "Nothing was kept, since something is wrong in the file. Mend it and bring it again. Problems: %d", sheet.problems)})
	case n == 0:
		return b, nil, fault.Fail([]fault.Field{fault.F("file", "Every cohort has fewer than %d companies, so nothing of the file can be kept", Fewest)})
	default:
		b.Cohorts, b.LeftOut = n, sheet.leftOut
	}
	b.FirstMonth, b.LastMonth = sheet.kept[0].FirstMonth, sheet.kept[0].LastMonth
	for _, c := range sheet.kept {
		if c.FirstMonth.Before(b.FirstMonth) {
			b.FirstMonth = c.FirstMonth
		}
		if c.LastMonth.After(b.LastMonth) {
			b.LastMonth = c.LastMonth
		}
	}
	return b, nil, s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if err := s.keep(ctx, tx, b, sheet.kept); err != nil {
			return err
		}
		if err := s.tellSecond(ctx, tx, b); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "baseline.bring", Kind: Kind, Subject: b.ID,
			After: map[string]any{"file": b.FileName, "sha256": b.SHA256, "programme": b.Programme, "as_of": b.AsOf, "cohorts": b.Cohorts, "left_out": b.LeftOut}})
	})
}

// say takes in what is said of a file as a whole.
func (s *Service) say(b *Baseline, in BringEntry, today clock.Day) (*programme.Programme, error) {
	var k entry.Check
	p, ok := s.Programmes.Get(in.Programme)
	if !ok {
		k.Add("programme", "Choose the programme")
	}
	b.Programme = in.Programme
	b.Source = k.Text("source", "where the numbers come from", in.Source, 20, 2000)
	b.FileName = entry.Head(entry.Clean(in.FileName[strings.LastIndexAny(in.FileName, `/\`)+1:]), 200)
	day, err := clock.ParseDay(in.AsOf)
	if err != nil || day.Year() < 2000 || day.After(today) {
		k.Add("as_of", "Enter the day on which the numbers were counted. It is not in the future")
	}
	b.AsOf = day
	return p, k.Err()
}

// load reads a file whole; it is small.
func (b *Baseline) load(file io.Reader) (io.Reader, error) {
	bad := func(message string, args ...any) error {
		return fault.Fail([]fault.Field{fault.F("file", message, args...)})
	}
	if file == nil {
		return nil, bad("Choose a file")
	}
	content, err := io.ReadAll(io.LimitReader(file, MostBytes+1))
	switch {
	case err != nil:
		return nil, bad("The file did not arrive whole. Send it again")
	case len(content) > MostBytes:
		return nil, bad("The file is larger than %d MB. Split it, and bring one part after the other", MostBytes>>20)
	case len(content) == 0:
		return nil, bad("Choose a file with rows")
	}
	if b.FileName == "" {
		b.FileName = "cohorts"
	}
	sum := sha256.Sum256(content)
	b.SHA256, b.Size = hex.EncodeToString(sum[:]), int64(len(content))
	return bytes.NewReader(content), nil
}

func (s *Service) keep(ctx context.Context, tx pg.Tx, b Baseline, list []Cohort) error {
	db := tx.WithContext(ctx)
	if err := db.Exec(`select pg_advisory_xact_lock(hashtextextended('baseline ' || ?::text, 0))`, b.Programme).Error; err != nil {
		return fmt.Errorf("wait for a colleague: %w", err)
	}
	var there struct{ Open, Same int }
	if err := db.Raw(`select count(*) filter (where status = 'waiting') as open, count(*) filter (where sha256 = ?) as same from baseline where programme = ? and status in ('waiting', 'signed')`, b.SHA256, b.Programme).Scan(&there).Error; err != nil {
		return fmt.Errorf("count the baselines: %w", err)
	}
	switch {
	case there.Same > 0:
		return fault.New(fault.Conflict, "This very file is here already. Look for it in the list")
	case there.Open >= mostOpen:
		return fault.New(fault.Conflict, "%d files wait already. Decide on them first", mostOpen)
	}
	err := db.Exec(`insert into baseline (id, programme, file_name, sha256, size, source, as_of, status, first_month, last_month, cohorts, left_out, brought_by, bringer, brought_at)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, b.ID, b.Programme, b.FileName, b.SHA256, b.Size, b.Source, b.AsOf, b.Status, b.FirstMonth, b.LastMonth, b.Cohorts, b.LeftOut, b.BroughtBy, b.Bringer, b.BroughtAt).Error
	if err != nil {
		return fmt.Errorf("keep the baseline: %w", err)
	}
	for at := 0; at < len(list); at += pieceRows {
		if err := insert(ctx, tx, b, list[at:min(at+pieceRows, len(list))], at+1); err != nil {
			return err
		}
	}
	return nil
}

// pieceRows is how many cohorts one statement writes.
const pieceRows = 5000

func insert(ctx context.Context, tx pg.Tx, b Baseline, list []Cohort, first int) error {
	text, err := json.Marshal(list)
	if err != nil {
		return fmt.Errorf("keep the cohorts: %w", err)
	}
	err = tx.WithContext(ctx).Exec(`insert into baseline_cohort (baseline_id, n, first_month, last_month, mode, port_group, entity_type, shipments, exams, companies, hold_minutes)
		select ?, ? + o - 1, (c->>'FirstMonth')::date, (c->>'LastMonth')::date, c->>'Mode', c->>'PortGroup', c->>'EntityType', (c->>'Shipments')::bigint, (c->>'Exams')::bigint, (c->>'Companies')::int, (c->>'HoldMinutes')::int
		from jsonb_array_elements(?::jsonb) with ordinality as x (c, o)`, b.ID, first, string(text)).Error
	if err != nil {
		return fmt.Errorf("keep the cohorts: %w", err)
	}
	return nil
}
