package finding

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/audit"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/validation"
)

func add[T any](ctx context.Context, tx pg.Tx, row *T) error {
	return tx.WithContext(ctx).Create(row).Error
}

func scan[T any](ctx context.Context, tx pg.Tx, sql string, args ...any) (rows []T, err error) {
	err = tx.WithContext(ctx).Raw(sql, args...).Scan(&rows).Error
	return rows, err
}

// number is the next running number of findings; one that is drawn in vain is lost.
func number(ctx context.Context, tx pg.Tx) (n int64, err error) {
	err = tx.WithContext(ctx).Raw("select nextval('finding_number')").Scan(&n).Error
	return n, err
}

// lock locks a finding after its validation, as everybody does. What the actor cannot see
// is not there.
func lock(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (Finding, validation.Validation, error) {
	own, err := by.Reads()
	if err != nil {
		return Finding{}, validation.Validation{}, err
	}
	of, err := scan[uuid.UUID](ctx, tx, `select validation_id from finding where id = ?`, id)
	if err != nil {
		return Finding{}, validation.Validation{}, fmt.Errorf("open the finding: %w", err)
	}
	if len(of) == 0 {
		return Finding{}, validation.Validation{}, fault.Missing()
	}
	v, err := validation.Lock(ctx, tx, by, of[0], 0)
	if err != nil {
		return Finding{}, v, err
	}
	var f Finding
	err = tx.WithContext(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).First(&f).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return f, v, fault.Missing()
	case err != nil:
		return f, v, fmt.Errorf("open the finding: %w", err)
	case own != nil && (f.CompanyID != *own || f.SentAt == nil):
		return Finding{}, v, fault.Missing()
	}
	return f, v, nil
}

// ofValidation locks the findings of a validation in a fixed order.
func ofValidation(ctx context.Context, tx pg.Tx, id uuid.UUID) (list []Finding, err error) {
	err = tx.WithContext(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Where("validation_id = ?", id).Order("reference").Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("read the findings: %w", err)
	}
	return list, nil
}

type visitRow struct {
	ID     uuid.UUID
	SiteID *uuid.UUID
}

// visitOf finds a visit of a validation. Nil: there is none of that id.
func visitOf(ctx context.Context, tx pg.Tx, validation, id uuid.UUID) (*visitRow, error) {
	list, err := scan[visitRow](ctx, tx, `select id, site_id from visit where id = ? and validation_id = ? and status <> 'cancelled'`, id, validation)
	if err != nil {
		return nil, fmt.Errorf("look for the visit: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return &list[0], nil
}

// filesOf keeps of the ids those of files of a validation that can be shown.
func filesOf(ctx context.Context, tx pg.Tx, validation uuid.UUID, ids []uuid.UUID) ([]uuid.UUID, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := scan[uuid.UUID](ctx, tx, `select f.id from visit_file f join visit x on x.id = f.visit_id
		where f.id in ? and x.validation_id = ? and f.removed_at is null and f.scan <> 'quarantined' order by f.id`, ids, validation)
	if err != nil {
		return nil, fmt.Errorf("look for the files: %w", err)
	}
	return list, nil
}

// show replaces the files that a finding shows.
func show(ctx context.Context, tx pg.Tx, f Finding, files []uuid.UUID) error {
	if err := tx.WithContext(ctx).Exec(`delete from finding_file where finding_id = ?`, f.ID).Error; err != nil {
		return fmt.Errorf("show the files: %w", err)
	}
	for _, id := range files {
		if err := tx.WithContext(ctx).Exec(`insert into finding_file (finding_id, file_id, company_id) values (?, ?, ?)`, f.ID, id, f.CompanyID).Error; err != nil {
			return fmt.Errorf("show a file: %w", err)
		}
	}
	return nil
}

type proofRow struct {
	EntryID    uuid.UUID
	FindingID  uuid.UUID
	CompanyID  uuid.UUID
	EvidenceID uuid.UUID
	VersionID  *uuid.UUID
}

func (proofRow) TableName() string { return "finding_proof" }

// pin makes proofs of items of the company's library, each in its newest version; those
// that are not there or were removed are left out.
func pin(ctx context.Context, tx pg.Tx, f Finding, entry uuid.UUID, ids []uuid.UUID) (list []proofRow, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, err = scan[proofRow](ctx, tx, `select e.id as evidence_id, (select v.id from evidence_version v where v.evidence_id = e.id order by v.number desc limit 1) as version_id
		from evidence e where e.id in ? and e.company_id = ? and e.removed_at is null order by e.id for share of e`, ids, f.CompanyID)
	if err != nil {
		return nil, fmt.Errorf("look for the proof: %w", err)
	}
	for i := range list {
		list[i].EntryID, list[i].FindingID, list[i].CompanyID = entry, f.ID, f.CompanyID
	}
	return list, nil
}

// write adds an entry to the history of a finding.
func write(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, f Finding, what, body string) (uuid.UUID, error) {
	e := entryRow{ID: pg.NewID(), FindingID: f.ID, CompanyID: f.CompanyID, What: what, ByCompany: by.Audience == identity.Companies, Body: body, Author: by.Name, At: now}
	if by.Known() {
		e.PersonID = &by.PersonID
	}
	if err := add(ctx, tx, &e); err != nil {
		return e.ID, fmt.Errorf("write down what was done: %w", err)
	}
	return e.ID, nil
}

// exported records that a person took the statistics out of the portal.
func exported(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, q Question) error {
	return audit.Record(ctx, tx, now, by, audit.Event{Action: "finding.export", Kind: Kind, Internal: true,
		After: map[string]any{"by": q.By, "programme": q.Programme, "year": q.Year}})
}
