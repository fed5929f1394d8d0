package consultation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// BatchKind names lists in audit events.
const BatchKind = "check_batch"

// BatchQuestion is what holds for all rows of a list.
type BatchQuestion struct {
	Arrangement string // empty: any of the agency's
	Purpose     string
	OwnRef      string    // of rows without their own
	On          clock.Day // zero: now
}

// Batch is a list of identifiers that is checked in one go.
type Batch struct {
	ID          uuid.UUID
	Number      string
	AgencyID    uuid.UUID
	PersonID    uuid.UUID
	Arrangement string // empty: any of the agency's
	Purpose     string
	OwnRef      string
	AsOf        *clock.Day
	FileName    string
	Rows        int
	Wrong       int // rows that cannot be checked as they are written
	Pieces      int
	Status      string // waiting, working, stopped, done
	CreatedAt   time.Time
	FinishedAt  *time.Time
	SHA256      string
	Manifest    string
	Version     int
	Head        string
	Done        int // rows that were gone through
}

// Open reports whether the portal still works on it.
func (b Batch) Open() bool { return b.Status == "waiting" || b.Status == "working" }

const batchSQL = `select b.id, b.number, b.agency_id, b.person_id, b.arrangement, b.purpose, b.own_ref, b.as_of, b.file_name, b.rows, b.wrong, b.pieces, b.status, b.created_at, b.finished_at, b.sha256,
	b.manifest, b.version, b.head::text as head, coalesce((select sum(jsonb_array_length(p.rows)) from check_piece p where p.batch_id = b.id and p.done_at is not null), 0)::int as done
	from check_batch b`

// BulkArgs is the job that works on a list.
type BulkArgs struct {
	Batch uuid.UUID `json:"batch"`
}

// Kind names the job in the queue.
func (BulkArgs) Kind() string { return "check_batch" }

// bulkTries is how often a list is begun again by itself, before a person says so.
const bulkTries = 3

// Upload reads a list of identifiers as it comes, CSV or XLSX, and has it checked. People of
// a partner agency may. Invalid with the field "file": it cannot be read.
func (s *Service) Upload(ctx context.Context, by identity.Actor, q BatchQuestion, fileName string, file io.Reader) (b Batch, err error) {
	if err := partner(by); err != nil {
		return b, err
	}
	now := s.Now()
	var c entry.Check
	q.OwnRef = c.Line("own_ref", "your own reference", q.OwnRef, 0, 60)
	if !s.purpose(q.Purpose) {
		c.Add("purpose", "Choose what the check is for")
	}
	if q.On.After(clock.DayOf(now, time.UTC).AddDays(1)) {
		c.Add("on", "Enter a day that is not in the future")
	}
	under, err := s.Under(ctx, by)
	if err != nil {
		return b, err
	}
	if q.Arrangement != "" && !slices.Contains(under, q.Arrangement) {
		c.Add("arrangement", "Choose an arrangement of your agency")
	}
	if err := c.Err(); err != nil {
		return b, err
	}
	l, err := readList(file)
	if err != nil {
		return b, err
	}
	b = Batch{ID: pg.NewID(), Number: newNumber(listPrefix, now.Year()), AgencyID: by.AgencyID, PersonID: by.PersonID, Arrangement: q.Arrangement, Purpose: q.Purpose, OwnRef: q.OwnRef, FileName: cleanName(fileName),
		Rows: l.rows, Wrong: l.wrong, Pieces: len(l.pieces), Status: "waiting", CreatedAt: now, Version: 1}
	if !q.On.IsZero() {
		b.AsOf = &q.On
	}
	head, err := json.Marshal(l.head)
	if err != nil {
		return b, fmt.Errorf("keep the list: %w", err)
	}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		db := tx.WithContext(ctx)
		if err := db.Exec(`insert into check_batch (id, number, agency_id, person_id, arrangement, purpose, own_ref, as_of, file_name, head, rows, wrong, pieces, status, created_at)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?, ?, ?, ?, ?)`, b.ID, b.Number, b.AgencyID, b.PersonID, b.Arrangement, b.Purpose, b.OwnRef, b.AsOf, b.FileName, string(head), b.Rows, b.Wrong, b.Pieces, b.Status, now).Error; err != nil {
			return fmt.Errorf("keep the list: %w", err)
		}
		for i, text := range l.pieces {
			if err := db.Exec(`insert into check_piece (batch_id, piece, agency_id, first_row, rows) values (?, ?, ?, ?, ?::jsonb)`, b.ID, i, b.AgencyID, i*pieceRows, text).Error; err != nil {
				return fmt.Errorf("keep the list: %w", err)
			}
		}
		if err := tx.Enqueue(ctx, BulkArgs{b.ID}, &river.InsertOpts{MaxAttempts: bulkTries}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "check_batch.upload", Kind: BatchKind, Subject: b.ID, Agency: by.AgencyID, After: map[string]any{"number": b.Number, "rows": b.Rows, "purpose": b.Purpose}})
	})
	return b, err
}

// Under lists the arrangements of the actor's agency, in the order of their codes. Its people may.
func (s *Service) Under(ctx context.Context, by identity.Actor) (list []string, err error) {
	if err := partner(by); err != nil {
		return nil, err
	}
	rules, err := s.Rules(ctx, by.AgencyID, clock.Day{})
	if err != nil {
		return nil, fmt.Errorf("read the agency's arrangements: %w", err)
	}
	for _, r := range rules {
		list = append(list, r.Arrangement)
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

func cleanName(name string) string {
	name = entry.Head(entry.Clean(name[strings.LastIndexAny(name, `/\`)+1:]), 200)
	if name == "" {
		return "list.csv"
	}
	return name
}

// Batches lists the last lists of the actor's agency. Its people may.
func (s *Service) Batches(ctx context.Context, by identity.Actor) (list []Batch, err error) {
	if err := partner(by); err != nil {
		return nil, err
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&list, batchSQL+` where b.agency_id = $1 order by b.created_at desc, b.id desc limit 50`, by.AgencyID))
	if err != nil {
		return nil, fmt.Errorf("list lists: %w", err)
	}
	return list, nil
}

// Batch reads a list of the actor's agency. Its people may.
func (s *Service) Batch(ctx context.Context, by identity.Actor, id uuid.UUID) (b Batch, err error) {
	if err := partner(by); err != nil {
		return b, err
	}
	if err := s.DB.Batch(ctx, by.Scope(), pg.One(&b, batchSQL+` where b.id = $1 and b.agency_id = $2`, id, by.AgencyID)); err != nil {
		return b, fmt.Errorf("read the list: %w", err)
	}
	return b, nil
}

// Retry has the rows checked that a stopped list left over. People of its agency may.
func (s *Service) Retry(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	b, err := s.Batch(ctx, by, id)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		r := tx.WithContext(ctx).Exec(`update check_batch set status = 'waiting', version = version + 1 where id = ? and version = ? and status = 'stopped'`, id, version)
		if r.Error != nil {
			return fmt.Errorf("begin the list again: %w", r.Error)
		}
		if r.RowsAffected == 0 {
			return fault.Moved()
		}
		if err := tx.Enqueue(ctx, BulkArgs{b.ID}, &river.InsertOpts{MaxAttempts: bulkTries}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.Now(), by, audit.Event{Action: "check_batch.retry", Kind: BatchKind, Subject: b.ID, Agency: by.AgencyID, After: map[string]any{"number": b.Number}})
	})
}

// BulkWorker works on lists.
type BulkWorker struct {
	river.WorkerDefaults[BulkArgs]
	Service *Service
}

// Timeout is how long one try may take.
func (w *BulkWorker) Timeout(*river.Job[BulkArgs]) time.Duration { return 10 * time.Minute }

// Work checks what is left of a list. What is done stays done. After the last try the list
// waits for a person.
func (w *BulkWorker) Work(ctx context.Context, job *river.Job[BulkArgs]) error {
	err := w.Service.Work(ctx, job.Args.Batch)
	if err != nil && job.Attempt >= job.MaxAttempts {
		stop := w.Service.set(context.WithoutCancel(ctx), job.Args.Batch, `status = 'stopped'`)
		if stop != nil {
			return stop
		}
	}
	return err
}

func (s *Service) set(ctx context.Context, id uuid.UUID, what string, args ...any) error {
	return s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		return tx.WithContext(ctx).Exec(`update check_batch set `+what+`, version = version + 1 where id = ? and status <> 'done'`, append(args, id)...).Error
	})
}

// Work checks the pieces of a list that are left, and signs the manifest at the end. The
// portal itself; any number of portals may at once.
func (s *Service) Work(ctx context.Context, id uuid.UUID) error {
	var b Batch
	if err := s.DB.Batch(ctx, pg.System, pg.One(&b, batchSQL+` where b.id = $1`, id)); err != nil {
		return fmt.Errorf("read the list: %w", err)
	}
	if b.Status == "done" {
		return nil
	}
	if err := s.set(ctx, id, `status = 'working'`); err != nil {
		return err
	}
	if err := s.pieces(ctx, b); err != nil {
		return err
	}
	return s.finish(ctx, b)
}

// CheckPieces is Work without the manifest, for measuring.
func (s *Service) CheckPieces(ctx context.Context, id uuid.UUID) error {
	var b Batch
	if err := s.DB.Batch(ctx, pg.System, pg.One(&b, batchSQL+` where b.id = $1`, id)); err != nil {
		return fmt.Errorf("read the list: %w", err)
	}
	return s.pieces(ctx, b)
}

// pieces checks what is left.
func (s *Service) pieces(ctx context.Context, b Batch) error {
	var left []struct{ Piece int }
	if err := s.DB.Batch(ctx, pg.System, pg.All(&left, `select piece from check_piece where batch_id = $1 and done_at is null order by piece`, b.ID)); err != nil {
		return fmt.Errorf("read what is left of the list: %w", err)
	}
	for _, p := range left {
		if err := s.piece(ctx, b, p.Piece); err != nil {
			return fmt.Errorf("check piece %d of list %s: %w", p.Piece, b.Number, err)
		}
	}
	return nil
}

// errDone says that another portal has done a piece.
var errDone = errors.New("the piece is done")

// piece checks one piece: wholly, in one transaction, or not at all.
func (s *Service) piece(ctx context.Context, b Batch, n int) error {
	var rows struct {
		FirstRow int
		Rows     string
	}
	if err := s.DB.Batch(ctx, pg.System, pg.One(&rows, `select first_row, rows::text as rows from check_piece where batch_id = $1 and piece = $2`, b.ID, n)); err != nil {
		return err
	}
	asks, err := s.asksOf(ctx, b, rows.FirstRow, rows.Rows)
	if err != nil {
		return err
	}
	w, now := s.take(), s.Now()
	var next writer
	taken := false
	claim := pg.Rows(func(read func(...any) error) error { taken = true; return read(new(int)) },
		`update check_piece set done_at = $3 where batch_id = $1 and piece = $2 and done_at is null returning 1`, b.ID, n, now)
	first := []pg.Query{pg.PlanOnce(), claim}
	if len(asks) > 0 {
		first = append(first, lookup(asks, w.decoy, now))
	}
	err = s.DB.TwoSteps(ctx, pg.System, first, func() ([]pg.Query, error) {
		if !taken {
			return nil, errDone
		}
		if len(asks) == 0 {
			next = *w
			return nil, nil
		}
		insert, after, err := s.write(asks, w, now)
		next = after
		return []pg.Query{insert}, err
	})
	if errors.Is(err, errDone) {
		s.giveBack(w)
		return nil
	}
	if err != nil {
		return err // its chain is not gone on with
	}
	*w = next
	s.giveBack(w)
	return nil
}

// asksOf makes questions of the rows that can be checked.
func (s *Service) asksOf(ctx context.Context, b Batch, first int, text string) ([]*ask, error) {
	var h head
	var rows [][]string
	if err := json.Unmarshal([]byte(b.Head), &h); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		return nil, err
	}
	by := identity.Actor{Audience: identity.Partners, AgencyID: b.AgencyID, PersonID: b.PersonID}
	pattern, err := s.prepared(ctx, by, Question{Arrangement: b.Arrangement, Purpose: b.Purpose, OwnRef: b.OwnRef}, s.Now())
	if err != nil {
		return nil, err
	}
	if b.AsOf != nil {
		pattern.On = *b.AsOf
		if pattern.rules, err = s.Rules(ctx, b.AgencyID, *b.AsOf); err != nil {
			return nil, err
		}
	}
	pattern.batch = b.ID
	asks := make([]*ask, 0, len(rows))
	all := make([]ask, len(rows))
	for i, cells := range rows {
		r := h.row(cells)
		if r.wrong != "" {
			continue
		}
		a := &all[i]
		*a = *pattern
		a.Value, a.Scheme, a.key, a.row = r.value, r.scheme, keyOf(r.value), first+i
		if r.ref != "" {
			a.OwnRef = r.ref
		}
		asks = append(asks, a)
	}
	return asks, nil
}
