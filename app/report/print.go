package report

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"trustedtrader/app/audit"
	"trustedtrader/app/document"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/validation"
)

// PrintArgs is the job that makes the PDF of an issued report.
type PrintArgs struct {
	Validation uuid.UUID `json:"validation"`
	Number     int       `json:"number"` // of the edition
}

// Kind names the job in the queue.
func (PrintArgs) Kind() string { return "report_print" }

// InsertOpts gives up after a day or so: the report can be printed from its page.
func (PrintArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: document.PrintQueue, MaxAttempts: 12}
}

// PrintWorker makes the PDF of an issued report and keeps it as a document. Doing it twice
// does no harm. Without Print it does nothing: the page then offers printing.
type PrintWorker struct {
	river.WorkerDefaults[PrintArgs]
	Service *Service
	Page    func(context.Context, Copy) (string, error)            // the report as HTML
	Print   func(ctx context.Context, html string) ([]byte, error) // HTML as PDF; nil: no renderer here
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

// Copy is one edition of a report with what its document says around it.
type Copy struct {
	Edition   Edition
	Content   Content
	Office    string
	Zone      *time.Location
	Programme *programme.Programme
	Entity    programme.EntityType
}

// documentKind names the PDF of an edition among documents.
func documentKind(number int) string { return fmt.Sprintf("report_%d", number) }

type copyRow struct {
	Edition
	Office, Zone string
}

const copySQL = `select e.id, e.validation_id, e.company_id, e.number, e.step, e.body, e.sha256, e.made_at, e.author, e.person_id, e.shared, o.name as office, o.zone
	from report_version e join validation v on v.id = e.validation_id join office o on o.id = v.office_id
	where e.validation_id = $1 and ($2 = 0 and e.shared or e.number = $2) and ($3::uuid is null or e.company_id = $3 and e.shared) order by e.number desc limit 1`

func (s *Service) copy(row copyRow) (c Copy, err error) {
	c = Copy{Edition: row.Edition, Office: row.Office}
	if c.Content, err = row.Edition.Read(); err != nil {
		return c, err
	}
	var ok bool
	if c.Programme, ok = s.Findings.Programmes.Get(c.Content.Programme); !ok {
		return c, fmt.Errorf("report of %s: the portal has no programme %q", c.Content.Reference, c.Content.Programme)
	}
	c.Entity, _ = c.Programme.EntityType(c.Content.EntityType)
	if c.Zone, err = time.LoadLocation(row.Zone); err != nil {
		c.Zone = time.UTC // the administration's pages refuse unknown zones, so this is a damaged row
	}
	return c, nil
}

// Edition reads what a report said at a step; 0 is the latest that the company may read. The
// agency's case readers may, for whom it notes the look, and the company's own people what
// was shared.
func (s *Service) Edition(ctx context.Context, by identity.Actor, id uuid.UUID, number int) (Copy, error) {
	own, err := by.Reads()
	if err != nil {
		return Copy{}, err
	}
	var row copyRow
	statements := []pg.Query{pg.One(&row, copySQL, id, number, own)}
	if own == nil {
		statements = append(statements, audit.LookAt(s.Now(), by, "report.read", validation.Kind, "validation x where x.id = $10", id))
	}
	if err := s.DB.Batch(ctx, by.Scope(), statements...); err != nil {
		return Copy{}, fmt.Errorf("read the report: %w", err)
	}
	return s.copy(row)
}

// PDF is the PDF of the issued report, or nil while it is being made. The same persons may
// as for Edition; that it was taken is an audit event.
func (s *Service) PDF(ctx context.Context, by identity.Actor, id uuid.UUID) (d *document.Document, err error) {
	own, err := by.Reads()
	if err != nil {
		return nil, err
	}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		v, err := validation.Lock(ctx, tx, by, id, 0)
		if err != nil {
			return err
		}
		list, err := scan[int](ctx, tx, `select number from report_version where validation_id = ? and step = 'issued' order by number desc limit 1`, v.ID)
		if err != nil {
			return fmt.Errorf("look for the report: %w", err)
		}
		if len(list) == 0 {
			return fault.Missing()
		}
		if d, err = document.Find(ctx, tx, v.CompanyID, validation.Kind, v.ID, documentKind(list[0])); err != nil || d == nil {
			return err
		}
		return record(ctx, tx, s.Now(), by, v, audit.Event{Action: "report.download", After: map[string]any{"sha256": d.SHA256}, Internal: own == nil})
	})
	return d, err
}

// MakePDF makes the PDF of an edition unless it is there already. The system's job.
func (s *Service) MakePDF(ctx context.Context, args PrintArgs, page func(context.Context, Copy) (string, error), print func(context.Context, string) ([]byte, error)) error {
	by := identity.ClockActor("report.print")
	var row copyRow
	var there []struct{ Name string }
	err := s.DB.Batch(ctx, by.Scope(), pg.One(&row, copySQL, args.Validation, args.Number, nil),
		pg.All(&there, `select name from document where subject_kind = $1 and subject_id = $2 and kind = $3`, validation.Kind, args.Validation, documentKind(args.Number)))
	if err != nil || len(there) > 0 {
		return err
	}
	c, err := s.copy(row)
	if err != nil {
		return err
	}
	return document.Make(ctx, s.DB, s.Now, by, document.Order{
		Company: c.Edition.CompanyID, SubjectKind: validation.Kind, Subject: args.Validation, Kind: documentKind(args.Number), Name: c.Content.Reference + "-report.pdf",
		Page: func(ctx context.Context) (string, error) { return page(ctx, c) }, Print: print,
		Action: "report.make_pdf", After: map[string]any{"number": args.Number},
	})
}
