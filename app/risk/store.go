package risk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/fault"
	"trustedtrader/app/pg"
)

// part is a kind of row that an assessment consists of.
type part interface{ Lane | Leg | Rating | Task }

func first[T any](ctx context.Context, tx pg.Tx, locked bool, where string, args ...any) (row T, err error) {
	q := tx.WithContext(ctx)
	if locked {
		q = q.Clauses(clause.Locking{Strength: "UPDATE"})
	}
	err = q.Where(where, args...).First(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return row, fault.Missing()
	}
	return row, err
}

// lock locks an assessment: whoever changes any part of it waits for the others.
func lock(ctx context.Context, tx pg.Tx, id uuid.UUID) (Assessment, error) {
	a, err := first[Assessment](ctx, tx, true, "id = ?", id)
	if err != nil {
		return a, fmt.Errorf("open the risk assessment: %w", err)
	}
	return a, nil
}

// again finds the assessment that the same form has begun; another draft is a Conflict.
func again(ctx context.Context, tx pg.Tx, a *Assessment) (there bool, err error) {
	var rows []Assessment
	err = tx.WithContext(ctx).Where("company_id = ? and (status = ? or id = ?)", a.CompanyID, Draft, a.ID).Find(&rows).Error
	if err != nil {
		return false, fmt.Errorf("begin the assessment: %w", err)
	}
	for _, r := range rows {
		if r.ID == a.ID && r.Status == Draft {
			*a = r
			return true, nil
		}
	}
	if len(rows) > 0 {
		return false, draftThere()
	}
	return false, nil
}

func add[T any](ctx context.Context, tx pg.Tx, row *T) error {
	return tx.WithContext(ctx).Create(row).Error
}

// rows is how many rows go in one statement.
const rows = 500

func addAll[T part](ctx context.Context, tx pg.Tx, list []T) error {
	if len(list) == 0 {
		return nil
	}
	return tx.WithContext(ctx).CreateInBatches(&list, rows).Error
}

func (c copied) save(ctx context.Context, tx pg.Tx) error {
	if err := addAll(ctx, tx, c.lanes); err != nil {
		return err
	}
	if err := addAll(ctx, tx, c.legs); err != nil {
		return err
	}
	if err := addAll(ctx, tx, c.ratings); err != nil {
		return err
	}
	return addAll(ctx, tx, c.tasks)
}

// insert adds a part unless one with its id is there: a form sent twice makes one. made is
// false when it was there already; of is the condition on which it is the same.
func insert[T part](ctx context.Context, tx pg.Tx, row *T, id uuid.UUID, of string, args ...any) (made bool, err error) {
	r := tx.WithContext(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoNothing: true}).Create(row)
	if r.Error != nil {
		return false, fmt.Errorf("add to the assessment: %w", r.Error)
	}
	if r.RowsAffected == 1 {
		return true, nil
	}
	was, err := first[T](ctx, tx, false, "id = ? and "+of, append([]any{id}, args...)...)
	if err != nil {
		return false, fault.New(fault.Conflict, "This form was used before. Open the page again and enter it once more")
	}
	*row = was
	return false, nil
}

// touch counts a change of an assessment's parts.
func touch(ctx context.Context, tx pg.Tx, id uuid.UUID) error {
	if err := tx.WithContext(ctx).Exec(`update risk_assessment set edits = edits + 1 where id = ?`, id).Error; err != nil {
		return fmt.Errorf("count the change: %w", err)
	}
	return nil
}

func laneOf(ctx context.Context, tx pg.Tx, a Assessment, id uuid.UUID) (Lane, error) {
	l, err := first[Lane](ctx, tx, true, "id = ? and assessment_id = ?", id, a.ID)
	if err != nil {
		return l, fmt.Errorf("open the lane: %w", err)
	}
	return l, nil
}

func legOf(ctx context.Context, tx pg.Tx, a Assessment, id uuid.UUID) (Lane, Leg, error) {
	g, err := first[Leg](ctx, tx, true, "id = ? and company_id = ?", id, a.CompanyID)
	if err != nil {
		return Lane{}, g, fmt.Errorf("open the leg: %w", err)
	}
	l, err := laneOf(ctx, tx, a, g.LaneID)
	return l, g, err
}

func taskOf(ctx context.Context, tx pg.Tx, a Assessment, id uuid.UUID) (Task, error) {
	t, err := first[Task](ctx, tx, true, "id = ? and assessment_id = ?", id, a.ID)
	if err != nil {
		return t, fmt.Errorf("open the action: %w", err)
	}
	return t, nil
}

// idsOf lists what stands in a row, in order; of is "assessment_id" or "lane_id".
func idsOf(ctx context.Context, tx pg.Tx, table, of string, id uuid.UUID) (ids []uuid.UUID, err error) {
	err = tx.WithContext(ctx).Raw(`select id from `+table+` where `+of+` = ? and removed_at is null order by position, created_at, id`, id).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("list what is in order: %w", err)
	}
	return ids, nil
}

// place numbers what stands in a row anew.
func place(ctx context.Context, tx pg.Tx, table string, ids []uuid.UUID) error {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	err := tx.WithContext(ctx).Exec(`update `+table+` x set position = o.n from unnest(?::uuid[]) with ordinality o(id, n)
		where x.id = o.id and x.position <> o.n`, "{"+strings.Join(texts, ",")+"}").Error
	if err != nil {
		return fmt.Errorf("put in order: %w", err)
	}
	return nil
}

func countTasks(ctx context.Context, tx pg.Tx, a Assessment) (n int64, err error) {
	err = tx.WithContext(ctx).Model(&Task{}).Where("assessment_id = ? and removed_at is null", a.ID).Count(&n).Error
	return n, err
}

func ratingsOf(ctx context.Context, tx pg.Tx, lane uuid.UUID, leg *uuid.UUID) (list []Rating, err error) {
	err = tx.WithContext(ctx).Where("lane_id = ? and leg_id is not distinct from ?::uuid", lane, leg).Find(&list).Error
	return list, err
}

func officeZone(ctx context.Context, tx pg.Tx, company uuid.UUID) (*time.Location, error) {
	var zone string
	err := tx.WithContext(ctx).Raw(`select o.zone from company c join office o on o.id = c.office_id where c.id = ?`, company).Scan(&zone).Error
	if err != nil {
		return nil, fmt.Errorf("find the office: %w", err)
	}
	return zoneNamed(zone), nil
}

// LastFinished is the assessment that a company finished last, or nil. A step for other
// domains: they have decided who may.
func LastFinished(ctx context.Context, tx pg.Tx, company uuid.UUID) (*Assessment, error) {
	var list []Assessment
	err := tx.WithContext(ctx).Where("company_id = ? and status = ?", company, Finished).Order("finished_at desc, id desc").Limit(1).Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("find the last risk assessment: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return &list[0], nil
}

// Last is one assessment as other domains' pages name it.
type Last struct {
	ID         uuid.UUID
	Title      string
	FinishedAt time.Time
	EvidenceID *uuid.UUID
}

// LastOf reads the assessment that a company finished last, for the page of another
// domain: none or one.
func LastOf(dst *[]Last, company uuid.UUID) pg.Query {
	return pg.All(dst, `select id, title, finished_at, evidence_id from risk_assessment
		where company_id = $1 and status = 'finished' order by finished_at desc, id desc limit 1`, company)
}

// asking are the criteria of CTPAT that ask for an assessment: minimum security criteria,
// section 2.
var asking = []string{"2.1", "2.2", "2.3", "2.4"}

// Shows reports whether an assessment is evidence for a criterion: those of CTPAT that ask
// for one, and those of other programmes that ask for the same.
func Shows(programme string, c catalogue.Criterion) bool {
	return programme == ctpat && slices.Contains(asking, c.ID) ||
		slices.ContainsFunc(c.MapsTo, func(m catalogue.Mapping) bool { return m.Scheme == ctpat && slices.Contains(asking, m.Ref) })
}

// ctpat is the scheme whose numbers the criteria have.
const ctpat = "ctpat"

// live are the company's memberships whose clocks hear of an assessment; they are locked
// before their clocks, as everywhere.
type live struct {
	ID        uuid.UUID
	Programme string
	OfficeID  uuid.UUID
}

func memberships(ctx context.Context, tx pg.Tx, company uuid.UUID) (list []live, err error) {
	err = tx.WithContext(ctx).Raw(`select m.id, m.programme, a.office_id from membership m join application a on a.id = m.application_id
		where m.company_id = ? and m.status <> 'ended' order by m.id for update of m`, company).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("find the memberships: %w", err)
	}
	return list, nil
}
