package profilereview

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
)

func forUpdate() clause.Locking { return clause.Locking{Strength: "UPDATE"} }

// add inserts one row.
func add[T any](ctx context.Context, tx pg.Tx, row *T) error {
	return gorm.G[T](tx.DB).Create(ctx, row)
}

// visibleSQL is whether the agency has a profile (c) and its case (a): what a company has
// not handed over with its application is its own. A review of a membership is the
// agency's concern from the day it opens.
const visibleSQL = `(c.application_id is null or a.submitted_at is not null and c.submitted_at is not null)`

// holder reads who is in charge of a profile.
func holder(ctx context.Context, tx pg.Tx, c profile.Cycle) (holding, error) {
	h := holding{Office: c.OfficeID, Assignee: c.AssigneeID, OfCase: c.ApplicationID != nil, Visible: true}
	if !h.OfCase {
		return h, nil
	}
	var row struct {
		AssigneeID  *uuid.UUID
		SubmittedAt *time.Time
	}
	err := tx.WithContext(ctx).Raw(`select assignee_id, submitted_at from application where id = ?`, *c.ApplicationID).Scan(&row).Error
	if err != nil {
		return h, fmt.Errorf("look who is in charge: %w", err)
	}
	h.Assignee, h.Visible = row.AssigneeID, row.SubmittedAt != nil && c.SubmittedAt != nil
	return h, nil
}

// share opens a profile for work on one criterion: many may at once, but nobody moves the
// profile meanwhile.
func share(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (profile.Cycle, holding, error) {
	if err := reader(by); err != nil {
		return profile.Cycle{}, holding{}, err
	}
	c, err := gorm.G[profile.Cycle](tx.DB, clause.Locking{Strength: "KEY SHARE"}).Where("id = ?", id).First(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return c, holding{}, fault.Missing()
	}
	if err != nil {
		return c, holding{}, fmt.Errorf("open a profile: %w", err)
	}
	h, err := holder(ctx, tx, c)
	if err == nil && !h.Visible {
		err = fault.Missing()
	}
	return c, h, err
}

func personName(ctx context.Context, tx pg.Tx, id uuid.UUID) (name string, err error) {
	err = tx.WithContext(ctx).Raw(`select name from person where id = ?`, id).Scan(&name).Error
	if err != nil {
		return "", fmt.Errorf("read a name: %w", err)
	}
	return name, nil
}

// countedIn lists the criteria that counted when the profile was submitted last.
func countedIn(ctx context.Context, tx pg.Tx, c profile.Cycle) (ids []string, err error) {
	err = tx.WithContext(ctx).Raw(`select jsonb_object_keys(counted) from profile_submission where cycle_id = ? and round = ?`, c.ID, c.Round).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("read which criteria count: %w", err)
	}
	return ids, nil
}

// lockVerdict locks the verdict on a criterion; nil when there is none.
func lockVerdict(ctx context.Context, tx pg.Tx, cycle uuid.UUID, criterion string) (*verdictRow, error) {
	list, err := gorm.G[verdictRow](tx.DB, forUpdate()).Where("cycle_id = ? and criterion = ? and site_id is null", cycle, criterion).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("load a verdict: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return &list[0], nil
}

// addVerdict adds the first verdict on a criterion; false when somebody was faster.
func addVerdict(ctx context.Context, tx pg.Tx, v verdictRow) (bool, error) {
	r := tx.WithContext(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&v)
	if r.Error != nil {
		return false, fmt.Errorf("keep a verdict: %w", r.Error)
	}
	return r.RowsAffected == 1, nil
}

// replaceVerdict writes over a verdict that was locked. It is private again until the next send.
func replaceVerdict(ctx context.Context, tx pg.Tx, v verdictRow) error {
	err := tx.WithContext(ctx).Model(&verdictRow{}).Where("cycle_id = ? and criterion = ? and site_id is null", v.CycleID, v.Criterion).
		Select("verdict", "remark", "round", "reviewed_by", "reviewer", "reviewed_at", "sent_at", "version").Updates(&v).Error
	if err != nil {
		return fmt.Errorf("keep a verdict: %w", err)
	}
	return nil
}

// verdictsOf are the verdicts of a profile, by criterion.
func verdictsOf(ctx context.Context, tx pg.Tx, cycle uuid.UUID) (map[string]verdictRow, error) {
	list, err := gorm.G[verdictRow](tx.DB).Where("cycle_id = ? and site_id is null", cycle).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("load the verdicts: %w", err)
	}
	out := make(map[string]verdictRow, len(list))
	for _, v := range list {
		out[v.Criterion] = v
	}
	return out, nil
}

// resultRow is a verdict as the company was told of it.
type resultRow struct {
	ID        int64 `gorm:"primaryKey;->"`
	CycleID   uuid.UUID
	CompanyID uuid.UUID
	Criterion string
	Verdict   Verdict
	Remark    string
	Round     int
	SentAt    time.Time
}

// TableName is the table that holds results.
func (resultRow) TableName() string { return "profile_result" }

func addResults(ctx context.Context, tx pg.Tx, now time.Time, c profile.Cycle, list []Told) error {
	if len(list) == 0 {
		return nil
	}
	rows := make([]resultRow, len(list))
	for i, t := range list {
		rows[i] = resultRow{CycleID: c.ID, CompanyID: c.CompanyID, Criterion: t.Criterion, Verdict: t.Verdict, Remark: t.Remark, Round: c.Round, SentAt: now}
	}
	return tx.WithContext(ctx).Omit("id").CreateInBatches(rows, 500).Error
}

func markSent(ctx context.Context, tx pg.Tx, now time.Time, cycle uuid.UUID, criteria []string) error {
	if len(criteria) == 0 {
		return nil
	}
	return tx.WithContext(ctx).Exec(`update profile_verdict set sent_at = ? where cycle_id = ? and criterion in ? and site_id is null and sent_at is null`, now, cycle, criteria).Error
}

// lines reads the state of each criterion within a transaction.
func (s *Service) lines(ctx context.Context, tx pg.Tx, c profile.Cycle) ([]Line, error) {
	form, err := s.Steps.Form(c)
	if err != nil {
		return nil, err
	}
	var rows []lineRow
	if err := tx.WithContext(ctx).Raw(linesSQL, c.ID).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the criteria: %w", err)
	}
	return Record{Form: form}.inOrder(rows, nil), nil
}

// returnRow is a return as it is kept.
type returnRow struct {
	ID          uuid.UUID `gorm:"primaryKey"`
	CycleID     uuid.UUID
	CompanyID   uuid.UUID
	Round       int
	Message     string
	SentAt      time.Time
	SentBy      *uuid.UUID
	AnsweredAt  *time.Time
	CancelledAt *time.Time
	Version     int
}

// TableName is the table that holds returns.
func (returnRow) TableName() string { return "profile_return" }

// itemRow is one criterion of a return as it is kept.
type itemRow struct {
	ReturnID  uuid.UUID
	CycleID   uuid.UUID
	CompanyID uuid.UUID
	Criterion string
	Remark    string
	Version   int
}

// TableName is the table that holds the criteria of returns.
func (itemRow) TableName() string { return "profile_return_item" }

// addReturn keeps a return with its criteria.
func addReturn(ctx context.Context, tx pg.Tx, r returnRow, items []itemRow) error {
	if err := add(ctx, tx, &r); err != nil {
		return fmt.Errorf("keep the return: %w", err)
	}
	for i := range items {
		items[i].ReturnID = r.ID
	}
	if err := tx.WithContext(ctx).CreateInBatches(items, 500).Error; err != nil {
		return fmt.Errorf("keep the criteria of the return: %w", err)
	}
	return nil
}

// openReturn locks the return that the company has still to answer; nil when there is none.
func openReturn(ctx context.Context, tx pg.Tx, cycle uuid.UUID) (*returnRow, error) {
	list, err := gorm.G[returnRow](tx.DB, forUpdate()).Where("cycle_id = ? and answered_at is null and cancelled_at is null", cycle).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("load the return: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return &list[0], nil
}

// changedSince counts what the company has changed since a return.
func changedSince(ctx context.Context, tx pg.Tx, cycle, ret uuid.UUID, since time.Time) (n int, err error) {
	err = tx.WithContext(ctx).Raw(`select (select count(*) from profile_answer where cycle_id = @cycle and updated_at > @since)
		+ (select count(*) from profile_answer_past where cycle_id = @cycle and replaced_at > @since)
		+ (select count(*) from evidence_link where cycle_id = @cycle and linked_at > @since)
		+ (select count(*) from profile_return_item where return_id = @ret and answered_at is not null)`,
		map[string]any{"cycle": cycle, "ret": ret, "since": since}).Scan(&n).Error
	if err != nil {
		return 0, fmt.Errorf("look what the company has changed: %w", err)
	}
	return n, nil
}

// sendDrafts sends the agency's drafts of a profile.
func sendDrafts(ctx context.Context, tx pg.Tx, now time.Time, cycle uuid.UUID) error {
	err := tx.WithContext(ctx).Exec(`update profile_message set sent_at = ?, version = version + 1 where cycle_id = ? and side = 'agency' and not internal and sent_at is null`, now, cycle).Error
	if err != nil {
		return fmt.Errorf("send the drafts: %w", err)
	}
	return nil
}

// answerVersions are the versions of the company's answers to a criterion as they were
// submitted.
func answerVersions(ctx context.Context, tx pg.Tx, cycle uuid.UUID, criterion string, submitted time.Time) (map[string]int, error) {
	var rows []struct {
		Question string
		Version  int
	}
	err := tx.WithContext(ctx).Raw(`select a.question, coalesce((select min(p.version) from profile_answer_past p
		  where p.cycle_id = a.cycle_id and p.question = a.question and p.site_id is null and not p.lost and p.updated_at <= @at and p.replaced_at > @at), a.version) as version
		from profile_answer a where a.cycle_id = @cycle and a.criterion = @criterion and a.site_id is null`,
		map[string]any{"cycle": cycle, "criterion": criterion, "at": submitted}).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the versions of the answers: %w", err)
	}
	out := make(map[string]int, len(rows))
	for _, r := range rows {
		out[r.Question] = r.Version
	}
	return out, nil
}

// lockMessage locks an entry of the threads that go with a profile.
func lockMessage(ctx context.Context, tx pg.Tx, c profile.Cycle, id uuid.UUID) (messageRow, error) {
	m, err := gorm.G[messageRow](tx.DB, forUpdate()).Where("id = ? and company_id = ? and programme = ? and entity_type = ?", id, c.CompanyID, c.Programme, c.EntityType).First(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return m, fault.Missing()
	}
	if err != nil {
		return m, fmt.Errorf("open a message: %w", err)
	}
	return m, nil
}
