package validation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/pg"
)

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

func add[T any](ctx context.Context, tx pg.Tx, row *T) error {
	return tx.WithContext(ctx).Create(row).Error
}

func scan[T any](ctx context.Context, tx pg.Tx, sql string, args ...any) (rows []T, err error) {
	err = tx.WithContext(ctx).Raw(sql, args...).Scan(&rows).Error
	return rows, err
}

func lockValidation(ctx context.Context, tx pg.Tx, id uuid.UUID) (Validation, error) {
	v, err := first[Validation](ctx, tx, true, "id = ?", id)
	if err != nil {
		return v, fmt.Errorf("open the validation: %w", err)
	}
	return v, nil
}

func lockVisit(ctx context.Context, tx pg.Tx, id uuid.UUID) (Visit, error) {
	x, err := first[Visit](ctx, tx, true, "id = ?", id)
	if err != nil {
		return x, fmt.Errorf("open the visit: %w", err)
	}
	return x, nil
}

func validationOf(ctx context.Context, tx pg.Tx, visit uuid.UUID) (uuid.UUID, error) {
	ids, err := scan[uuid.UUID](ctx, tx, `select validation_id from visit where id = ?`, visit)
	if err != nil {
		return uuid.Nil, fmt.Errorf("open the visit: %w", err)
	}
	if len(ids) == 0 {
		return uuid.Nil, fault.Missing()
	}
	return ids[0], nil
}

// lockMembership locks a membership before its clocks, as everybody does.
func lockMembership(ctx context.Context, tx pg.Tx, id uuid.UUID) error {
	ids, err := scan[uuid.UUID](ctx, tx, `select id from membership where id = ? for update`, id)
	if err == nil && len(ids) == 0 {
		err = fault.Missing()
	}
	if err != nil {
		return fmt.Errorf("open the membership: %w", err)
	}
	return nil
}

type officeRow struct{ Name, Zone, Calendar string }

func officeOf(ctx context.Context, tx pg.Tx, id uuid.UUID) (officeRow, error) {
	rows, err := scan[officeRow](ctx, tx, `select name, zone, calendar from office where id = ?`, id)
	if err != nil {
		return officeRow{}, fmt.Errorf("read the office: %w", err)
	}
	if len(rows) == 0 {
		return officeRow{}, fmt.Errorf("there is no office %s", id)
	}
	return rows[0], nil
}

// number is the next running number of validations; one that is drawn in vain is lost.
func number(ctx context.Context, tx pg.Tx) (n int64, err error) {
	err = tx.WithContext(ctx).Raw("select nextval('validation_number')").Scan(&n).Error
	return n, err
}

// visitsOf reads the visits of a validation within a transaction, by number.
func visitsOf(ctx context.Context, tx pg.Tx, id uuid.UUID) (list []Visit, err error) {
	err = tx.WithContext(ctx).Where("validation_id = ?", id).Order("number").Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("read the visits: %w", err)
	}
	return list, nil
}

// subjectOf reads who is validated. Missing: nothing of that id.
func subjectOf(ctx context.Context, tx pg.Tx, in OpenEntry) (of subject, err error) {
	const columns = `c.id as company_id, a.office_id, c.country, c.name as company, o.zone, o.calendar`
	var rows []subject
	switch {
	case in.Membership != nil && in.Application == nil:
		rows, err = scan[subject](ctx, tx, `select `+columns+`, m.programme, m.entity_type, m.status, m.id as membership_id, m.number as ref,
			exists (select from validation v where v.membership_id = m.id and v.status = 'closed') as validated
			from membership m join application a on a.id = m.application_id join company c on c.id = m.company_id join office o on o.id = a.office_id
			where m.id = ?`, *in.Membership)
	case in.Application != nil && in.Membership == nil:
		rows, err = scan[subject](ctx, tx, `select `+columns+`, a.programme, a.entity_type, a.status, a.id as application_id, a.reference as ref, false as validated
			from application a join company c on c.id = a.company_id join office o on o.id = a.office_id
			where a.id = ? and a.submitted_at is not null`, *in.Application)
	default:
		return of, fault.Missing()
	}
	if err != nil {
		return of, fmt.Errorf("open a validation: %w", err)
	}
	if len(rows) == 0 {
		return of, fault.Missing()
	}
	of = rows[0]
	if of.Status == "ended" || in.Application != nil && (of.Status == "certified" || of.Status == "rejected" || of.Status == "withdrawn" || of.Status == "lapsed") {
		return of, fault.New(fault.Conflict, "This is over, so there is nothing to validate")
	}
	return of, nil
}

// dueOn is the day by which a clock of the subject wants the validation; the zero Day: none
// runs.
func dueOn(ctx context.Context, tx pg.Tx, of subject, code string) (clock.Day, error) {
	kind, id := "membership", of.MembershipID
	if id == nil {
		kind, id = "application", of.ApplicationID
	}
	days, err := scan[clock.Day](ctx, tx, `select due_on from clock where subject_kind = ? and subject_id = ? and code = ? and stopped_at is null limit 1`, kind, *id, code)
	if err != nil {
		return clock.Day{}, fmt.Errorf("look at the clocks: %w", err)
	}
	if len(days) == 0 {
		return clock.Day{}, nil
	}
	return days[0], nil
}

type siteRow struct {
	ID                                         uuid.UUID
	Name, Street, City, Region, Postcode, Zone string
	Country                                    string
	Lat, Lon                                   *float64
}

// Address is the site's address on one line.
func (s siteRow) Address() string {
	var parts []string
	for _, part := range []string{s.Street, strings.TrimSpace(s.Postcode + " " + s.City), s.Region} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}

// sitesOf lists the open sites of a company, its headquarters first.
func sitesOf(ctx context.Context, tx pg.Tx, company uuid.UUID) ([]siteRow, error) {
	list, err := scan[siteRow](ctx, tx, `select id, name, street, city, region, postcode, country, zone, lat, lon from site
		where company_id = ? and closed_on is null order by activity <> 'headquarters', created_at, id limit 200`, company)
	if err != nil {
		return nil, fmt.Errorf("read the sites: %w", err)
	}
	return list, nil
}

func nextVisit(ctx context.Context, tx pg.Tx, validation uuid.UUID) (n int, err error) {
	err = tx.WithContext(ctx).Raw(`select coalesce(max(number), 0) + 1 from visit where validation_id = ?`, validation).Scan(&n).Error
	if err != nil {
		return 0, fmt.Errorf("count the visits: %w", err)
	}
	return n, nil
}

// mayLead notes a problem unless the person works cases.
func mayLead(ctx context.Context, tx pg.Tx, c *entry.Check, person uuid.UUID) error {
	ids, err := scan[uuid.UUID](ctx, tx, `select r.person_id from person_right r where r.audience = 'staff' and r.role in ('specialist', 'supervisor', 'headquarters')
		and r.ended_at is null and r.person_id = ? limit 1`, person)
	if err != nil {
		return fmt.Errorf("look for the person: %w", err)
	}
	if len(ids) == 0 {
		c.Add("lead", "Choose a person who works cases")
	}
	return nil
}

// leads puts a person at the head of a visit's team if they are an officer.
func leads(ctx context.Context, tx pg.Tx, now time.Time, x Visit, person uuid.UUID) error {
	err := tx.WithContext(ctx).Exec(`insert into visit_officer (visit_id, company_id, person_id, role, added_at)
		select ?, ?, person_id, 'lead', ? from officer where person_id = ? and active on conflict do nothing`, x.ID, x.CompanyID, now, person).Error
	if err != nil {
		return fmt.Errorf("choose the lead: %w", err)
	}
	return nil
}
