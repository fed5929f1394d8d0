package application

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/document"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// ReceiptArgs is the job that makes the PDF of a receipt.
type ReceiptArgs struct {
	ApplicationID uuid.UUID `json:"application_id"`
	Round         int       `json:"round"`
}

// Kind names the job in the queue.
func (ReceiptArgs) Kind() string { return "application_receipt" }

// InsertOpts gives up after a day or so: the receipt can be printed from its page.
func (ReceiptArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: document.PrintQueue, MaxAttempts: 12, Priority: 2} // after what a person asked for and waits for
}

// ReceiptWorker makes the PDF of a receipt and keeps it as a document. Doing it twice
// does no harm. Without Print it does nothing: the page then offers printing.
type ReceiptWorker struct {
	river.WorkerDefaults[ReceiptArgs]
	Service *Service
	Page    func(context.Context, Receipt) (string, error)         // the receipt as HTML
	Print   func(ctx context.Context, html string) ([]byte, error) // HTML as PDF; nil: no renderer here
}

// Timeout is generous, for a browser may have to start first.
func (*ReceiptWorker) Timeout(*river.Job[ReceiptArgs]) time.Duration { return 2 * time.Minute }

// Work makes one PDF.
func (w *ReceiptWorker) Work(ctx context.Context, job *river.Job[ReceiptArgs]) error {
	if w.Print == nil {
		return nil
	}
	return w.Service.MakeReceipt(ctx, job.Args, w.Page, w.Print)
}

// Receipt is the proof of a submission.
type Receipt struct {
	File     File
	Snapshot Snapshot
	Clocks   []clock.View // running and past ones of the application
	Document *Document    // the PDF, when it is there
	Zone     *time.Location
}

// Document is a document that the portal made.
type Document = document.Document

// Receipt is the proof of the latest submission. Everybody who reads for the company
// may see it. NotFound: nothing was submitted yet.
func (s *Service) Receipt(ctx context.Context, by identity.Actor, id uuid.UUID) (r Receipt, err error) {
	err = s.DB.Read(ctx, by.Scope(), func(tx pg.Tx) error {
		r, err = s.receipt(ctx, tx, by, id, 0)
		return err
	})
	return r, err
}

// receipt reads the proof of one round; 0 is the latest.
func (s *Service) receipt(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID, round int) (r Receipt, err error) {
	a, err := Look(ctx, tx, by, id)
	if err != nil {
		return r, err
	}
	list, err := snapshots(ctx, tx, a)
	if err != nil {
		return r, err
	}
	for _, snap := range list {
		if round == 0 || snap.Round == round {
			r.Snapshot = snap
			break
		}
	}
	if r.Snapshot.ID == uuid.Nil {
		return r, fault.Missing()
	}
	now := s.Now()
	if r.File, err = s.load(ctx, tx, now, a); err != nil {
		return r, err
	}
	r.Zone = r.File.Dossier.Office.Location()
	if r.Clocks, err = s.Clocks.Of(ctx, tx, now, Kind, a.ID); err != nil {
		return r, err
	}
	r.Document, err = document.Find(ctx, tx, a.CompanyID, Kind, a.ID, document.ReceiptKind(r.Snapshot.Round))
	return r, err
}

// SnapshotJSON is the copy of what was submitted, byte for byte as its hash was taken.
// Everybody who reads for the company may take it; that they did is an audit event.
func (s *Service) SnapshotJSON(ctx context.Context, by identity.Actor, id uuid.UUID) (snap Snapshot, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var a Application
		if a, snap, err = latest(ctx, tx, by, id); err != nil {
			return err
		}
		return s.taken(ctx, tx, by, a, "copy", snap.Round, snap.SHA256)
	})
	return snap, err
}

// ReceiptPDF is the receipt of the latest submission as a file, or nil while it is
// being made. The same persons may, and it is an audit event too.
func (s *Service) ReceiptPDF(ctx context.Context, by identity.Actor, id uuid.UUID) (d *Document, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, snap, err := latest(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if d, err = document.Find(ctx, tx, a.CompanyID, Kind, a.ID, document.ReceiptKind(snap.Round)); err != nil || d == nil {
			return err
		}
		return s.taken(ctx, tx, by, a, "receipt", snap.Round, d.SHA256)
	})
	return d, err
}

// latest reads what was submitted last.
func latest(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (a Application, snap Snapshot, err error) {
	if a, err = Look(ctx, tx, by, id); err != nil {
		return a, snap, err
	}
	list, err := snapshots(ctx, tx, a)
	if err != nil {
		return a, snap, err
	}
	if len(list) == 0 {
		return a, snap, fault.Missing()
	}
	return a, list[0], nil
}

// taken records that a person took a file out of the portal.
func (s *Service) taken(ctx context.Context, tx pg.Tx, by identity.Actor, a Application, file string, round int, sha256 string) error {
	return audit.Record(ctx, tx, s.Now(), by, audit.Event{Action: "application.download", Kind: Kind, Subject: a.ID, Company: a.CompanyID,
		After: map[string]any{"file": file, "round": round, "sha256": sha256}})
}

// MakeReceipt makes the PDF of one round unless it is there already. The system's job.
func (s *Service) MakeReceipt(ctx context.Context, args ReceiptArgs, page func(context.Context, Receipt) (string, error), print func(context.Context, string) ([]byte, error)) error {
	by := identity.ClockActor("application.receipt")
	var r Receipt
	err := s.DB.Read(ctx, by.Scope(), func(tx pg.Tx) (err error) {
		r, err = s.receipt(ctx, tx, by, args.ApplicationID, args.Round)
		return err
	})
	if err != nil || r.Document != nil {
		return err
	}
	a := r.File.Application
	return document.Make(ctx, s.DB, s.Now, by, document.Order{
		Company: a.CompanyID, SubjectKind: Kind, Subject: a.ID, Kind: document.ReceiptKind(args.Round), Name: a.Reference + "-receipt.pdf",
		Page: func(ctx context.Context) (string, error) { return page(ctx, r) }, Print: print,
		Action: "application.make_receipt", After: map[string]any{"round": args.Round},
	})
}
