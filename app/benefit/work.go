package benefit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/table"
)

// Worker works on imports.
type Worker struct {
	river.WorkerDefaults[Args]
	Service *Service
}

// Timeout is how long one try may take; the next goes on where it was.
func (w *Worker) Timeout(*river.Job[Args]) time.Duration { return 10 * time.Minute }

// Work goes on with an import. A file that cannot be read stops it at once, and whatever else
// after the last try; a person then says what is to happen.
func (w *Worker) Work(ctx context.Context, job *river.Job[Args]) error {
	end, ok, err := w.Service.alone(ctx, job.Args.Import)
	if err != nil {
		return err
	}
	if !ok { // another portal is about to end it
		return river.JobSnooze(5 * time.Second)
	}
	defer end()
	err = w.Service.Work(ctx, job.Args.Import)
	problems := fault.Fields(err)
	switch {
	case err == nil:
		return nil
	case len(problems) > 0:
		return errors.Join(w.Service.stop(ctx, job.Args.Import, problems[0]), river.JobCancel(err))
	case job.Attempt >= job.MaxAttempts:
		return errors.Join(err, w.Service.stop(ctx, job.Args.Import, fault.Field{}))
	}
	return err
}

// stop leaves an import to a person.
func (s *Service) stop(ctx context.Context, id uuid.UUID, why fault.Field) error {
	ctx = context.WithoutCancel(ctx)
	return s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		return tx.WithContext(ctx).Exec(`update benefit_import set status = 'stopped', failure = ?, failure_args = ?::jsonb, version = version + 1 where id = ? and status in ('waiting', 'working', 'undoing')`,
			entry.Head(why.Message, 1000), asJSON(append([]any{}, why.Args...)), id).Error
	})
}

// Work reads what is left of an import and takes it over, or undoes it. The portal itself;
// any number of portals may at once, and one may be killed at any moment.
func (s *Service) Work(ctx context.Context, id uuid.UUID) error {
	var list []Import
	if err := s.DB.Batch(ctx, pg.System, pg.All(&list, importSQL+` where id = $1`, id)); err != nil {
		return fmt.Errorf("read the import: %w", err)
	}
	if len(list) == 0 {
		return nil // it was dropped
	}
	i := list[0]
	if i.Status == Undoing {
		return s.undo(ctx, i)
	}
	if err := s.Stage(ctx, i); err != nil {
		return err
	}
	return s.take(ctx, i)
}

// pieceRows is how many rows of a file are staged in one transaction.
const pieceRows = 20_000

// piece is a part of a file, ready for COPY.
type piece struct {
	before, rows, wrong, events int // rows that were read before it, and in it
	bytes                       int64
	text                        []byte
	problems                    []Wrong
	err                         error // ends the file
}

// Stage reads what is left of a file. Pieces are made while the one before is stored.
func (s *Service) Stage(ctx context.Context, i Import) error {
	var done *int
	if err := s.DB.Batch(ctx, pg.System, pg.Value(&done, `select benefit_begin($1, $2)`, i.ID, s.Now())); err != nil {
		return fmt.Errorf("begin the import: %w", err)
	}
	if done == nil {
		return nil
	}
	l, ok := s.Data.Layout(i.Layout)
	if !ok {
		return fault.Fail([]fault.Field{fault.F("", "The portal does not know this kind of report any more")})
	}
	in, err := s.Evidence.OpenSpooled(ctx, pg.System, i.CompanyID, i.BlobKey)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it is only read
	t, r, err := s.begin(in, i, l, s.Now())
	if err != nil {
		return err
	}
	defer t.Close() //nolint:errcheck // it is only read
	ctx, cancel := context.WithCancel(ctx)
	pieces, free := make(chan *piece), make(chan *piece, 2)
	free <- &piece{}
	free <- &piece{}
	ended := make(chan struct{})
	defer func() { // the file is closed after the last piece
		cancel()
		<-ended
	}()
	go func() {
		defer close(ended)
		read(ctx, i, t, r, *done, free, pieces)
	}()
	for p := range pieces {
		if p.err != nil {
			return p.err
		}
		if err := s.store(ctx, i, p); err != nil {
			return err
		}
		free <- p
	}
	return ctx.Err()
}

// read makes pieces of a file, after the rows that are done.
func read(ctx context.Context, i Import, t *table.Table, r *reader, done int, free, pieces chan *piece) {
	defer close(pieces)
	id := i.ID.String()
	for n := 0; ; {
		var p *piece
		select {
		case p = <-free:
		case <-ctx.Done():
			return
		}
		*p = piece{before: max(n, done), text: p.text[:0], problems: p.problems[:0]}
		for p.err == nil && p.rows < pieceRows {
			row, err := t.Next()
			if p.err = err; err != nil {
				break
			}
			if n++; n > done {
				p.rows++
				p.add(i, id, r, row)
			}
		}
		last := errors.Is(p.err, io.EOF)
		if last {
			p.err = nil
		}
		p.bytes = t.Bytes()
		if p.rows > 0 || p.err != nil {
			select {
			case pieces <- p:
			case <-ctx.Done():
				return
			}
		}
		if last {
			return
		}
	}
}

// add adds a row to a piece.
func (p *piece) add(i Import, id string, r *reader, row table.Row) {
	events, wrong := r.row(row)
	if i.ReplacesFrom != nil {
		for _, e := range events {
			if e.Day.Before(i.ReplacesFrom.Time()) || e.Day.After(i.ReplacesTo.Time()) {
				wrong = []problem{{Message: "The day %s lies outside of the period that the file replaces", Args: []any{e.Day.Format(time.DateOnly)}}}
				break
			}
		}
	}
	if wrong != nil {
		p.wrong++
		for _, w := range wrong {
			if len(p.problems) < mostWrong {
				p.problems = append(p.problems, Wrong{row.Line, w.Column, w.Message, asJSON(append([]any{}, w.Args...)), w.Cell})
			}
		}
		return
	}
	for n := range events {
		p.text = events[n].copyText(p.text, id)
	}
	p.events += len(events)
}

// store keeps a piece, wholly or not at all. Another portal that did it first makes this one
// stop.
func (s *Service) store(ctx context.Context, i Import, p *piece) error {
	var now struct{ Version int }
	after := []pg.Query{pg.One(&now, `update benefit_import set rows_read = rows_read + $3, rows_wrong = rows_wrong + $4, events_staged = events_staged + $5, bytes_read = $6, version = version + 1
		where id = $1 and rows_read = $2 and status = 'working' returning version`, i.ID, p.before, p.rows, p.wrong, p.events, p.bytes)}
	if len(p.problems) > 0 {
		b, err := json.Marshal(p.problems)
		if err != nil {
			return fmt.Errorf("write problems of rows: %w", err)
		}
		after = append(after, pg.Exec(`insert into benefit_wrong (import_id, company_id, row_no, n, field, message, args, cell)
			select $1, $2, (x ->> 'RowNo')::int, row_number() over (partition by x ->> 'RowNo' order by at), x ->> 'Field', x ->> 'Message', (x ->> 'Args')::jsonb, x ->> 'Cell'
			from jsonb_array_elements($3::jsonb) with ordinality y (x, at) order by at limit greatest(0, $4 - (select count(*) from benefit_wrong where import_id = $1))`, i.ID, i.CompanyID, string(b), mostWrong))
	}
	if err := s.DB.CopyIn(ctx, pg.System, columnsOf, bytes.NewReader(p.text), after...); err != nil {
		return fmt.Errorf("stage rows of an import: %w", err)
	}
	return nil
}

// take makes events of what is staged.
func (s *Service) take(ctx context.Context, i Import) error {
	l, _ := s.Data.Layout(i.Layout)
	kinds := pgKinds(s.Data.kinds(l))
	if err := s.final(ctx, `select benefit_take(?, ?, ?::text[])`, []any{i.ID, s.Now(), kinds}, i, "benefit_import.taken"); err != nil {
		return fmt.Errorf("take the import over: %w", err)
	}
	return s.tidy(ctx, i.ID)
}

// tidy forgets the file of an import that is taken over. A portal that was killed before
// does it when its job is worked again.
func (s *Service) tidy(ctx context.Context, id uuid.UUID) error {
	var list []Import
	if err := s.DB.Batch(ctx, pg.System, pg.All(&list, importSQL+` where id = $1 and finished_at is not null and blob_key <> ''`, id)); err != nil {
		return fmt.Errorf("read the import: %w", err)
	}
	for _, i := range list {
		if err := s.Evidence.Unspool(ctx, i.BlobKey); err != nil {
			return err
		}
		if err := s.DB.Batch(ctx, pg.System, pg.Exec(`update benefit_import set blob_key = '' where id = $1 and finished_at is not null`, id)); err != nil {
			return fmt.Errorf("forget the file of an import: %w", err)
		}
	}
	return nil
}

func (s *Service) undo(ctx context.Context, i Import) error {
	if err := s.final(ctx, `select benefit_undo(?, ?)`, []any{i.ID, s.Now()}, i, "benefit_import.undone"); err != nil {
		return fmt.Errorf("undo the import: %w", err)
	}
	return nil
}

// final runs a function that ends an import. A million rows take longer than a request may.
func (s *Service) final(ctx context.Context, sql string, args []any, i Import, action string) error {
	return s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		db := tx.WithContext(ctx)
		if err := db.Exec(`set local statement_timeout = 0`).Error; err != nil {
			return err
		}
		var done bool
		if err := db.Raw(sql, args...).Scan(&done).Error; err != nil || !done {
			return err
		}
		var now struct{ RowsRead, RowsWrong, EventsTaken, EventsDuplicate, EventsJoined int }
		if err := db.Raw(`select rows_read, rows_wrong, events_taken, events_duplicate, events_joined from benefit_import where id = ?`, i.ID).Scan(&now).Error; err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.Now(), identity.ClockActor("import"), audit.Event{Action: action, Kind: ImportKind, Subject: i.ID, Company: i.CompanyID,
			After: map[string]any{"rows": now.RowsRead, "wrong": now.RowsWrong, "taken": now.EventsTaken, "duplicate": now.EventsDuplicate, "joined": now.EventsJoined}})
	})
}

func pgKinds(list []Kind) (out pg.Strings) {
	for _, k := range list {
		out = append(out, string(k))
	}
	return out
}
