package evidence

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// cycle is the part of a profile that evidence needs.
type cycle struct {
	ID         uuid.UUID
	Status     string
	Programme  string
	Edition    string
	EntityType string
}

// uploadRow is a file on its way in.
type uploadRow struct {
	ID         uuid.UUID `gorm:"primaryKey"`
	CompanyID  uuid.UUID
	PersonID   uuid.UUID
	FileName   string
	Declared   string
	Size       int64
	Received   int64
	EvidenceID *uuid.UUID
	BlobKey    string
	StartedAt  time.Time
	SeenAt     time.Time
	Version    int
}

func (uploadRow) TableName() string { return "evidence_upload" }

// part is a piece of a file on its way in.
type part struct {
	UploadID  uuid.UUID `gorm:"primaryKey"`
	CompanyID uuid.UUID
	Start     int64 `gorm:"primaryKey;autoIncrement:false"`
	Size      int64
	BlobKey   string
}

func (part) TableName() string { return "evidence_part" }

func first[T any](ctx context.Context, tx pg.Tx, lock, where string, args ...any) (row T, err error) {
	q := tx.WithContext(ctx)
	if lock != "" {
		q = q.Clauses(clause.Locking{Strength: lock})
	}
	err = q.Where(where, args...).First(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return row, fault.Missing()
	}
	return row, err
}

func insertKey(ctx context.Context, tx pg.Tx, company uuid.UUID, wrapped []byte, now time.Time) error {
	return tx.WithContext(ctx).Exec(`insert into company_key (company_id, wrapped, made_at) values (?, ?, ?) on conflict do nothing`, company, wrapped, now).Error
}

// lockEvidence opens an item of the actor's company for a change. A profile may be
// submitted with it meanwhile.
func lockEvidence(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (Evidence, error) {
	e, err := first[Evidence](ctx, tx, "NO KEY UPDATE", "id = ? and company_id = ?", id, by.CompanyID)
	if err != nil {
		return e, fmt.Errorf("open the evidence: %w", err)
	}
	return e, nil
}

func insertEvidence(ctx context.Context, tx pg.Tx, e *Evidence) error {
	if err := tx.WithContext(ctx).Create(e).Error; err != nil {
		return fmt.Errorf("add the evidence: %w", err)
	}
	return nil
}

func insertVersion(ctx context.Context, tx pg.Tx, v *Version) error {
	if err := tx.WithContext(ctx).Create(v).Error; err != nil {
		return fmt.Errorf("add the version: %w", err)
	}
	return nil
}

// read takes what a statement gives into dst.
func read(ctx context.Context, tx pg.Tx, dst any, what, sql string, args ...any) error {
	if err := tx.WithContext(ctx).Raw(sql, args...).Scan(dst).Error; err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// roomForItem refuses an item too many. It holds other additions of the company up until
// the transaction ends, so that two cannot both be the last.
func roomForItem(ctx context.Context, tx pg.Tx, company uuid.UUID) error {
	if err := hold(ctx, tx, company); err != nil {
		return err
	}
	var n int
	if err := read(ctx, tx, &n, "count the evidence", `select count(*) from evidence where company_id = ? and removed_at is null`, company); err != nil {
		return err
	}
	if n >= MostItems {
		return fault.Fail([]fault.Field{fault.F("", "Your library can hold up to %d items. Remove what you no longer need first", MostItems)})
	}
	return nil
}

// hold makes additions to one company's library wait for each other.
func hold(ctx context.Context, tx pg.Tx, company uuid.UUID) error {
	return tx.WithContext(ctx).Exec(`select pg_advisory_xact_lock(hashtextextended('evidence ' || ?::text, 0))`, company).Error
}

// usedSQL is how many bytes of a company's quota are taken: versions of items that are in
// the library, and those that were submitted. $1 is the company.
const usedSQL = `select coalesce(sum(v.size), 0)::bigint from evidence_version v join evidence e on e.id = v.evidence_id
	where v.company_id = $1 and v.forgotten_at is null and (e.removed_at is null or ` + shownSQL + `)`

// shownSQL is whether the agency was shown version v: with a profile that was submitted, an
// answer to a finding, a case of leaving or changing that was sent, an incident, a case of
// enforcement or an appeal. Such a version stays.
const shownSQL = `(exists (select from evidence_pin p where p.version_id = v.id) or exists (select from finding_proof p where p.version_id = v.id)
	or exists (select from change_case_proof p join change_case c on c.id = p.case_id where p.version_id = v.id and c.sent_at is not null)
	or exists (select from enclosure p where p.version_id = v.id))`

// used is that with what is on its way, apart from one upload.
func used(ctx context.Context, tx pg.Tx, company, upload uuid.UUID) (kept, coming int64, err error) {
	var row struct{ Kept, Coming int64 }
	err = read(ctx, tx, &row, "measure the library", `select (`+strings.ReplaceAll(usedSQL, "$1", "@company")+`) as kept,
		(select coalesce(sum(u.size), 0)::bigint from evidence_upload u where u.company_id = @company and u.id <> @upload) as coming`,
		map[string]any{"company": company, "upload": upload})
	return row.Kept, row.Coming, err
}

// takeOff removes an item from every criterion that can still be changed.
func takeOff(ctx context.Context, tx pg.Tx, evidence uuid.UUID) (int, error) {
	// The profiles first: one that is being submitted is waited for.
	if err := tx.WithContext(ctx).Exec(`select 1 from profile_cycle where id in (select cycle_id from evidence_link where evidence_id = ?) order by id for share`, evidence).Error; err != nil {
		return 0, fmt.Errorf("take the evidence off: %w", err)
	}
	r := tx.WithContext(ctx).Exec(`delete from evidence_link l using profile_cycle c where l.evidence_id = ? and c.id = l.cycle_id and `+EditableSQL("c", "l.criterion"), evidence)
	if r.Error != nil {
		return 0, fmt.Errorf("take the evidence off: %w", r.Error)
	}
	return int(r.RowsAffected), nil
}

// relied reports whether a submission, an answer to a finding or a case of leaving relies on an
// item, or will.
func relied(ctx context.Context, tx pg.Tx, evidence uuid.UUID) (yes bool, err error) {
	err = read(ctx, tx, &yes, "look for submissions", `select exists (select from evidence_pin where evidence_id = ?) or exists (select from evidence_link where evidence_id = ?)
		or exists (select from finding_proof where evidence_id = ?) or exists (select from change_case_proof where evidence_id = ?)
		or exists (select from enclosure where evidence_id = ?)`, evidence, evidence, evidence, evidence, evidence)
	return yes, err
}

// placesOf names the profiles and criteria to which an item is attached: "SP-1, 3.1".
func placesOf(ctx context.Context, tx pg.Tx, evidence uuid.UUID) (out []string, err error) {
	err = read(ctx, tx, &out, "look where the evidence is attached", `select distinct c.reference || ', ' || l.criterion as place
		from evidence_link l join profile_cycle c on c.id = l.cycle_id where l.evidence_id = ? order by place limit 50`, evidence)
	return out, err
}

// lockCycle opens a profile of a company so that its state cannot change meanwhile.
func lockCycle(ctx context.Context, tx pg.Tx, company, id uuid.UUID) (c cycle, err error) {
	err = read(ctx, tx, &c, "open the profile", `select id, status, programme, edition, entity_type from profile_cycle where id = ? and company_id = ? for share`, id, company)
	if err == nil && c.ID == uuid.Nil {
		err = fault.Missing()
	}
	return c, err
}

// placeFacts is what decides about one place.
type placeFacts struct {
	Editable bool
	Assigned bool
	Ours     bool // the site is an open one of the company
}

func factsOf(ctx context.Context, tx pg.Tx, by identity.Actor, c cycle, places []Place) (out []placeFacts, err error) {
	doc, err := document(places)
	if err != nil {
		return nil, err
	}
	err = read(ctx, tx, &out, "look at the criteria", `select `+EditableSQL("c", "p.criterion")+` as editable, `+AssignedSQL("c", "p.criterion", "@person")+` as assigned,
		exists (select from site s where s.id = p.site and s.company_id = c.company_id and s.closed_on is null) as ours
		from profile_cycle c cross join jsonb_to_recordset(cast(@places as jsonb)) as p(n int, criterion text, site uuid) where c.id = @cycle order by p.n`,
		map[string]any{"person": by.PersonID, "places": doc, "cycle": c.ID})
	if err == nil && len(out) != len(places) {
		err = fault.Missing()
	}
	return out, err
}

// insertLinks attaches an item and names the places where it was not attached before.
func insertLinks(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, e Evidence, places []Place) (added []string, err error) {
	doc, err := document(places)
	if err != nil {
		return nil, err
	}
	err = read(ctx, tx, &added, "attach the evidence", `insert into evidence_link (cycle_id, company_id, criterion, site_id, evidence_id, linked_at, linked_by, author)
		select @cycle, @company, p.criterion, p.site, @evidence, @now, @person, @author from jsonb_to_recordset(cast(@places as jsonb)) as p(n int, criterion text, site uuid) order by p.n
		on conflict on constraint evidence_link_once do nothing
		returning criterion || coalesce(' ' || site_id::text, '')`,
		map[string]any{"cycle": places[0].Cycle, "company": e.CompanyID, "evidence": e.ID, "now": now, "person": by.PersonID, "author": by.Name, "places": doc})
	return added, err
}

// crowded reports whether a place has too many items now.
func crowded(ctx context.Context, tx pg.Tx, places []Place) (full bool, err error) {
	doc, err := document(places)
	if err != nil {
		return false, err
	}
	err = read(ctx, tx, &full, "count the evidence", `select exists (select from jsonb_to_recordset(cast(@places as jsonb)) as p(n int, criterion text, site uuid)
		where (select count(*) from evidence_link l where l.cycle_id = @cycle and l.criterion = p.criterion and l.site_id is not distinct from p.site) > @most)`,
		map[string]any{"places": doc, "cycle": places[0].Cycle, "most": MostLinks})
	return full, err
}

func deleteLink(ctx context.Context, tx pg.Tx, at Place, evidence uuid.UUID) (gone bool, err error) {
	r := tx.WithContext(ctx).Exec(`delete from evidence_link where cycle_id = ? and criterion = ? and site_id is not distinct from ? and evidence_id = ?`,
		at.Cycle, at.Criterion, at.Site, evidence)
	if r.Error != nil {
		return false, fmt.Errorf("detach the evidence: %w", r.Error)
	}
	return r.RowsAffected > 0, nil
}
