package notice

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// manyRows bounds the rows of one statement.
const manyRows = 1000

// ToMembers adds letters about many recognitions, each to its company: what ToCompany does for
// one, in a handful of statements for all. The caller bounds their number; a few hundred are a
// good piece of work.
func (l *Letters) ToMembers(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, list []Letter) error {
	if len(list) == 0 {
		return nil
	}
	known, err := factsOfAll(ctx, tx, list)
	if err != nil {
		return fmt.Errorf("write letters: %w", err)
	}
	official := l.catalogues().With(ctx, i18n.Source)
	messages, of := make([]messageRow, len(list)), map[uuid.UUID][]int{}
	for i, in := range list {
		letter, ok := in.Programme.Letter(in.Code)
		if !ok {
			return fmt.Errorf("write letters: programme %s has no letter %q", in.Programme.Code, in.Code)
		}
		subject, body, err := letter.Render(l.values(official, identity.Companies, in, known[i], known[i].Company))
		if err != nil {
			return err
		}
		messages[i] = messageRow{ID: pg.NewID(), CompanyID: in.Company, Direction: string(ToCompany), Letter: in.Code, Subject: subject, Body: body,
			SubjectKind: AboutRecognition, SubjectID: in.SubjectID, Author: l.author(official), WrittenBy: writer(by), SentAt: now}
		of[in.Company] = append(of[in.Company], i)
	}
	if err := tx.WithContext(ctx).CreateInBatches(messages, manyRows).Error; err != nil {
		return fmt.Errorf("put letters into the inboxes: %w", err)
	}
	people, err := peopleOfAll(ctx, tx, of, now)
	if err != nil {
		return fmt.Errorf("find whom to tell: %w", err)
	}
	var mails []mailRow
	for _, p := range people {
		for _, i := range of[p.CompanyID] {
			m := messages[i]
			mails = append(mails, l.waits(ctx, now, recipient{p.Email, p.Name, p.Lang}, &m.CompanyID, &m.ID, known[i].Reference, "/inbox/"+m.ID.String()))
		}
	}
	return l.mails(ctx, tx, mails)
}

// ToAgency tells the people of a partner agency by e-mail that something waits for them on a
// page of the portal. Like every e-mail it says no more than that.
func (l *Letters) ToAgency(ctx context.Context, tx pg.Tx, now time.Time, agency uuid.UUID, path string) error {
	var people []recipient
	err := tx.WithContext(ctx).Raw(`select p.email, p.name, p.lang from person_right r join person p on p.id = r.person_id join agency a on a.id = r.agency_id
		where r.agency_id = ? and r.audience = 'partner' and r.ended_at is null and p.email_verified and p.email <> ''
		  and (?::timestamptz at time zone coalesce(a.zone, 'UTC'))::date between r.starts_on and coalesce(r.ends_on, 'infinity')
		order by r.granted_at, r.id limit 200`, agency, now).Scan(&people).Error
	if err != nil {
		return fmt.Errorf("find whom to tell: %w", err)
	}
	mails := make([]mailRow, len(people))
	for i, p := range people {
		mails[i] = l.waits(ctx, now, p, nil, nil, "", path)
	}
	return l.mails(ctx, tx, mails)
}

// ToDesk tells people of the agency by e-mail that something waits for them on a page of the
// portal that is about no company; see ToStaff for those that are.
func (l *Letters) ToDesk(ctx context.Context, tx pg.Tx, now time.Time, persons []uuid.UUID, path string) error {
	if len(persons) == 0 {
		return nil
	}
	people, err := staffPeople(ctx, tx, persons, now)
	if err != nil {
		return fmt.Errorf("find whom to tell: %w", err)
	}
	mails := make([]mailRow, len(people))
	for i, p := range people {
		mails[i] = l.waits(ctx, now, p, nil, nil, "", path)
	}
	return l.mails(ctx, tx, mails)
}

// mails adds e-mails to the outbox, each with its job.
func (l *Letters) mails(ctx context.Context, tx pg.Tx, mails []mailRow) error {
	if len(mails) == 0 {
		return nil
	}
	if err := tx.WithContext(ctx).CreateInBatches(mails, manyRows).Error; err != nil {
		return fmt.Errorf("put e-mails into the outbox: %w", err)
	}
	jobs := make([]river.InsertManyParams, len(mails))
	for i, m := range mails {
		jobs[i] = river.InsertManyParams{Args: MailArgs{ID: m.ID}}
	}
	return tx.EnqueueAll(ctx, jobs)
}

// factsOfAll reads what letters say of many recognitions, in the order of the letters, as
// factsOf does for one.
func factsOfAll(ctx context.Context, tx pg.Tx, list []Letter) ([]facts, error) {
	ids, companies := make(pg.Strings, len(list)), make(pg.Strings, len(list))
	for i, in := range list {
		ids[i], companies[i] = in.SubjectID.String(), in.Company.String()
	}
	var rows []struct {
		Facts facts `gorm:"embedded"`
		At    int
	}
	err := tx.WithContext(ctx).Raw(`select q.at::int as at, c.name as company, o.name as office, coalesce(m.number, '') as number
		from unnest(?::uuid[], ?::uuid[]) with ordinality q(id, company, at) join company c on c.id = q.company join office o on o.id = c.office_id
		left join recognition r on r.id = q.id and r.company_id = c.id left join membership m on m.id = r.membership_id`, ids, companies).Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	out := make([]facts, len(list))
	for _, r := range rows {
		out[r.At-1] = r.Facts
	}
	for i, f := range out {
		if f.Company == "" {
			return nil, fmt.Errorf("there is no company %s to write to", list[i].Company)
		}
	}
	return out, nil
}

type personOf struct {
	CompanyID         uuid.UUID
	Email, Name, Lang string
}

// peopleOfAll are those who act for companies today, as companyPeople.
func peopleOfAll(ctx context.Context, tx pg.Tx, of map[uuid.UUID][]int, now time.Time) (people []personOf, err error) {
	ids := make(pg.Strings, 0, len(of))
	for id := range of {
		ids = append(ids, id.String())
	}
	err = tx.WithContext(ctx).Raw(`select r.company_id, p.email, p.name, p.lang`+peopleFrom+` and r.company_id = any(?::uuid[]) order by r.company_id, r.granted_at, r.id`, now, ids).Scan(&people).Error
	return people, err
}
