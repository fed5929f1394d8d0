package signin

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

type flowRow struct {
	StateHash, BrowserHash    []byte
	Provider, Nonce, Verifier string
	Fresh                     bool
	ReturnTo                  string
	CreatedAt, ExpiresAt      time.Time
}

func (flowRow) TableName() string { return "sign_in" }

type personRow struct {
	ID              uuid.UUID
	Issuer, Subject string
	Email           string
	EmailVerified   bool
	Name, Lang      string
	CreatedAt       time.Time
	LastSeenAt      *time.Time
}

type sessionRow struct {
	ID          uuid.UUID
	SecretHash  []byte
	PersonID    uuid.UUID
	RightID     *uuid.UUID
	Provider    string
	Audience    string
	AgencyID    *uuid.UUID
	ProviderSID string `gorm:"column:provider_sid"`
	IDToken     []byte `gorm:"column:id_token"`
	CSRF        string `gorm:"column:csrf"`
	UserAgent   string
	CreatedAt   time.Time
	LastSeenAt  time.Time
	IdleUntil   time.Time
	ExpiresAt   time.Time
	EndedAt     *time.Time
}

func (sessionRow) TableName() string { return "session" }

type rightRow struct {
	ID     uuid.UUID
	Role   string
	For    string
	EndsOn *time.Time
}

type keptRow struct {
	TokenHash            []byte
	PersonID             *uuid.UUID
	Path                 string
	Sealed               []byte
	CreatedAt, ExpiresAt time.Time
}

func (keptRow) TableName() string { return "kept_form" }

func insertFlow(ctx context.Context, tx pg.Tx, row flowRow) error {
	return tx.WithContext(ctx).Create(&row).Error
}

// takeFlow removes the sign-in and hands it out: a second answer with the same
// state finds nothing.
func takeFlow(ctx context.Context, tx pg.Tx, state, browser []byte, provider string, now time.Time) (flowRow, bool, error) {
	var rows []flowRow
	err := tx.WithContext(ctx).Raw(`delete from sign_in where state_hash = ? and browser_hash = ? and provider = ? and expires_at > ?
		returning state_hash, browser_hash, provider, nonce, verifier, fresh, return_to, created_at, expires_at`,
		state, browser, provider, now).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return flowRow{}, false, err
	}
	return rows[0], true, nil
}

func upsertPerson(ctx context.Context, tx pg.Tx, p personRow) (personRow, error) {
	var out personRow
	err := tx.WithContext(ctx).Raw(`insert into person (id, issuer, subject, email, email_verified, name, lang, created_at, last_seen_at)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?)
		on conflict (issuer, subject) do update set email = excluded.email, email_verified = excluded.email_verified,
			name = excluded.name, last_seen_at = excluded.last_seen_at, version = person.version + 1
		returning id, issuer, subject, email, email_verified, name, lang, created_at, last_seen_at`,
		p.ID, p.Issuer, p.Subject, p.Email, p.EmailVerified, p.Name, p.Lang, p.CreatedAt, p.LastSeenAt).Scan(&out).Error
	return out, err
}

func findPerson(ctx context.Context, tx pg.Tx, issuer, subject string) (*personRow, error) {
	var rows []personRow
	err := tx.WithContext(ctx).Raw(`select id, issuer, subject, email, email_verified, name, lang, created_at, last_seen_at
		from person where issuer = ? and subject = ? for update`, issuer, subject).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

func agencyID(ctx context.Context, tx pg.Tx, code string) (uuid.UUID, error) {
	var ids []uuid.UUID
	if err := tx.WithContext(ctx).Raw(`select id from agency where code = ?`, code).Scan(&ids).Error; err != nil {
		return uuid.Nil, err
	}
	if len(ids) == 0 {
		return uuid.Nil, fault.New(fault.Forbidden, "Your agency is not set up here yet. Ask the administration that runs this portal")
	}
	return ids[0], nil
}

// liveRightSQL: a right's days are counted in the zone of the office that looks
// after the company, of the staff member's office, or of the agency.
const liveRightSQL = `
	from person_right r
	left join company c on c.id = r.company_id
	left join office o on o.id = coalesce(r.office_id, c.office_id)
	left join agency a on a.id = r.agency_id
	where r.ended_at is null
	and (?::timestamptz at time zone coalesce(o.zone, a.zone, 'UTC'))::date between r.starts_on and coalesce(r.ends_on, 'infinity')`

func liveRights(ctx context.Context, tx pg.Tx, person uuid.UUID, audience string, agency *uuid.UUID, now time.Time) (rows []rightRow, err error) {
	err = tx.WithContext(ctx).Raw(`select r.id, r.role, coalesce(c.name, o.name, a.name) as "for", r.ends_on`+liveRightSQL+`
		and r.person_id = ? and r.audience = ? and (r.audience <> 'partner' or r.agency_id = ?)
		order by 3, 2, 1`, now, person, audience, agency).Scan(&rows).Error
	return rows, err
}

func insertSession(ctx context.Context, tx pg.Tx, row sessionRow) error {
	return tx.WithContext(ctx).Create(&row).Error
}

func liveSession(ctx context.Context, tx pg.Tx, id, person uuid.UUID) (row sessionRow, err error) {
	err = tx.WithContext(ctx).Where("id = ? and person_id = ? and ended_at is null", id, person).First(&row).Error
	return row, err
}

// lockSession is liveSession for a change that depends on what the session is.
func lockSession(ctx context.Context, tx pg.Tx, id, person uuid.UUID) (row sessionRow, err error) {
	err = tx.WithContext(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).
		Where("id = ? and person_id = ? and ended_at is null", id, person).First(&row).Error
	return row, err
}

func endSession(ctx context.Context, tx pg.Tx, id, person uuid.UUID, now time.Time) (row sessionRow, err error) {
	if row, err = liveSession(ctx, tx, id, person); err != nil {
		return row, err
	}
	return row, tx.WithContext(ctx).Exec(`update session set ended_at = ?, id_token = null where id = ?`, now, id).Error
}

func endOthers(ctx context.Context, tx pg.Tx, person, current uuid.UUID, now time.Time) error {
	return tx.WithContext(ctx).Exec(`update session set ended_at = ?, id_token = null
		where person_id = ? and id <> ? and ended_at is null`, now, person, current).Error
}

func rotate(ctx context.Context, tx pg.Tx, id uuid.UUID, secretHash []byte, csrf string, right uuid.UUID) error {
	return tx.WithContext(ctx).Exec(`update session set secret_hash = ?, csrf = ?, right_id = ? where id = ?`, secretHash, csrf, right, id).Error
}

func setLang(ctx context.Context, tx pg.Tx, person uuid.UUID, tag string) error {
	return tx.WithContext(ctx).Exec(`update person set lang = ? where id = ?`, tag, person).Error
}

func setZone(ctx context.Context, tx pg.Tx, person uuid.UUID, zone string) error {
	return tx.WithContext(ctx).Exec(`update person set zone = ? where id = ?`, zone, person).Error
}

// sender finds whose form it is: by the secret of the session, which may have ended, or
// by the token that the page put into the form.
func sender(ctx context.Context, tx pg.Tx, secretHash []byte, csrf string) (person uuid.UUID, found bool, err error) {
	var ids []uuid.UUID
	err = tx.WithContext(ctx).Raw(`select person_id from session where secret_hash = ? or (? <> '' and csrf = ?)
		order by secret_hash = ? desc limit 1`, secretHash, csrf, csrf, secretHash).Scan(&ids).Error
	if err != nil || len(ids) == 0 {
		return uuid.Nil, false, err
	}
	return ids[0], true, nil
}

func insertKept(ctx context.Context, tx pg.Tx, row keptRow) (kept bool, err error) {
	r := tx.WithContext(ctx).Exec(`insert into kept_form (token_hash, person_id, path, sealed, created_at, expires_at)
		select ?, ?, ?, ?, ?, ? where (select count(*) from kept_form where person_id = ? and expires_at > ?) < ?`,
		row.TokenHash, row.PersonID, row.Path, row.Sealed, row.CreatedAt, row.ExpiresAt, row.PersonID, row.CreatedAt, keptForms)
	return r.RowsAffected == 1, r.Error
}

func takeKept(ctx context.Context, tx pg.Tx, token []byte, person uuid.UUID, now time.Time) (keptRow, error) {
	var rows []keptRow
	err := tx.WithContext(ctx).Raw(`delete from kept_form where token_hash = ? and person_id = ? and expires_at > ?
		returning token_hash, person_id, path, sealed, created_at, expires_at`, token, person, now).Scan(&rows).Error
	if err != nil {
		return keptRow{}, err
	}
	if len(rows) == 0 {
		return keptRow{}, fault.Missing()
	}
	return rows[0], nil
}

func ownSessions(ctx context.Context, db *pg.DB, person uuid.UUID, now time.Time) (rows []Session, err error) {
	err = db.Batch(ctx, pg.System, pg.All(&rows, `select id, provider, user_agent, created_at, last_seen_at, expires_at, false as current
		from session where person_id = $1 and ended_at is null and idle_until > $2 and expires_at > $2 order by last_seen_at desc limit 50`, person, now))
	return rows, err
}

func hit(ctx context.Context, db *pg.DB, key string, from time.Time) (n int, err error) {
	err = db.Batch(ctx, pg.System, pg.Value(&n, `insert into rate_limit (key, window_from, hits) values ($1, $2, 1)
		on conflict (key, window_from) do update set hits = rate_limit.hits + 1 returning hits`, key, from))
	return n, err
}

type knownRow struct {
	SessionID, PersonID  uuid.UUID
	RightID              *uuid.UUID
	CSRF                 string `db:"csrf"`
	Provider, Audience   string
	Name, Email          string
	Lang, Zone           string
	Role                 string
	CompanyID, OfficeID  *uuid.UUID
	AgencyID             *uuid.UUID
	Company, Agency      string
	Offices              []uuid.UUID
	Rights, Unread       int
	IdleUntil, ExpiresAt time.Time
	OtherAgency          bool
}

func recognise(ctx context.Context, db *pg.DB, secretHash []byte, now time.Time, idle time.Duration) (row knownRow, found bool, err error) {
	err = db.Alone(ctx, pg.One(&row, `select session_id, person_id, right_id, csrf, provider, audience, name, email, lang, zone, role, company_id, office_id,
		agency_id, company, agency, offices, rights, unread, idle_until, expires_at, other_agency from recognise_session($1, $2, $3)`, secretHash, now, idle))
	var f *fault.Error
	if errors.As(err, &f) && f.Kind == fault.NotFound {
		return row, false, nil
	}
	return row, err == nil, err
}

func (r knownRow) known(requestID string) Known {
	value := func(id *uuid.UUID) uuid.UUID {
		if id == nil {
			return uuid.Nil
		}
		return *id
	}
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		zone = time.UTC
	}
	return Known{
		Actor: identity.Actor{
			PersonID: r.PersonID, RightID: value(r.RightID), SessionID: r.SessionID, Name: r.Name, Email: r.Email,
			Audience: identity.Audience(r.Audience), Role: identity.Role(r.Role), CompanyID: value(r.CompanyID), Company: r.Company,
			OfficeID: value(r.OfficeID), Offices: r.Offices, AgencyID: value(r.AgencyID), Agency: r.Agency, Domestic: r.OtherAgency,
			Zone: zone, Lang: r.Lang, RequestID: requestID,
		},
		CSRF: r.CSRF, Provider: r.Provider, Rights: r.Rights, Unread: r.Unread, IdleUntil: r.IdleUntil, ExpiresAt: r.ExpiresAt,
	}
}
