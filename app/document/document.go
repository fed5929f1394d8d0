// Package document keeps documents that the portal itself made, such as a receipt as PDF.
// A document is made once, by a job, and never changes.
package document

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/audit"
	"trustedtrader/app/canon"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Document is a document that the portal made.
type Document struct {
	ID          uuid.UUID `gorm:"primaryKey"`
	CompanyID   uuid.UUID
	SubjectKind string
	SubjectID   uuid.UUID
	Kind        string
	Name        string
	ContentType string
	SHA256      string `gorm:"column:sha256"`
	Body        []byte
	CreatedAt   time.Time
}

// PrintQueue is the queue of everything that is printed: a browser takes seconds for a page,
// and must not hold up the clocks, nor what partners have to be told within a minute.
const PrintQueue = "print"

// ReceiptKind names the receipt of one round of a submission.
func ReceiptKind(round int) string { return fmt.Sprintf("receipt_%d", round) }

// Find reads one document of a company's record; nil when it is not made yet.
func Find(ctx context.Context, tx pg.Tx, company uuid.UUID, subjectKind string, subject uuid.UUID, kind string) (*Document, error) {
	list, err := gorm.G[Document](tx.DB).Where("subject_kind = ? and subject_id = ? and company_id = ? and kind = ?", subjectKind, subject, company, kind).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("load a document: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return &list[0], nil
}

// Order says which PDF is to be made of what.
type Order struct {
	Company     uuid.UUID
	SubjectKind string
	Subject     uuid.UUID
	Kind, Name  string
	Page        func(context.Context) (string, error)                  // it as HTML
	Print       func(ctx context.Context, html string) ([]byte, error) // HTML as PDF
	Action      string                                                 // the audit event
	After       map[string]any                                         // what the event says besides the hash
}

// Make makes a PDF and keeps it with its audit event. One that another worker made
// meanwhile stays. The portal's own job.
func Make(ctx context.Context, db *pg.DB, now func() time.Time, by identity.Actor, in Order) error {
	html, err := in.Page(ctx)
	if err != nil {
		return fmt.Errorf("write %s: %w", in.Name, err)
	}
	pdf, err := in.Print(ctx, html) // outside of a transaction, for a browser takes its time
	if err != nil {
		return fmt.Errorf("print %s: %w", in.Name, err)
	}
	at, sum := now(), canon.Hash(pdf)
	return db.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		kept, err := keep(ctx, tx, Document{
			ID: pg.NewID(), CompanyID: in.Company, SubjectKind: in.SubjectKind, SubjectID: in.Subject, Kind: in.Kind,
			Name: in.Name, ContentType: "application/pdf", SHA256: sum, Body: pdf, CreatedAt: at,
		})
		if err != nil || !kept {
			return err
		}
		after := map[string]any{"sha256": sum}
		for k, v := range in.After {
			after[k] = v
		}
		return audit.Record(ctx, tx, at, by, audit.Event{Action: in.Action, Kind: in.SubjectKind, Subject: in.Subject, Company: in.Company, After: after})
	})
}

// keep adds a document; one that another worker made meanwhile stays.
func keep(ctx context.Context, tx pg.Tx, d Document) (kept bool, err error) {
	r := tx.WithContext(ctx).Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "subject_kind"}, {Name: "subject_id"}, {Name: "kind"}}, DoNothing: true,
	}).Create(&d)
	if r.Error != nil {
		return false, fmt.Errorf("keep a document: %w", r.Error)
	}
	return r.RowsAffected == 1, nil
}
