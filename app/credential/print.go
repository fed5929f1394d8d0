package credential

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
)

// aboutMembership names memberships among documents and in audit events.
const aboutMembership = "membership"

// PrintArgs is the job that makes the PDF of a certificate.
type PrintArgs struct {
	Membership uuid.UUID `json:"membership"`
	Credential uuid.UUID `json:"credential"` // its printed code: a new one means a new PDF
}

// Kind names the job in the queue.
func (PrintArgs) Kind() string { return "certificate_print" }

// InsertOpts gives up after a day or so: the certificate can be printed from its page. One job
// for each certificate is enough.
func (PrintArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: document.PrintQueue, MaxAttempts: 12, UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

// PrintWorker makes the PDF of a certificate and keeps it as a document. Doing it twice does no
// harm. Without Print it does nothing: the page then offers printing.
type PrintWorker struct {
	river.WorkerDefaults[PrintArgs]
	Service *Service
	Page    func(ctx context.Context, membership uuid.UUID, code Code) (string, error) // the certificate as HTML
	Print   func(ctx context.Context, html string) ([]byte, error)                     // HTML as PDF; nil: no renderer here
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

// pdfKind names the PDF of a certificate among documents.
func pdfKind(credential uuid.UUID) string { return "certificate_" + credential.String() }

type liveCode struct {
	ID, CompanyID uuid.UUID
	Number        string
	Code          Code `gorm:"embedded"`
}

// codeIn finds the printed code of an active membership that the transaction sees; false: it is
// still being made. Conflict: the membership is not active.
func codeIn(ctx context.Context, tx pg.Tx, membership uuid.UUID) (x liveCode, ok bool, err error) {
	var list []liveCode
	err = tx.WithContext(ctx).Raw(`select coalesce(c.id, '00000000-0000-0000-0000-000000000000') as id, m.company_id, m.number, coalesce(c.token, '') as token, c.issued_at, c.expires_at
		from membership m left join credential c on c.membership_id = m.id and c.kind = 'code' and c.replaced_at is null and c.token <> '' where m.id = ? and m.status = 'active'`, membership).Scan(&list).Error
	if err != nil {
		return x, false, fmt.Errorf("read the certificate: %w", err)
	}
	if len(list) == 0 {
		return x, false, fault.New(fault.Conflict, "This membership is not active, so it has no certificate")
	}
	return list[0], list[0].ID != uuid.Nil, nil
}

// seen lets those through who see a membership: its own people and case readers.
func seen(ctx context.Context, tx pg.Tx, by identity.Actor, membership uuid.UUID) error {
	own, err := by.Reads()
	if err != nil {
		return err
	}
	var yes bool
	if err := tx.WithContext(ctx).Raw(`select exists (select from membership where id = ? and (cast(? as uuid) is null or company_id = ?))`, membership, own, own).Scan(&yes).Error; err != nil {
		return fmt.Errorf("look for the membership: %w", err)
	}
	if !yes {
		return fault.Missing()
	}
	return nil
}

// PDF is the PDF of the certificate as it is now, or nil while it is not made: then it is
// ordered, once. The company's own people and case readers may; that it was taken is an audit
// event. Conflict: the membership is not active.
func (s *Service) PDF(ctx context.Context, by identity.Actor, membership uuid.UUID) (d *document.Document, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if err := seen(ctx, tx, by, membership); err != nil {
			return err
		}
		x, ok, err := codeIn(ctx, tx, membership)
		if err != nil || !ok {
			return err
		}
		if d, err = document.Find(ctx, tx, x.CompanyID, aboutMembership, membership, pdfKind(x.ID)); err != nil {
			return err
		}
		if d == nil {
			return tx.Enqueue(ctx, PrintArgs{Membership: membership, Credential: x.ID}, nil)
		}
		return audit.Record(ctx, tx, s.Now(), by, audit.Event{Action: "membership.download_certificate", Kind: aboutMembership, Subject: membership, Company: x.CompanyID, Internal: by.Audience == identity.Staff, After: map[string]any{"sha256": d.SHA256}})
	})
	return d, err
}

// MakePDF makes the PDF of a certificate unless it is there already, or the certificate is not
// the newest any more. The system's job.
func (s *Service) MakePDF(ctx context.Context, args PrintArgs, page func(context.Context, uuid.UUID, Code) (string, error), print func(context.Context, string) ([]byte, error)) error {
	by := identity.ClockActor("certificate.print")
	var x liveCode
	made := false
	err := s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) (err error) {
		ok := false
		if x, ok, err = codeIn(ctx, tx, args.Membership); err != nil || !ok {
			return err
		}
		d, err := document.Find(ctx, tx, x.CompanyID, aboutMembership, args.Membership, pdfKind(x.ID))
		made = d != nil
		return err
	})
	if fault.KindOf(err) == fault.Conflict || err == nil && (made || x.ID != args.Credential) {
		return nil // it was replaced, or the membership is not active any more
	}
	if err != nil {
		return err
	}
	return document.Make(ctx, s.DB, s.Now, by, document.Order{
		Company: x.CompanyID, SubjectKind: aboutMembership, Subject: args.Membership, Kind: pdfKind(x.ID), Name: x.Number + "-certificate.pdf",
		Page: func(ctx context.Context) (string, error) { return page(ctx, args.Membership, x.Code) }, Print: print,
		Action: "membership.make_certificate", After: map[string]any{"credential": x.ID},
	})
}
