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
	"trustedtrader/app/identity"
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
			(select v.id from validation v where v.membership_id = m.id and v.closed_at is null and v.kind <> 'for_cause' limit 1) as open_id,
			exists (select from validation v where v.membership_id = m.id and v.status = 'closed') as validated
			from membership m join application a on a.id = m.application_id join company c on c.id = m.company_id join office o on o.id = a.office_id
			where m.id = ?`, *in.Membership)
	case in.Application != nil && in.Membership == nil:
		rows, err = scan[subject](ctx, tx, `select `+columns+`, a.programme, a.entity_type, a.status, a.id as application_id, a.reference as ref, (select v.id from validation v where v.application_id = a.id and v.closed_at is null limit 1) as open_id, false as validated
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

// Teams

func memberRows(ctx context.Context, tx pg.Tx, visit uuid.UUID) ([]memberRow, error) {
	list, err := scan[memberRow](ctx, tx, `select m.person_id, p.name, m.role, o.base_lat, o.base_lon from visit_officer m
		join officer o on o.person_id = m.person_id join person p on p.id = m.person_id where m.visit_id = ? order by m.role, p.name, m.person_id`, visit)
	if err != nil {
		return nil, fmt.Errorf("read the team: %w", err)
	}
	return list, nil
}

// teamOf lists the officers of a visit; a company can read this much.
func teamOf(ctx context.Context, tx pg.Tx, visit uuid.UUID) ([]uuid.UUID, error) {
	list, err := scan[uuid.UUID](ctx, tx, `select person_id from visit_officer where visit_id = ? order by role, person_id`, visit)
	if err != nil {
		return nil, fmt.Errorf("read the team: %w", err)
	}
	return list, nil
}

// officerNames are the officers who can be chosen.
func officerNames(ctx context.Context, tx pg.Tx) (map[uuid.UUID]string, error) {
	rows, err := scan[struct {
		PersonID uuid.UUID
		Name     string
	}](ctx, tx, `select o.person_id, p.name from officer o join person p on p.id = o.person_id where o.active`)
	if err != nil {
		return nil, fmt.Errorf("read the officers: %w", err)
	}
	out := map[uuid.UUID]string{}
	for _, r := range rows {
		out[r.PersonID] = r.Name
	}
	return out, nil
}

func replaceTeam(ctx context.Context, tx pg.Tx, visit uuid.UUID, rows []visitOfficer) error {
	if err := tx.WithContext(ctx).Exec(`delete from visit_officer where visit_id = ?`, visit).Error; err != nil {
		return fmt.Errorf("choose the team: %w", err)
	}
	if err := tx.WithContext(ctx).Create(&rows).Error; err != nil {
		return fmt.Errorf("choose the team: %w", err)
	}
	return nil
}

// guest is a person who is invited to a visit.
type guest struct {
	Email, Name, Lang string
	Audience          identity.Audience
}

// guests are those who act for the company today and have an address that is known to be
// theirs, and the team; or, of all of these, those that are meant.
func guests(ctx context.Context, tx pg.Tx, now time.Time, x Visit, only []uuid.UUID) ([]guest, error) {
	list, err := scan[guest](ctx, tx, `
		select p.email, p.name, p.lang, 'company' as audience from person p
		where @all and p.email_verified and p.email <> '' and exists (
		  select from person_right r join company c on c.id = r.company_id join office o on o.id = c.office_id
		  where r.person_id = p.id and r.company_id = @company and r.audience = 'company' and r.ended_at is null
		    and r.role in ('owner', 'signatory', 'editor', 'representative')
		    and (cast(@now as timestamptz) at time zone o.zone)::date between r.starts_on and coalesce(r.ends_on, 'infinity'))
		union all
		select p.email, p.name, p.lang, 'staff' from person p
		where p.email_verified and p.email <> '' and case when @all then exists (select from visit_officer m where m.visit_id = @visit and m.person_id = p.id)
		  else p.id in @only end
		order by audience, name, email`,
		map[string]any{"all": only == nil, "company": x.CompanyID, "visit": x.ID, "now": now, "only": append([]uuid.UUID{uuid.Nil}, only...)})
	if err != nil {
		return nil, fmt.Errorf("find whom to invite: %w", err)
	}
	return list, nil
}

// Offers

// liveOffer locks the offer of a visit that still counts; nil when there is none.
func liveOffer(ctx context.Context, tx pg.Tx, visit uuid.UUID) (*Proposal, error) {
	p, err := first[Proposal](ctx, tx, true, "visit_id = ? and status in ('open', 'answered', 'unanswered')", visit)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the offer: %w", err)
	}
	return &p, nil
}

// offered locks the offer of a visit that still counts, with its times. Conflict: there is none.
func offered(ctx context.Context, tx pg.Tx, visit uuid.UUID) (*Proposal, []Slot, error) {
	p, err := liveOffer(ctx, tx, visit)
	if err != nil {
		return nil, nil, err
	}
	if p == nil {
		return nil, nil, noOffer()
	}
	var slots []Slot
	if err := tx.WithContext(ctx).Where("proposal_id = ?", p.ID).Order("position").Find(&slots).Error; err != nil {
		return nil, nil, fmt.Errorf("read the offered times: %w", err)
	}
	return p, slots, nil
}

func nextRound(ctx context.Context, tx pg.Tx, visit uuid.UUID) (n int, err error) {
	err = tx.WithContext(ctx).Raw(`select coalesce(max(round), 0) + 1 from proposal where visit_id = ?`, visit).Scan(&n).Error
	if err != nil {
		return 0, fmt.Errorf("count the offers: %w", err)
	}
	return n, nil
}

// freeSlot frees what was held for one time.
func freeSlot(ctx context.Context, tx pg.Tx, slot uuid.UUID) error {
	err := tx.WithContext(ctx).Exec(`update booking set state = 'cancelled', version = version + 1 where slot_id = ? and state = 'hold'`, slot).Error
	if err != nil {
		return fmt.Errorf("free the officers: %w", err)
	}
	return nil
}

// ahead are the booked visits to come.
func (s *Service) ahead(ctx context.Context) (list []Visit, err error) {
	err = s.DB.Batch(ctx, pg.System, pg.All(&list, `select `+visitColumns+` from visit x where x.status = 'booked' and x.starts_at > $1 order by x.starts_at, x.id`, s.Now()))
	if err != nil {
		return nil, fmt.Errorf("read the visits to come: %w", err)
	}
	return list, nil
}

// visitColumns are those of Visit, for lists that are read in one round trip.
const visitColumns = `x.id, x.validation_id, x.company_id, x.number, x.kind, x.status, x.site_id, x.place, x.party, x.address, x.country, x.zone, x.lat, x.lon, x.days, x.all_day,
  x.languages::text as languages, x.travel_before, x.travel_after, x.local_from, x.local_to, x.starts_at, x.ends_at, x.sequence, x.invited, x.short_notice, x.short_notice_by, x.short_notice_at,
  x.relied_on, x.relied_checked_on, x.agenda, x.hosts, x.host_languages, x.safety, x.access, x.begun_at, x.done_at, x.cancelled_at, x.cancel_reason, x.version`

// evidenceOf finds an entry of the company's own library.
func evidenceOf(ctx context.Context, tx pg.Tx, company uuid.UUID, value string) (uuid.UUID, string, error) {
	id, err := uuid.Parse(value)
	if err != nil {
		return uuid.Nil, "", fault.Fail([]fault.Field{fault.F("evidence", "Choose the document from your library")})
	}
	titles, err := scan[string](ctx, tx, `select title from evidence where id = ? and company_id = ? and removed_at is null`, id, company)
	if err != nil {
		return uuid.Nil, "", fmt.Errorf("look for the evidence: %w", err)
	}
	if len(titles) == 0 {
		return uuid.Nil, "", fault.Fail([]fault.Field{fault.F("evidence", "Choose the document from your library")})
	}
	return id, titles[0], nil
}

// agencyOf finds a partner agency, or notes a problem.
func agencyOf(ctx context.Context, tx pg.Tx, c *entry.Check, value string) (id uuid.UUID, name string, err error) {
	if id, err = uuid.Parse(value); err != nil {
		c.Add("agency", "Choose a partner agency")
		return uuid.Nil, "", nil
	}
	names, err := scan[string](ctx, tx, `select name from agency where id = ? and kind = 'customs'`, id)
	if err != nil {
		return uuid.Nil, "", fmt.Errorf("look for the agency: %w", err)
	}
	if len(names) == 0 {
		c.Add("agency", "Choose a partner agency")
		return uuid.Nil, "", nil
	}
	return id, names[0], nil
}

// mark notes on an offer what time does to it. The version stays: whoever is about to answer
// still can.
func mark(ctx context.Context, tx pg.Tx, p Proposal, column string, value any) error {
	err := tx.WithContext(ctx).Model(&Proposal{}).Where("id = ?", p.ID).UpdateColumn(column, value).Error
	if err != nil {
		return fmt.Errorf("mark the offer: %w", err)
	}
	return nil
}
