package fieldwork

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/evidence"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/review"
	"trustedtrader/app/validation"
)

// FileEntry is a file with what is said of it.
type FileEntry struct {
	FileName  string
	Declared  string // the media type that the browser names; it may be empty
	Criterion string // empty: of none
	Caption   string
}

// AddFile adds a photo or paper to a visit, on site or later: it is looked into, scanned and
// sealed with the company's key. Case workers of the office in charge may. Invalid, about the
// field "file": it is refused, and gone.
func (s *Service) AddFile(ctx context.Context, by identity.Actor, visit uuid.UUID, in FileEntry, content io.Reader) (f File, err error) {
	var c entry.Check
	caption := c.Line("caption", "the caption", in.Caption, 0, 500)
	if err := c.Err(); err != nil {
		return f, err
	}
	// Who may is decided before the content is read, and again when it is kept.
	var company uuid.UUID
	err = s.onVisit(ctx, by, visit, func(_ pg.Tx, _ time.Time, x validation.Visit, _ validation.Validation) error {
		company = x.CompanyID
		return nil
	})
	if err != nil {
		return f, err
	}
	h, err := s.Evidence.Hold(ctx, by, company, evidence.Incoming{FileName: in.FileName, Declared: in.Declared}, content)
	if err != nil {
		return f, err
	}
	err = s.onVisit(ctx, by, visit, func(tx pg.Tx, now time.Time, x validation.Visit, v validation.Validation) error {
		var n int64
		if err := tx.WithContext(ctx).Model(&File{}).Where("visit_id = ? and removed_at is null", x.ID).Count(&n).Error; err != nil {
			return fmt.Errorf("count the files: %w", err)
		}
		if n >= mostFiles {
			return fault.Fail([]fault.Field{fault.F("file", "A visit can have up to %d files", mostFiles)})
		}
		f = File{ID: pg.NewID(), VisitID: x.ID, CompanyID: x.CompanyID, Criterion: entry.Head(clean(in.Criterion), 60), Caption: caption, FileName: h.FileName, MediaType: h.MediaType,
			Size: h.Size, SHA256: h.SHA256, BlobKey: h.BlobKey, Scan: h.Scan, ScanDetail: h.ScanDetail, AddedAt: now, AddedBy: &by.PersonID, Author: by.Name, Version: 1}
		if err := tx.WithContext(ctx).Create(&f).Error; err != nil {
			return fmt.Errorf("keep the file: %w", err)
		}
		return note(ctx, tx, now, by, x, audit.Event{Action: "fieldwork.add_file", After: map[string]any{"file": f.FileName, "size": f.Size, "sha256": f.SHA256, "criterion": f.Criterion, "scan": f.Scan}})
	})
	if err != nil {
		return f, errors.Join(err, s.Evidence.Drop(ctx, h))
	}
	return f, nil
}

func lockFile(ctx context.Context, tx pg.Tx, visit, id uuid.UUID) (f File, err error) {
	err = tx.WithContext(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ? and visit_id = ? and removed_at is null", id, visit).First(&f).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return f, fault.Missing()
	}
	if err != nil {
		return f, fmt.Errorf("open the file: %w", err)
	}
	return f, nil
}

// RemoveFile takes a file off a visit, unless a finding shows it. The person who added it
// may, and supervisors and headquarters of the office tree. What it was stays on record.
func (s *Service) RemoveFile(ctx context.Context, by identity.Actor, visit, file uuid.UUID, version int) error {
	return s.onVisit(ctx, by, visit, func(tx pg.Tx, now time.Time, x validation.Visit, _ validation.Validation) error {
		f, err := lockFile(ctx, tx, x.ID, file)
		if err != nil {
			return err
		}
		if (f.AddedBy == nil || *f.AddedBy != by.PersonID) && !by.Is(identity.Approvers...) {
			return fault.New(fault.Forbidden, "Only the person who added this file or a supervisor can take it off")
		}
		if f.Version != version {
			return fault.Moved()
		}
		var shown bool
		if err := tx.WithContext(ctx).Raw(`select exists (select from finding_file where file_id = ?)`, f.ID).Scan(&shown).Error; err != nil {
			return fmt.Errorf("look for findings: %w", err)
		}
		if shown {
			return fault.New(fault.Conflict, "A finding shows this file, so it stays")
		}
		f.RemovedAt = &now
		if err := pg.Update(ctx, tx, &f, f.ID, &f.Version, "removed_at"); err != nil {
			return fmt.Errorf("take the file off: %w", err)
		}
		return note(ctx, tx, now, by, x, audit.Event{Action: "fieldwork.remove_file", Before: map[string]any{"file": f.FileName, "sha256": f.SHA256}})
	})
}

// OpenFile opens a file of a visit. The agency's case readers may; that they did is an audit
// event.
func (s *Service) OpenFile(ctx context.Context, by identity.Actor, visit, file uuid.UUID) (o evidence.Opening, err error) {
	if err := reads(by); err != nil {
		return o, err
	}
	var f File
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) (err error) {
		if f, err = lockFile(ctx, tx, visit, file); err != nil {
			return err
		}
		return note(ctx, tx, s.Now(), by, validation.Visit{ID: f.VisitID, CompanyID: f.CompanyID}, audit.Event{Action: "fieldwork.download", After: map[string]any{"file": f.FileName, "sha256": f.SHA256}})
	})
	if err != nil {
		return o, err
	}
	return s.Evidence.OpenHeld(ctx, by, f.CompanyID, evidence.Held{FileName: f.FileName, MediaType: f.MediaType, Size: f.Size, SHA256: f.SHA256, BlobKey: f.BlobKey, Scan: f.Scan, ScanDetail: f.ScanDetail})
}

// Activities lists what time on a validation is spent on.
func Activities() []string { return []string{"validation", "revalidation", "other"} }

// LogHours records the person's own time on the validation of a visit (6 U.S.C. 971), with
// the rules of a case's hours. Case workers of the office in charge may, also when it is over.
func (s *Service) LogHours(ctx context.Context, by identity.Actor, visit uuid.UUID, in review.HoursEntry) error {
	return s.hours(ctx, by, visit, func(tx pg.Tx, now time.Time, of review.Worked) error { return review.Log(ctx, tx, now, by, of, in) })
}

// RemoveHours takes an entry back. The person who made it may, and supervisors and
// headquarters.
func (s *Service) RemoveHours(ctx context.Context, by identity.Actor, visit, id uuid.UUID, version int) error {
	return s.hours(ctx, by, visit, func(tx pg.Tx, now time.Time, of review.Worked) error {
		return review.TakeBack(ctx, tx, now, by, of, id, version)
	})
}

func (s *Service) hours(ctx context.Context, by identity.Actor, visit uuid.UUID, do func(tx pg.Tx, now time.Time, of review.Worked) error) error {
	if err := reads(by); err != nil {
		return err
	}
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		_, v, err := validation.LockVisit(ctx, tx, by, visit, 0)
		switch {
		case err != nil:
			return err
		case !by.Is(identity.CaseWorkers...):
			return fault.New(fault.Forbidden, "You can read validations. Only the office in charge can change them")
		case !by.InOffice(v.OfficeID):
			return fault.New(fault.Forbidden, "Another office is in charge of this validation")
		}
		return do(tx, s.Now(), review.Worked{Validation: &v.ID, Company: v.CompanyID, Office: v.OfficeID, Activities: Activities()})
	})
}
