package notice

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

type messageRow struct {
	ID          uuid.UUID
	CompanyID   uuid.UUID
	Direction   string
	Letter      string
	Subject     string
	Body        string
	SubjectKind string
	SubjectID   uuid.UUID
	Author      string
	WrittenBy   *uuid.UUID
	SentAt      time.Time
}

func (messageRow) TableName() string { return "message" }

type mailRow struct {
	ID        uuid.UUID
	CompanyID *uuid.UUID
	ToAddress string
	ToName    string
	Lang      string
	Subject   string
	Body      string
	MessageID *uuid.UUID
	CreatedAt time.Time
	SentAt    *time.Time
	Tries     int
	LastError string
	Calendar  string
	Method    string
}

func (mailRow) TableName() string { return "mail" }

type recipient struct {
	Email, Name, Lang string
}

// facts are what letters say of a company and its record.
type facts struct {
	Company, Office, Reference, Number string
}

func insertMessage(ctx context.Context, tx pg.Tx, row messageRow) error {
	return tx.WithContext(ctx).Create(&row).Error
}

// insertMail returns nothing: a company may add to the outbox and not look into it.
func insertMail(ctx context.Context, tx pg.Tx, row mailRow) error {
	return tx.WithContext(ctx).Create(&row).Error
}

// factsOf reads what letters say. A record of another company gives no reference.
func factsOf(ctx context.Context, tx pg.Tx, company uuid.UUID, kind string, id uuid.UUID) (f facts, err error) {
	r := tx.WithContext(ctx).Raw(`
		select c.name as company, coalesce(ao.name, o.name) as office,
		  coalesce(x.reference, y.reference, f.reference, ic.reference, ec.reference, ap.reference, cl.reference, v.reference, a.reference, n.reference, '') as reference, coalesce(m.number, '') as number
		from company c
		join office o on o.id = c.office_id
		left join profile_cycle y on @kind = 'profile' and y.id = @id and y.company_id = c.id
		left join change_case x on @kind = 'succession' and x.id = @id and x.company_id = c.id
		left join finding f on @kind = 'finding' and f.id = @id and f.company_id = c.id
		left join incident ic on @kind = 'incident' and ic.id = @id and ic.company_id = c.id
		left join enforcement_case ec on @kind = 'enforcement' and ec.id = @id and ec.company_id = c.id
		left join appeal ap on @kind = 'appeal' and ap.id = @id and ap.company_id = c.id
		left join claim cl on @kind = 'claim' and cl.id = @id and cl.company_id = c.id
		left join validation v on v.company_id = c.id and ((@kind = 'validation' and v.id = @id) or v.id = f.validation_id)
		left join application a on a.company_id = c.id and ((@kind = 'application' and a.id = @id) or a.id = y.application_id or a.id = v.application_id
		  or (@kind = 'membership' and a.id = (select application_id from membership where id = @id))
		  or a.id = (select application_id from membership where id = coalesce(ic.membership_id, ec.membership_id, ap.membership_id, cl.membership_id)))
		left join office ao on ao.id = a.office_id
		left join change_notice n on @kind = 'change_notice' and n.id = @id and n.company_id = c.id
		left join membership m on m.company_id = c.id and ((@kind = 'membership' and m.id = @id)
		  or (@kind = 'application' and m.application_id = @id) or m.id = y.membership_id or m.id = v.membership_id or m.id = x.membership_id or m.id = ic.membership_id or m.id = ec.membership_id or m.id = ap.membership_id or m.id = cl.membership_id
		  or (@kind = 'recognition' and m.id = (select membership_id from recognition where id = @id)))
		where c.id = @company`, map[string]any{"kind": kind, "id": id, "company": company}).Scan(&f)
	if r.Error == nil && r.RowsAffected == 0 {
		return f, fmt.Errorf("there is no company %s to write to", company)
	}
	return f, r.Error
}

// companyOf finds whose record it is.
func companyOf(ctx context.Context, tx pg.Tx, kind string, id uuid.UUID) (company uuid.UUID, err error) {
	var ids []uuid.UUID
	err = tx.WithContext(ctx).Raw(`
		select company_id from application where @kind = 'application' and id = @id
		union all select company_id from change_notice where @kind = 'change_notice' and id = @id
		union all select company_id from membership where @kind = 'membership' and id = @id
		union all select company_id from profile_cycle where @kind = 'profile' and id = @id
		union all select company_id from validation where @kind = 'validation' and id = @id
		union all select company_id from change_case where @kind = 'succession' and id = @id
		union all select company_id from finding where @kind = 'finding' and id = @id
		union all select company_id from incident where @kind = 'incident' and id = @id
		union all select company_id from enforcement_case where @kind = 'enforcement' and id = @id
		union all select company_id from appeal where @kind = 'appeal' and id = @id
		union all select company_id from claim where @kind = 'claim' and id = @id
		union all select company_id from recognition where @kind = 'recognition' and id = @id
		union all select id from company where @kind = 'company' and id = @id`, map[string]any{"kind": kind, "id": id}).Scan(&ids).Error
	if err == nil && len(ids) == 0 {
		err = fmt.Errorf("there is no %s %s", kind, id)
	}
	if err != nil {
		return uuid.Nil, err
	}
	return ids[0], nil
}

// companyPeople are those who act for the company today, with an address that is
// known to be theirs. Days are counted in the zone of the company's office.
func companyPeople(ctx context.Context, tx pg.Tx, company uuid.UUID, now time.Time) (people []recipient, err error) {
	err = tx.WithContext(ctx).Raw(`select p.email, p.name, p.lang`+peopleFrom+` and r.company_id = ? order by r.granted_at, r.id`, now, company).Scan(&people).Error
	return people, err
}

// peopleFrom are rights r of those who act for a company, with an address p that is known to be
// theirs. ? is the present.
const peopleFrom = `
		from person_right r
		join person p on p.id = r.person_id
		join company c on c.id = r.company_id
		join office o on o.id = c.office_id
		where r.audience = 'company' and r.ended_at is null
		  and r.role in ('owner', 'signatory', 'editor', 'representative')
		  and (?::timestamptz at time zone o.zone)::date between r.starts_on and coalesce(r.ends_on, 'infinity')
		  and p.email_verified and p.email <> ''`

// colleague is one person, if they act for the company today in whatever role.
func colleague(ctx context.Context, tx pg.Tx, company, person uuid.UUID, now time.Time) (people []recipient, err error) {
	err = tx.WithContext(ctx).Raw(`
		select p.email, p.name, p.lang from person p
		where p.id = ? and p.email_verified and p.email <> '' and exists (
		  select from person_right r join company c on c.id = r.company_id join office o on o.id = c.office_id
		  where r.person_id = p.id and r.company_id = ? and r.audience = 'company' and r.ended_at is null
		    and (?::timestamptz at time zone o.zone)::date between r.starts_on and coalesce(r.ends_on, 'infinity'))`, person, company, now).Scan(&people).Error
	return people, err
}

// staffPeople are those of the persons who act for the agency today. A company that
// sends something cannot see the agency's rights, so then the caller's choice holds:
// the e-mail says nothing that a former colleague may not know.
func staffPeople(ctx context.Context, tx pg.Tx, persons []uuid.UUID, now time.Time) (people []recipient, err error) {
	err = tx.WithContext(ctx).Raw(`
		select p.email, p.name, p.lang
		from person p
		where p.id in ? and p.email_verified and p.email <> ''
		  and (looking() = 'company' or exists (select from person_right r join office o on o.id = r.office_id
		    where r.person_id = p.id and r.audience = 'staff' and r.ended_at is null
		    and (?::timestamptz at time zone o.zone)::date between r.starts_on and coalesce(r.ends_on, 'infinity')))
		order by p.id`, persons, now).Scan(&people).Error
	return people, err
}

// own is the company that a query must be confined to: the actor's own, or any for staff.
func own(by identity.Actor) *uuid.UUID {
	if by.Audience == identity.Staff {
		return nil
	}
	return &by.CompanyID
}

func findMessage(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (m Full, err error) {
	r := tx.WithContext(ctx).Raw(`
		select m.id, m.direction, m.letter, m.subject, m.author, m.subject_kind, m.subject_id, m.sent_at, m.company_id, m.body,
		  c.name as company, `+itemReference+` as reference`+itemFrom+`
		join company c on c.id = m.company_id
		where m.id = @id and (cast(@company as uuid) is null or m.company_id = @company)`, map[string]any{"id": id, "company": own(by)}).Scan(&m)
	if r.Error == nil && r.RowsAffected == 0 {
		return m, fault.Missing()
	}
	return m, r.Error
}

// markRead notes that the person has read the message.
func markRead(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, m Full) error {
	return tx.WithContext(ctx).Exec(`insert into message_read (message_id, person_id, company_id, read_at) values (?, ?, ?, ?)
		on conflict do nothing`, m.ID, by.PersonID, m.CompanyID, now).Error
}

// findSubject reads an application that the actor may see.
func findSubject(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (a Subject, err error) {
	if !by.Is(identity.CompanyReaders...) && !by.Is(identity.CaseReaders...) {
		return a, fault.Missing()
	}
	r := tx.WithContext(ctx).Raw(`
		select a.id, a.company_id, c.name as company, a.reference, a.assignee_id, a.office_id
		from application a join company c on c.id = a.company_id
		where a.id = @id and (cast(@company as uuid) is null or a.company_id = @company)`, map[string]any{"id": id, "company": own(by)}).Scan(&a)
	if r.Error == nil && r.RowsAffected == 0 {
		return a, fault.Missing()
	}
	return a, r.Error
}

// lockMail takes an e-mail for sending; false when it was sent or somebody sends it now.
func lockMail(ctx context.Context, tx pg.Tx, id uuid.UUID) (m mailRow, ok bool, err error) {
	var rows []mailRow
	err = tx.WithContext(ctx).Raw(`select id, company_id, to_address, to_name, lang, subject, body, message_id, created_at, sent_at, tries, last_error, calendar, method
		from mail where id = ? and sent_at is null for update skip locked`, id).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return m, false, err
	}
	return rows[0], true, nil
}

func isSent(ctx context.Context, tx pg.Tx, id uuid.UUID) (sent bool, err error) {
	err = tx.WithContext(ctx).Raw(`select not exists (select from mail where id = ? and sent_at is null)`, id).Scan(&sent).Error
	return sent, err
}

func markSent(ctx context.Context, tx pg.Tx, id uuid.UUID, at time.Time) error {
	return tx.WithContext(ctx).Exec(`update mail set sent_at = ?, tries = tries + 1, last_error = '' where id = ?`, at, id).Error
}

func markFailed(ctx context.Context, tx pg.Tx, id uuid.UUID, why string) error {
	return tx.WithContext(ctx).Exec(`update mail set tries = tries + 1, last_error = ? where id = ?`, why, id).Error
}
