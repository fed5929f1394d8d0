package people

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// scan reads rows of a statement; array columns come as text joined by commas.
func scan[T any](ctx context.Context, tx pg.Tx, sql string, args ...any) (rows []T, err error) {
	err = tx.WithContext(ctx).Raw(sql, args...).Scan(&rows).Error
	return rows, err
}

func scanOne[T any](ctx context.Context, tx pg.Tx, sql string, args ...any) (row T, err error) {
	rows, err := scan[T](ctx, tx, sql, args...)
	if err != nil {
		return row, err
	}
	if len(rows) == 0 {
		return row, fault.Missing()
	}
	return rows[0], nil
}

func exec(ctx context.Context, tx pg.Tx, sql string, args ...any) (changed int64, err error) {
	r := tx.WithContext(ctx).Exec(sql, args...)
	return r.RowsAffected, r.Error
}

func split(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// Places

func zoneOf(ctx context.Context, tx pg.Tx, at place) (*time.Location, error) {
	name, err := scanOne[string](ctx, tx, `
		select zone from office where id = coalesce(?, (select office_id from company where id = ?))
		union all select zone from agency where id = ?`, at.Office, at.Company, at.Agency)
	if err != nil {
		return nil, fmt.Errorf("find the time zone: %w", err)
	}
	return time.LoadLocation(name)
}

func nameOf(ctx context.Context, tx pg.Tx, at place) (string, error) {
	name, err := scanOne[string](ctx, tx, `select name from company where id = ?
		union all select name from office where id = ? union all select name from agency where id = ?`, at.Company, at.Office, at.Agency)
	if err != nil {
		return "", fmt.Errorf("find the name: %w", err)
	}
	return name, nil
}

// within is the condition that a row of rights or invitations lies in a circle.
func within(c circle) (string, []any) {
	switch c.audience {
	case identity.Companies:
		return "company_id = ?", []any{c.company}
	case identity.Partners:
		return "agency_id = ?", []any{c.agency}
	}
	return "(office_id in ? or audience = 'partner')", []any{append(c.offices, uuid.Nil)}
}

// Offices

const officeColumns = `id, code, name, parent_id, zone, calendar, created_at, version`

// insertFirst adds the office if the table is empty. The lock lets one of several
// portals that start at once decide.
func insertFirst(ctx context.Context, tx pg.Tx, o Office) (opened bool, err error) {
	if _, err := exec(ctx, tx, `select pg_advisory_xact_lock(hashtext('first office'))`); err != nil {
		return false, fmt.Errorf("wait for another start: %w", err)
	}
	n, err := exec(ctx, tx, `insert into office (id, code, name, zone, calendar, created_at, version)
		select ?, ?, ?, ?, ?, ?, ? where not exists (select from office)`, o.ID, o.Code, o.Name, o.Zone, o.Calendar, o.CreatedAt, o.Version)
	if err != nil {
		return false, fmt.Errorf("open the office: %w", err)
	}
	return n == 1, nil
}

func insertOffice(ctx context.Context, tx pg.Tx, o Office) error {
	_, err := exec(ctx, tx, `insert into office (`+officeColumns+`) values (?, ?, ?, ?, ?, ?, ?, ?)`,
		o.ID, o.Code, o.Name, o.ParentID, o.Zone, o.Calendar, o.CreatedAt, o.Version)
	return taken(err, "office_code_key", "Another office has this code. Enter another one")
}

// taken turns a code that somebody else has into a problem of its field.
func taken(err error, constraint, message string) error {
	if pg.Constraint(err) == constraint {
		return fault.Fail([]fault.Field{fault.F("code", message)})
	}
	return err
}

func lockOffices(ctx context.Context, tx pg.Tx) ([]Office, error) {
	return scan[Office](ctx, tx, `select `+officeColumns+` from office order by id for update`)
}

func saveOffice(ctx context.Context, tx pg.Tx, o *Office) error {
	n, err := exec(ctx, tx, `update office set name = ?, parent_id = ?, zone = ?, calendar = ?, version = version + 1 where id = ? and version = ?`,
		o.Name, o.ParentID, o.Zone, o.Calendar, o.ID, o.Version)
	if err == nil && n == 0 {
		err = fault.Moved()
	}
	o.Version++
	return err
}

func runningPeriods(ctx context.Context, tx pg.Tx, office uuid.UUID) (int, error) {
	return scanOne[int](ctx, tx, `select count(*)::int from clock where office_id = ? and stopped_at is null`, office)
}

func listOffices(ctx context.Context, db *pg.DB, by identity.Actor, offices []uuid.UUID) (out []OfficeItem, err error) {
	type row struct {
		OfficeItem
		Path string
	}
	var rows []row
	err = db.Batch(ctx, by.Scope(), pg.All(&rows, `
		with recursive tree as (
		  select o.id, 0 as depth, o.name as path from office o where parent_id is null
		  union all select o.id, t.depth + 1, t.path || ' / ' || o.name from office o join tree t on o.parent_id = t.id)
		select o.id, o.code, o.name, o.parent_id, o.zone, o.calendar, o.created_at, o.version, coalesce(p.name, '') as parent, t.depth, t.path,
		  (select count(*)::int from person_right r where r.office_id = o.id and r.ended_at is null) as staff,
		  (select count(*)::int from company c where c.office_id = o.id) as companies
		from office o join tree t on t.id = o.id left join office p on p.id = o.parent_id
		where o.id = any($1) order by t.path`, offices))
	for _, r := range rows {
		out = append(out, r.OfficeItem)
	}
	return out, err
}

// Agencies

const agencyColumns = `id, code, name, country, zone, kind, created_at, version`

func insertAgency(ctx context.Context, tx pg.Tx, a Agency) error {
	_, err := exec(ctx, tx, `insert into agency (`+agencyColumns+`) values (?, ?, ?, ?, ?, ?, ?, ?)`, a.ID, a.Code, a.Name, a.Country, a.Zone, a.Kind, a.CreatedAt, a.Version)
	return taken(err, "agency_code_key", "Another agency has this code. Enter another one")
}

func lockAgency(ctx context.Context, tx pg.Tx, id uuid.UUID) (Agency, error) {
	return scanOne[Agency](ctx, tx, `select `+agencyColumns+` from agency where id = ? for update`, id)
}

func saveAgency(ctx context.Context, tx pg.Tx, a *Agency) error {
	_, err := exec(ctx, tx, `update agency set name = ?, country = ?, zone = ?, version = version + 1 where id = ?`, a.Name, a.Country, a.Zone, a.ID)
	a.Version++
	return err
}

func listAgencies(ctx context.Context, db *pg.DB, by identity.Actor) (out []AgencyItem, err error) {
	err = db.Batch(ctx, by.Scope(), pg.All(&out, `select a.id, a.code, a.name, a.country, a.zone, a.kind, a.created_at, a.version,
		(select count(*)::int from person_right r where r.agency_id = a.id and r.ended_at is null) as people,
		(select count(*)::int from invitation i where i.agency_id = a.id and i.accepted_at is null and i.revoked_at is null and i.expires_at > now()) as invitations
		from agency a order by a.name`))
	return out, err
}

// Rights

type rightRow struct {
	Right     `gorm:"embedded"`
	PartsText string
}

const rightColumns = `id, person_id, audience, role, company_id, office_id, agency_id, array_to_string(parts, ',') as parts_text,
	starts_on, ends_on, granted_at, ended_at, version`

// lockRight opens a live right of the circle; any other is not there.
func lockRight(ctx context.Context, tx pg.Tx, c circle, id uuid.UUID) (Right, error) {
	where, args := within(c)
	row, err := scanOne[rightRow](ctx, tx, `select `+rightColumns+` from person_right where id = ? and ended_at is null and `+where+` for update`, append([]any{id}, args...)...)
	row.Parts = split(row.PartsText)
	return row.Right, err
}

func insertRight(ctx context.Context, tx pg.Tx, r Right, grantedBy *uuid.UUID) error {
	_, err := exec(ctx, tx, `insert into person_right (id, person_id, audience, role, company_id, office_id, agency_id, parts, starts_on, ends_on, granted_by, granted_at, version)
		values (?, ?, ?, ?, ?, ?, ?, string_to_array(?, ','), ?, ?, ?, ?, 1)`, r.ID, r.PersonID, string(r.Audience), string(r.Role), r.CompanyID, r.OfficeID,
		r.AgencyID, strings.Join(r.Parts, ","), r.StartsOn, r.EndsOn, grantedBy, r.GrantedAt)
	if strings.HasPrefix(pg.Constraint(err), "one_right_per_") {
		return fault.New(fault.Conflict, "You have access there already. Ask whoever invited you to change your role instead")
	}
	return err
}

func saveRight(ctx context.Context, tx pg.Tx, r *Right) error {
	n, err := exec(ctx, tx, `update person_right set role = ?, parts = string_to_array(?, ','), ends_on = ?, version = version + 1 where id = ? and version = ?`,
		string(r.Role), strings.Join(r.Parts, ","), r.EndsOn, r.ID, r.Version)
	if err == nil && n == 0 {
		err = fault.Moved()
	}
	if pg.Constraint(err) == "one_right_per_staff_role" {
		return fault.Fail([]fault.Field{fault.F("role", "This person has that role at the office already")})
	}
	r.Version++
	return err
}

func endRight(ctx context.Context, tx pg.Tx, r *Right, by uuid.UUID) error {
	n, err := exec(ctx, tx, `update person_right set ended_at = ?, ended_by = ?, version = version + 1 where id = ? and version = ?`, r.EndedAt, by, r.ID, r.Version)
	if err == nil && n == 0 {
		err = fault.Moved()
	}
	r.Version++
	return err
}

// lockKeepers counts the others who can look after the people of a right's place, for
// good: a right that has a last day does not count.
func lockKeepers(ctx context.Context, tx pg.Tx, r Right, today clock.Day) (n int, err error) {
	rows, err := scan[uuid.UUID](ctx, tx, `select id from person_right where role = ? and ended_at is null and ends_on is null and starts_on <= ?
		and audience = ? and company_id is not distinct from ? and agency_id is not distinct from ? order by id for update`,
		string(r.Role), today.Time(), string(r.Audience), r.CompanyID, r.AgencyID)
	for _, id := range rows {
		if id != r.ID {
			n++
		}
	}
	return n, err
}

// Invitations

const invitationColumns = `id, email, audience, role, company_id, office_id, agency_id, array_to_string(parts, ',') as parts_text, right_ends_on,
	token_hash, invited_by, inviter, created_at, expires_at, version`

func openInvitation(ctx context.Context, tx pg.Tx, where string, args ...any) (invitationRow, error) {
	row, err := scanOne[invitationRow](ctx, tx, `select `+invitationColumns+` from invitation where accepted_at is null and revoked_at is null and `+where+` for update`, args...)
	row.Parts = split(row.PartsText)
	return row, err
}

func lockInvitation(ctx context.Context, tx pg.Tx, c circle, id uuid.UUID) (invitationRow, error) {
	where, args := within(c)
	return openInvitation(ctx, tx, "id = ? and "+where, append([]any{id}, args...)...)
}

func lockOffer(ctx context.Context, tx pg.Tx, now time.Time, where string, arg any) (invitationRow, error) {
	return openInvitation(ctx, tx, "expires_at > ? and "+where, now, arg)
}

// insertInvitation adds the offer and takes back an open one of the same address.
func insertInvitation(ctx context.Context, tx pg.Tx, r invitationRow, now time.Time) error {
	if _, err := exec(ctx, tx, `update invitation set revoked_at = ?, version = version + 1 where lower(email) = ? and audience = ?
		and coalesce(company_id, office_id, agency_id) = coalesce(?::uuid, ?::uuid, ?::uuid) and accepted_at is null and revoked_at is null`,
		now, r.Email, string(r.Audience), r.CompanyID, r.OfficeID, r.AgencyID); err != nil {
		return fmt.Errorf("take back the earlier invitation: %w", err)
	}
	_, err := exec(ctx, tx, `insert into invitation (id, email, audience, role, company_id, office_id, agency_id, parts, right_ends_on, token_hash, invited_by, inviter, created_at, expires_at, version)
		values (?, ?, ?, ?, ?, ?, ?, string_to_array(?, ','), ?, ?, ?, ?, ?, ?, 1)`, r.ID, r.Email, string(r.Audience), string(r.Role), r.CompanyID, r.OfficeID, r.AgencyID,
		strings.Join(r.Parts, ","), r.RightEndsOn, r.TokenHash, r.InvitedBy, r.Inviter, r.CreatedAt, r.ExpiresAt)
	var pe *pgconn.PgError
	switch {
	case pg.Constraint(err) == "one_open_invitation":
		return fault.New(fault.Conflict, "A colleague invited this person at the same moment")
	case errors.As(err, &pe) && pe.Code == "23503": // an office or agency that is not there
		return fault.Missing()
	}
	return err
}

func revoke(ctx context.Context, tx pg.Tx, r invitationRow, now time.Time) error {
	_, err := exec(ctx, tx, `update invitation set revoked_at = ?, version = version + 1 where id = ?`, now, r.ID)
	return err
}

// revokeBy takes back what a person offered who may not offer it any more.
func revokeBy(ctx context.Context, tx pg.Tx, r Right, now time.Time) error {
	_, err := exec(ctx, tx, `update invitation set revoked_at = ?, version = version + 1 where invited_by = ? and accepted_at is null and revoked_at is null
		and (company_id is not distinct from ? and agency_id is not distinct from ? or ? = 'staff' and audience in ('staff', 'partner'))`,
		now, r.PersonID, r.CompanyID, r.AgencyID, string(r.Audience))
	return err
}

func closeOffer(ctx context.Context, tx pg.Tx, id, person uuid.UUID, now time.Time) error {
	_, err := exec(ctx, tx, `update invitation set accepted_at = ?, accepted_by = ?, version = version + 1 where id = ?`, now, person, id)
	return err
}

func countAround(ctx context.Context, tx pg.Tx, r invitationRow, now time.Time) (there, open int, err error) {
	type counts struct{ There, Open int }
	n, err := scanOne[counts](ctx, tx, `select
		(select count(*) from person_right x join person p on p.id = x.person_id where lower(p.email) = ? and p.email_verified and x.ended_at is null
		  and coalesce(x.company_id, x.office_id, x.agency_id) = coalesce(?::uuid, ?::uuid, ?::uuid) and (x.audience <> 'staff' or x.role = ?)) as there,
		(select count(*) from invitation i where i.accepted_at is null and i.revoked_at is null and i.expires_at > ?
		  and coalesce(i.company_id, i.office_id, i.agency_id) = coalesce(?::uuid, ?::uuid, ?::uuid)) as open`,
		r.Email, r.CompanyID, r.OfficeID, r.AgencyID, string(r.Role), now, r.CompanyID, r.OfficeID, r.AgencyID)
	return n.There, n.Open, err
}

func addressOf(ctx context.Context, tx pg.Tx, person uuid.UUID) (email string, verified bool, err error) {
	type address struct {
		Email         string
		EmailVerified bool
	}
	a, err := scanOne[address](ctx, tx, `select email, email_verified from person where id = ?`, person)
	return a.Email, a.EmailVerified, err
}

func hasRight(ctx context.Context, tx pg.Tx, person uuid.UUID, r invitationRow) (bool, error) {
	return scanOne[bool](ctx, tx, `select exists (select from person_right where person_id = ? and ended_at is null
		and coalesce(company_id, office_id, agency_id) = coalesce(?::uuid, ?::uuid, ?::uuid) and (audience <> 'staff' or role = ?))`,
		person, r.CompanyID, r.OfficeID, r.AgencyID, string(r.Role))
}

const offerColumns = `i.id, i.email, i.audience, i.role, coalesce(c.name, o.name, a.name, '') as "for", i.parts, i.right_ends_on, i.inviter, i.created_at, i.expires_at, i.version
	from invitation i left join company c on c.id = i.company_id left join office o on o.id = i.office_id left join agency a on a.id = i.agency_id
	where i.accepted_at is null and i.revoked_at is null`

func findOffer(ctx context.Context, db *pg.DB, token []byte, now time.Time) (o Offer, err error) {
	err = db.Batch(ctx, pg.System, pg.One(&o, `select `+offerColumns+` and i.expires_at > $2 and i.token_hash = $1`, token, now))
	return o, err
}

func offersTo(ctx context.Context, db *pg.DB, by identity.Actor, now time.Time) (list []Offer, err error) {
	err = db.Batch(ctx, pg.System, pg.All(&list, `select `+offerColumns+` and i.expires_at > $2 and i.audience = $3 and (i.agency_id is null or i.agency_id = $4)
		and lower(i.email) = (select lower(email) from person where id = $1 and email_verified) order by i.created_at`, by.PersonID, now, string(by.Audience), by.AgencyID))
	return list, err
}
