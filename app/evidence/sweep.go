package evidence

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"trustedtrader/app/blob"
	"trustedtrader/app/pg"
)

// How long unfinished uploads are kept. A person may go on with a file on the next day.
const (
	forgotten = 24 * time.Hour
	sweepMany = 200 // rows of one transaction
)

// SweepArgs is the job that removes what nobody needs: files that were begun and never
// finished, with their pieces, and the content of what was removed and never submitted.
type SweepArgs struct{}

// Kind names the job in the queue.
func (SweepArgs) Kind() string { return "evidence_sweep" }

// SweepEvery is how often the sweep runs; it also runs when a portal starts.
const SweepEvery = time.Hour

func once() *river.InsertOpts {
	return &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByState: pending()}}
}

// SweepWorker works SweepArgs.
type SweepWorker struct {
	river.WorkerDefaults[SweepArgs]
	Service *Service
}

// Timeout is how long one sweep may take.
func (w *SweepWorker) Timeout(*river.Job[SweepArgs]) time.Duration { return 10 * time.Minute }

// Work sweeps once.
func (w *SweepWorker) Work(ctx context.Context, _ *river.Job[SweepArgs]) error {
	_, err := w.Service.Sweep(ctx)
	return err
}

// Swept counts what a sweep removed.
type Swept struct {
	Uploads  int // that were forgotten
	Folders  int // of pieces to which no upload belongs
	Halves   int // objects that were being written when a portal died
	Versions int // whose content was deleted
	Asked    int // versions that the scanner is asked about
}

// Sweep removes what nobody needs and asks the scanner again about what waits. It does
// nothing twice, so several may run at once.
func (s *Service) Sweep(ctx context.Context) (out Swept, err error) {
	var errs []error
	for _, step := range []struct {
		n  *int
		do func(context.Context) (int, error)
	}{{&out.Uploads, s.sweepUploads}, {&out.Folders, s.sweepPieces}, {&out.Halves, s.sweepHalves}, {&out.Versions, s.forget}, {&out.Asked, s.askAgain}} {
		if *step.n, err = step.do(ctx); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return out, fmt.Errorf("sweep the evidence: %w", err)
	}
	return out, nil
}

// sweepUploads ends uploads that nobody goes on with: the content first, then the row.
func (s *Service) sweepUploads(ctx context.Context) (n int, err error) {
	for {
		var list []struct {
			ID      uuid.UUID
			BlobKey string
			SeenAt  time.Time
		}
		now := s.Now()
		err := s.DB.Batch(ctx, pg.System, pg.All(&list, `select id, blob_key, seen_at from evidence_upload
			where seen_at < $1 or blob_key <> '' and received < size and seen_at < $2 order by seen_at limit $3`, now.Add(-forgotten), now.Add(-stuck), sweepMany))
		if err != nil {
			return n, err
		}
		for _, u := range list {
			var gone int64
			// Deleting the row is what ends it: nobody can commit it any more.
			err := s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
				r := tx.WithContext(ctx).Exec(`select 1 from evidence_upload where id = ? and blob_key = ? and seen_at = ? for update`, u.ID, u.BlobKey, u.SeenAt)
				if r.Error != nil || r.RowsAffected == 0 {
					return r.Error
				}
				if u.BlobKey != "" {
					if err := s.Store.Delete(ctx, u.BlobKey); err != nil {
						return err
					}
				}
				if err := s.Store.DeleteAll(ctx, folder(u.ID)); err != nil {
					return err
				}
				r = tx.WithContext(ctx).Exec(`delete from evidence_upload where id = ?`, u.ID)
				gone = r.RowsAffected
				return r.Error
			})
			if err != nil {
				return n, err
			}
			n += int(gone)
		}
		if len(list) < sweepMany {
			return n, nil
		}
	}
}

// sweepPieces removes pieces whose upload is over: those of a portal that died between the
// end and the clearing up, or that wrote a last one too late.
func (s *Service) sweepPieces(ctx context.Context) (n int, err error) {
	old := time.Now().Add(-stuck) // the store's clock
	seen := map[uuid.UUID]bool{}
	err = s.Store.Each(ctx, coming, func(e blob.Entry) error {
		name, _, _ := strings.Cut(strings.TrimPrefix(e.Name, coming), "/")
		if id, err := uuid.Parse(name); err == nil && e.At.Before(old) {
			seen[id] = true
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for id := range seen {
		var there bool
		if err := s.DB.Batch(ctx, pg.System, pg.Value(&there, `select exists (select from evidence_upload where id = $1)`, id)); err != nil {
			return n, err
		}
		if there {
			continue
		}
		if err := s.Store.DeleteAll(ctx, folder(id)); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func (s *Service) sweepHalves(ctx context.Context) (int, error) {
	return s.Store.Sweep(ctx, time.Now().Add(-stuck))
}

// forgettable are versions of removed items that the agency was not shown, and will not be:
// their items are attached nowhere.
const forgettable = `v.forgotten_at is null and e.removed_at is not null and not ` + shownSQL + `
	and not exists (select from evidence_link l join profile_cycle c on c.id = l.cycle_id where l.evidence_id = e.id and c.status not in ('accepted', 'ended'))`

// forget deletes the content of what was removed. Nothing can be attached to a profile any
// more once it is removed, so what is forgettable stays so.
func (s *Service) forget(ctx context.Context) (n int, err error) {
	for {
		var list []struct {
			ID         uuid.UUID
			BlobKey    string
			PreviewKey string
		}
		err := s.DB.Batch(ctx, pg.System, pg.All(&list, `select v.id, v.blob_key, v.preview_key from evidence e join evidence_version v on v.evidence_id = e.id
			where `+forgettable+` order by v.id limit $1`, sweepMany))
		if err != nil {
			return n, err
		}
		for _, v := range list {
			for _, name := range []string{v.BlobKey, v.PreviewKey} {
				if name == "" {
					continue
				}
				if err := s.Store.Delete(ctx, name); err != nil {
					return n, err
				}
			}
			err := s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
				return tx.WithContext(ctx).Exec(`update evidence_version set forgotten_at = ?, version = version + 1 where id = ? and forgotten_at is null`, s.Now(), v.ID).Error
			})
			if err != nil {
				return n, err
			}
			n++
		}
		if len(list) < sweepMany {
			return n, nil
		}
	}
}

// askAgain sees to it that a job stands behind every version that waits, and that files
// kept before there was a scanner are scanned once there is one.
func (s *Service) askAgain(ctx context.Context) (n int, err error) {
	var list []uuid.UUID
	err = s.DB.Batch(ctx, pg.System, pg.Value(&list, `select coalesce(array_agg(id), '{}') from (select id from evidence_version
		where forgotten_at is null and (scan = 'waiting' or $1 and scan = 'not_scanned' and scan_detail <> $2) order by uploaded_at limit 1000) x`, s.Scanner != nil, tooLarge))
	if err != nil || len(list) == 0 {
		return 0, err
	}
	err = s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		for _, id := range list {
			if err := tx.Enqueue(ctx, SettleArgs{Version: id}, settleOpts()); err != nil {
				return err
			}
		}
		return nil
	})
	return len(list), err
}

// Health is what an operator should know of the files.
type Health struct {
	Versions int       // whose content must be there
	Lost     int       // of them: it is not
	First    []string  // the first lost ones, in words
	Stray    int       // objects to which no version belongs
	Waiting  int       // for the scanner
	Since    time.Time // since when the first of them waits
}

// mostNamed is how many lost files are named.
const mostNamed = 5

// Examine compares the store with the database, object by object, in little memory.
func (s *Service) Examine(ctx context.Context) (h Health, err error) {
	type row struct {
		BlobKey  string
		Company  string
		Title    string
		FileName string
		Number   int
	}
	var rows []row
	after, done := "", false
	// next reads the versions and previews in the order of their names, which is the store's.
	next := func() (*row, error) {
		if len(rows) == 0 && !done {
			err := s.DB.Batch(ctx, pg.System, pg.All(&rows, `select x.* from (select v.blob_key collate "C" as blob_key, c.name as company, e.title, v.file_name, v.number
				from evidence_version v join evidence e on e.id = v.evidence_id join company c on c.id = v.company_id where v.forgotten_at is null
				union all select v.preview_key collate "C", c.name, e.title, 'preview of ' || v.file_name, v.number
				from evidence_version v join evidence e on e.id = v.evidence_id join company c on c.id = v.company_id where v.forgotten_at is null and v.preview_key <> ''
				union all select f.blob_key collate "C", c.name, f.caption, f.file_name, 1 from visit_file f join company c on c.id = f.company_id) x
				where x.blob_key > $1 order by x.blob_key limit 1000`, after))
			if err != nil {
				return nil, err
			}
			done = len(rows) < 1000
		}
		if len(rows) == 0 {
			return nil, nil
		}
		r := rows[0]
		rows, after = rows[1:], r.BlobKey
		h.Versions++
		return &r, nil
	}
	lost := func(r *row) {
		if h.Lost++; len(h.First) < mostNamed {
			h.First = append(h.First, fmt.Sprintf("%s: %s, version %d (%s)", r.Company, r.FileName, r.Number, r.BlobKey))
		}
	}
	r, err := next()
	if err != nil {
		return h, err
	}
	err = s.Store.Each(ctx, kept, func(e blob.Entry) error {
		for r != nil && r.BlobKey < e.Name {
			lost(r)
			if r, err = next(); err != nil {
				return err
			}
		}
		if r == nil || r.BlobKey != e.Name {
			h.Stray++
			return nil
		}
		r, err = next()
		return err
	})
	for ; r != nil && err == nil; r, err = next() {
		lost(r)
	}
	if err != nil {
		return h, err
	}
	var pending []string // uploads that are being put together are no strays
	var wait struct {
		N     int
		Since *time.Time
	}
	err = s.DB.Batch(ctx, pg.System, pg.Value(&pending, `select coalesce(array_agg(blob_key), '{}') from evidence_upload where blob_key <> ''`),
		pg.One(&wait, `select count(*)::int as n, min(uploaded_at) as since from evidence_version where scan = 'waiting'`))
	if err != nil {
		return h, err
	}
	for _, name := range pending {
		if there, err := s.Store.Has(ctx, name); err == nil && there {
			h.Stray--
		}
	}
	h.Stray = max(h.Stray, 0)
	h.Waiting = wait.N
	if wait.Since != nil {
		h.Since = *wait.Since
	}
	return h, nil
}
