package profile

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"trustedtrader/app/audit"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/document"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// ReceiptArgs is the job that makes the PDF of what was submitted.
type ReceiptArgs struct {
	CycleID uuid.UUID `json:"cycle_id"`
	Round   int       `json:"round"`
}

// Kind names the job in the queue.
func (ReceiptArgs) Kind() string { return "profile_receipt" }

// InsertOpts gives up after a day or so: it can be printed from its page.
func (ReceiptArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: document.PrintQueue, MaxAttempts: 12, Priority: 2} // after what a person asked for and waits for
}

// ReceiptWorker makes the PDF of a submission and keeps it as a document. Doing it twice
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
	Cycle Cycle
	Names
	Form       *catalogue.Form // under which it was filled in
	Firm       Firm
	Submission Submission
	Content    Content            // of the submission
	Document   *document.Document // the PDF, when it is there
	Clocks     []clock.View       // of the application or membership
}

// Receipt is the proof of the latest submission. Everybody who reads for the company may
// see it. NotFound: nothing was submitted yet.
func (s *Service) Receipt(ctx context.Context, by identity.Actor, id uuid.UUID) (r Receipt, err error) {
	err = s.DB.Read(ctx, by.Scope(), func(tx pg.Tx) error {
		r, err = s.receipt(ctx, tx, by, id, 0)
		return err
	})
	return r, err
}

// receipt reads the proof of one round; 0 is the latest.
func (s *Service) receipt(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID, round int) (r Receipt, err error) {
	if r.Cycle, r.Submission, err = submission(ctx, tx, by, id, round); err != nil {
		return r, err
	}
	if r.Names, err = s.names(r.Cycle); err != nil {
		return r, err
	}
	if r.Form, err = s.Form(r.Cycle); err != nil {
		return r, err
	}
	if r.Content, err = r.Submission.Read(); err != nil {
		return r, err
	}
	if r.Firm, err = firmOf(ctx, tx, r.Cycle); err != nil {
		return r, err
	}
	kind, subject := r.Cycle.Subject()
	if r.Clocks, err = s.Clocks.Of(ctx, tx, s.Now(), kind, subject); err != nil {
		return r, err
	}
	r.Document, err = document.Find(ctx, tx, r.Cycle.CompanyID, Kind, r.Cycle.ID, document.ReceiptKind(r.Submission.Round))
	return r, err
}

// submission reads what was submitted in a round; 0 is the latest.
func submission(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID, round int) (c Cycle, snap Submission, err error) {
	if c, err = Look(ctx, tx, by, id); err != nil {
		return c, snap, err
	}
	list, err := submissions(ctx, tx, c, round)
	if err != nil {
		return c, snap, err
	}
	if len(list) == 0 {
		return c, snap, fault.Missing()
	}
	return c, list[0], nil
}

// CopyJSON is the copy of what was submitted last, byte for byte as its hash was taken.
// Everybody who reads for the company may take it; that they did is an audit event.
func (s *Service) CopyJSON(ctx context.Context, by identity.Actor, id uuid.UUID) (snap Submission, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var c Cycle
		if c, snap, err = submission(ctx, tx, by, id, 0); err != nil {
			return err
		}
		return s.taken(ctx, tx, by, c, "copy", snap.Round, snap.SHA256)
	})
	return snap, err
}

// ReceiptPDF is the PDF of the latest submission, or nil while it is being made. The same
// persons may, and it is an audit event too.
func (s *Service) ReceiptPDF(ctx context.Context, by identity.Actor, id uuid.UUID) (d *document.Document, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, snap, err := submission(ctx, tx, by, id, 0)
		if err != nil {
			return err
		}
		if d, err = document.Find(ctx, tx, c.CompanyID, Kind, c.ID, document.ReceiptKind(snap.Round)); err != nil || d == nil {
			return err
		}
		return s.taken(ctx, tx, by, c, "receipt", snap.Round, d.SHA256)
	})
	return d, err
}

// taken records that a person took a file out of the portal.
func (s *Service) taken(ctx context.Context, tx pg.Tx, by identity.Actor, c Cycle, file string, round int, sha256 string) error {
	return audit.Record(ctx, tx, s.Now(), by, audit.Event{Action: "profile.download", Kind: Kind, Subject: c.ID, Company: c.CompanyID,
		After: map[string]any{"file": file, "round": round, "sha256": sha256}})
}

// MakeReceipt makes the PDF of one round unless it is there already. The system's job.
func (s *Service) MakeReceipt(ctx context.Context, args ReceiptArgs, page func(context.Context, Receipt) (string, error), print func(context.Context, string) ([]byte, error)) error {
	by := identity.ClockActor("profile.receipt")
	var r Receipt
	err := s.DB.Read(ctx, by.Scope(), func(tx pg.Tx) (err error) {
		r, err = s.receipt(ctx, tx, by, args.CycleID, args.Round)
		return err
	})
	if err != nil || r.Document != nil {
		return err
	}
	c := r.Cycle
	return document.Make(ctx, s.DB, s.Now, by, document.Order{
		Company: c.CompanyID, SubjectKind: Kind, Subject: c.ID, Kind: document.ReceiptKind(args.Round), Name: c.Reference + "-profile.pdf",
		Page: func(ctx context.Context) (string, error) { return page(ctx, r) }, Print: print,
		Action: "profile.make_receipt", After: map[string]any{"round": args.Round},
	})
}
