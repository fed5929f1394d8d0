package enforcement

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
)

func add[T any](ctx context.Context, tx pg.Tx, row *T) error {
	return tx.WithContext(ctx).Create(row).Error
}

func scan[T any](ctx context.Context, tx pg.Tx, sql string, args ...any) (rows []T, err error) {
	err = tx.WithContext(ctx).Raw(sql, args...).Scan(&rows).Error
	return rows, err
}

func number(ctx context.Context, tx pg.Tx) (n int64, err error) {
	err = tx.WithContext(ctx).Raw("select nextval('enforcement_number')").Scan(&n).Error
	return n, err
}

// member is what a case needs to know of its membership.
type member struct {
	ID, CompanyID, OfficeID uuid.UUID
	Programme, EntityType   string
	Number, Status, Zone    string
}

// lockMember locks a membership before its cases and clocks, as everybody does.
func lockMember(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (m member, err error) {
	own, err := by.Reads()
	if err != nil && by.Audience != identity.System {
		return m, err
	}
	list, err := scan[member](ctx, tx, `select m.id, m.company_id, a.office_id, m.programme, m.entity_type, m.number, m.status, o.zone
		from membership m join application a on a.id = m.application_id join office o on o.id = a.office_id where m.id = ? for update of m`, id)
	switch {
	case err != nil:
		return m, fmt.Errorf("open the membership: %w", err)
	case len(list) == 0, own != nil && list[0].CompanyID != *own:
		return m, fault.Missing()
	}
	return list[0], nil
}

// lock locks a case after its membership. What the actor cannot see is not there.
func lock(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (c Case, m member, err error) {
	of, err := scan[uuid.UUID](ctx, tx, `select membership_id from enforcement_case where id = ?`, id)
	if err != nil {
		return c, m, fmt.Errorf("open the case: %w", err)
	}
	if len(of) == 0 {
		return c, m, fault.Missing()
	}
	if m, err = lockMember(ctx, tx, by, of[0]); err != nil {
		return c, m, err
	}
	err = tx.WithContext(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).First(&c).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return Case{}, m, fault.Missing()
	case err != nil:
		return Case{}, m, fmt.Errorf("open the case: %w", err)
	case by.Audience == identity.Companies && (c.CompanyID != by.CompanyID || c.ToldAt == nil):
		return Case{}, m, fault.Missing()
	}
	return c, m, nil
}

// zone is that of the office in charge.
func (m member) zone() (*time.Location, error) {
	z, err := time.LoadLocation(m.Zone)
	if err != nil {
		return nil, fmt.Errorf("read the office's zone: %w", err)
	}
	return z, nil
}

// today is the day at the office in charge.
func (m member) today(now time.Time) (clock.Day, error) {
	z, err := m.zone()
	if err != nil {
		return clock.Day{}, err
	}
	return clock.DayOf(now, z), nil
}

// open locks the proposal of a case that nobody has decided on.
func open(ctx context.Context, tx pg.Tx, id uuid.UUID) (p Proposal, err error) {
	err = tx.WithContext(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Where("case_id = ? and decision = ''", id).First(&p).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return p, fault.New(fault.Conflict, "Nothing is proposed in this case now")
	}
	if err != nil {
		return p, fmt.Errorf("open the proposal: %w", err)
	}
	return p, nil
}

// saveProposal saves the named columns of a proposal; its case carries the version.
func saveProposal(ctx context.Context, tx pg.Tx, p *Proposal, columns ...string) error {
	err := tx.WithContext(ctx).Model(&Proposal{}).Where("id = ?", p.ID).Select(columns).Updates(p).Error
	if err != nil {
		return fmt.Errorf("keep the proposal: %w", err)
	}
	return nil
}

// items locks the items of a plan that count.
func items(ctx context.Context, tx pg.Tx, id uuid.UUID) (list []Item, err error) {
	err = tx.WithContext(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Where("case_id = ? and status <> 'dropped'", id).Order("number").Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("read the plan: %w", err)
	}
	return list, nil
}

func consented(ctx context.Context, tx pg.Tx, id uuid.UUID) (bool, error) {
	list, err := scan[uuid.UUID](ctx, tx, `select case_id from enforcement_consent where case_id = ?`, id)
	if err != nil {
		return false, fmt.Errorf("look for the consent: %w", err)
	}
	return len(list) == 1, nil
}

// write adds an entry to the history of a case.
func write(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c Case, what, body string, internal bool) error {
	e := entryRow{ID: pg.NewID(), CaseID: c.ID, CompanyID: c.CompanyID, What: what, Internal: internal, ByCompany: by.Audience == identity.Companies, Body: body, Author: by.Name, At: now}
	if by.Known() {
		e.PersonID = &by.PersonID
	}
	if err := add(ctx, tx, &e); err != nil {
		return fmt.Errorf("write down what was done: %w", err)
	}
	return nil
}

func record(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c Case, e audit.Event) error {
	e.Kind, e.Subject, e.Company = Kind, c.ID, c.CompanyID
	e.Internal = e.Internal || c.ToldAt == nil
	return audit.Record(ctx, tx, now, by, e)
}

// tell writes a letter about a case to its company.
func (s *Steps) tell(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c Case, code string, values map[string]string, days map[string]time.Time) error {
	p, err := s.Rules(c)
	if err != nil {
		return err
	}
	return s.Letters.ToCompany(ctx, tx, now, by, notice.Letter{Company: c.CompanyID, SubjectKind: Kind, SubjectID: c.ID, Programme: p, Code: code, Values: values, Days: days})
}

// tellWorker tells who works on a case, or the office when nobody does.
func (s *Steps) tellWorker(ctx context.Context, tx pg.Tx, now time.Time, c Case) error {
	if c.WorkerID != nil {
		return s.Letters.ToStaff(ctx, tx, now, []uuid.UUID{*c.WorkerID}, Kind, c.ID)
	}
	persons, err := scan[uuid.UUID](ctx, tx, `select to_tell(?)`, c.OfficeID)
	if err != nil {
		return fmt.Errorf("find whom to tell: %w", err)
	}
	return s.Letters.ToStaff(ctx, tx, now, persons, Kind, c.ID)
}

// tellSecond tells those who can decide on what somebody proposed: the supervisors of the
// office and headquarters, without the person who proposed.
func (s *Steps) tellSecond(ctx context.Context, tx pg.Tx, now time.Time, c Case, but uuid.UUID) error {
	persons, err := scan[uuid.UUID](ctx, tx, `select distinct person_id from person_right where audience = 'staff' and ended_at is null
		and (role = 'supervisor' and office_id = ? or role = 'headquarters')`, c.OfficeID)
	if err != nil {
		return fmt.Errorf("find the supervisors: %w", err)
	}
	persons = slices.DeleteFunc(persons, func(p uuid.UUID) bool { return p == but })
	return s.Letters.ToStaff(ctx, tx, now, persons, Kind, c.ID)
}

// worker refuses everybody but case workers of the office in charge.
func worker(by identity.Actor, office uuid.UUID) error {
	switch own, err := by.Reads(); {
	case err != nil:
		return err
	case own != nil:
		return fault.Missing()
	case !by.Is(identity.CaseWorkers...):
		return fault.New(fault.Forbidden, "You can read cases. Only the office in charge can work on them")
	case !by.InOffice(office):
		return fault.New(fault.Forbidden, "Another office is in charge of this member")
	}
	return nil
}

// companion refuses everybody but those who edit for the company.
func companion(by identity.Actor) error {
	switch own, err := by.Reads(); {
	case err != nil:
		return err
	case own == nil:
		return fault.New(fault.Forbidden, "Only the company can do this")
	case !by.Is(identity.CompanyEditors...):
		return fault.New(fault.Forbidden, "You can read this account but not change it. Ask its owner for the right to edit")
	}
	return nil
}
