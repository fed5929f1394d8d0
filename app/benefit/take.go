package benefit

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// TakeEntry says how a file is taken over.
type TakeEntry struct {
	Version int
	Replace bool      // the events of a period that are there already
	From    clock.Day // of it
	To      clock.Day // the last day
}

// Args is the job that works on an import.
type Args struct {
	Import uuid.UUID `json:"import"`
}

// Kind names the job in the queue.
func (Args) Kind() string { return "benefit_import" }

// Queue is where imports wait: one at a time in each portal, for each may take a core.
const Queue = "imports"

// jobTries is how often an import is begun again by itself, before a person says so.
const jobTries = 5

func jobOpts() *river.InsertOpts { return &river.InsertOpts{Queue: Queue, MaxAttempts: jobTries} }

// TakeOver has the events of a file taken over by a job. Editors may. Invalid: the period.
// Conflict: its columns are not mapped, or it moved on.
func (s *Service) TakeOver(ctx context.Context, by identity.Actor, id uuid.UUID, in TakeEntry) error {
	p, err := s.Plan(ctx, by, id)
	if err != nil {
		return err
	}
	var c entry.Check
	var from, to *clock.Day
	if in.Replace {
		from, to = &in.From, &in.To
		if in.From.IsZero() {
			c.Add("from", "Enter the first day of the period that the file replaces")
		}
		switch {
		case in.To.IsZero():
			c.Add("to", "Enter the last day of the period that the file replaces")
		case in.To.Before(in.From):
			c.Add("to", "The last day lies before the first")
		}
	}
	if err := c.Err(); err != nil {
		return err
	}
	if !p.Import.Mapped {
		return fault.New(fault.Conflict, "Say first what the columns are")
	}
	after := map[string]any{"file": p.Import.FileName, "report": p.Import.Layout}
	if in.Replace {
		after["from"], after["to"] = in.From, in.To
	}
	return s.move(ctx, by, id, "benefit_import.take_over", after, `update benefit_import set status = 'waiting', replaces_from = ?, replaces_to = ?, version = version + 1
		where id = ? and company_id = ? and version = ? and status = 'draft' and mapped`, from, to, id, by.CompanyID, in.Version)
}

// Retry goes on with an import that stopped. Editors may.
func (s *Service) Retry(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	if err := s.own(ctx, by, id); err != nil {
		return err
	}
	return s.move(ctx, by, id, "benefit_import.retry", nil, `update benefit_import set status = case when finished_at is null then 'waiting' else 'undoing' end, failure = '', failure_args = '[]', version = version + 1
		where id = ? and company_id = ? and version = ? and status = 'stopped'`, id, by.CompanyID, version)
}

// Undo takes an import back by a job: its events go, and those that it replaced count again.
// Editors may.
func (s *Service) Undo(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	if err := s.own(ctx, by, id); err != nil {
		return err
	}
	return s.move(ctx, by, id, "benefit_import.undo", nil, `update benefit_import set status = 'undoing', version = version + 1
		where id = ? and company_id = ? and version = ? and status = 'taken'`, id, by.CompanyID, version)
}

// own refuses who may not change an import of the company, or one that is not its own.
func (s *Service) own(ctx context.Context, by identity.Actor, id uuid.UUID) error {
	if err := mayEdit(by); err != nil {
		return err
	}
	_, _, err := s.Import(ctx, by, id)
	return err
}

// move changes the status of an import and asks for the job.
func (s *Service) move(ctx context.Context, by identity.Actor, id uuid.UUID, action string, after any, sql string, args ...any) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		r := tx.WithContext(ctx).Exec(sql, args...)
		if r.Error != nil {
			return fmt.Errorf("move the import on: %w", r.Error)
		}
		if r.RowsAffected == 0 {
			return fault.Moved()
		}
		if err := tx.Enqueue(ctx, Args{id}, jobOpts()); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.Now(), by, audit.Event{Action: action, Kind: ImportKind, Subject: id, Company: by.CompanyID, After: after})
	})
}
