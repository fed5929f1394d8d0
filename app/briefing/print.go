package briefing

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"trustedtrader/app/document"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// pdf is the PDF of a report among documents.
const pdf = "briefing"

// PrintArgs is the job that makes the PDF of a kept report.
type PrintArgs struct {
	Briefing uuid.UUID `json:"briefing"`
}

// Kind names the job in the queue.
func (PrintArgs) Kind() string { return "briefing_print" }

// InsertOpts gives up after a day or so: the report can be printed from its page.
func (PrintArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: document.PrintQueue, MaxAttempts: 12}
}

// PrintWorker makes the PDF of a kept report and keeps it as a document. Doing it twice does no
// harm. Without Print it does nothing: the page then offers printing.
type PrintWorker struct {
	river.WorkerDefaults[PrintArgs]
	Service *Service
	Page    func(context.Context, Briefing, *time.Location) (string, error) // the report as HTML
	Print   func(ctx context.Context, html string) ([]byte, error)          // HTML as PDF; nil: no renderer here
}

// Timeout is generous, for a browser may have to start first.
func (*PrintWorker) Timeout(*river.Job[PrintArgs]) time.Duration { return 2 * time.Minute }

// Work makes one PDF.
func (w *PrintWorker) Work(ctx context.Context, job *river.Job[PrintArgs]) error {
	if w.Print == nil {
		return nil
	}
	return w.Service.MakePDF(ctx, job.Args, w.Page, w.Print)
}

// MakePDF makes the PDF of a report unless it is there already. The system's job.
func (s *Service) MakePDF(ctx context.Context, args PrintArgs, page func(context.Context, Briefing, *time.Location) (string, error), print func(context.Context, string) ([]byte, error)) error {
	by := identity.ClockActor("briefing.print")
	var b Briefing
	var office string
	var there bool
	err := s.DB.Batch(ctx, by.Scope(), pg.One(&b, oneSQL, args.Briefing),
		pg.Value(&office, `select o.zone from briefing b join company c on c.id = b.company_id join office o on o.id = c.office_id where b.id = $1`, args.Briefing),
		pg.Value(&there, `select exists (select from document where subject_kind = 'briefing' and subject_id = $1 and kind = $2)`, args.Briefing, pdf))
	if fault.KindOf(err) == fault.NotFound {
		return nil // the company and all that it had was removed
	}
	if err != nil {
		return fmt.Errorf("read a report to print: %w", err)
	}
	if there {
		return nil
	}
	zone, err := time.LoadLocation(office)
	if err != nil {
		zone = time.UTC // the administration's pages refuse unknown zones, so this is a damaged row
	}
	return document.Make(ctx, s.DB, s.Now, by, document.Order{
		Company: b.CompanyID, SubjectKind: Kind, Subject: b.ID, Kind: pdf, Name: b.Name(),
		Page: func(ctx context.Context) (string, error) { return page(ctx, b, zone) }, Print: print, Action: "briefing.make_pdf",
	})
}
