package scale

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// years is how many security profiles every company gets: the one it was certified with
// and three yearly reviews, of which the last is under way.
const years = 4

// historySQL makes, for every company that has nothing to do with one kind of member, a
// membership of that kind and its profiles. The answers are those of the demo's fullest
// profile of that kind. $1 is the number of years.
var historySQL = []string{
	`create temp table pattern_cycle as
		select y.id, y.programme, y.entity_type, y.edition, y.edition_hash, count(*) as answers from profile_cycle y
		join profile_answer a on a.cycle_id = y.id and a.site_id is null
		where y.programme = 'ctpat' and exists (select from profile_submission s where s.cycle_id = y.id) group by y.id
		order by count(*) >= 150 desc, (select count(distinct p.company_id) from application p where p.programme = y.programme and p.entity_type = y.entity_type), count(*) desc, y.id
		limit 1`,
	`create temp table firm as
		select c.id, c.office_id, row_number() over (order by c.id) as n, y.programme, y.entity_type, y.edition, y.edition_hash,
			date_trunc('day', now()) - interval '3 years' - ((row_number() over (order by c.id)) % 280 + 10) * interval '1 day' + interval '15 hours' as certified
		from company c, pattern_cycle y
		where not exists (select from application a where a.company_id = c.id and a.programme = y.programme and a.entity_type = y.entity_type)`,
	`insert into application (id, reference, company_id, programme, edition, edition_hash, entity_type, office_id, status, opened_at, submitted_at, decided_at, closed_at, round)
		select md5(f.id::text || 'application')::uuid, 'CT-' || to_char(f.certified, 'YYYY') || '-7' || lpad(f.n::text, 6, '0'), f.id, f.programme, a.edition, a.edition_hash, f.entity_type,
			f.office_id, 'certified', f.certified - interval '90 days', f.certified - interval '60 days', f.certified, f.certified, 1
		from firm f, (select edition, edition_hash from application where programme = 'ctpat' limit 1) a`,
	`insert into membership (id, company_id, application_id, programme, edition, entity_type, number, tier, status, certified_on, effective_on, created_at)
		select md5(f.id::text || 'membership')::uuid, f.id, md5(f.id::text || 'application')::uuid, f.programme, m.edition, f.entity_type, 'S7' || lpad(f.n::text, 7, '0'), m.tier, 'active',
			f.certified::date, f.certified::date, f.certified
		from firm f, (select edition, tier from membership where programme = 'ctpat' limit 1) m`,
	`insert into standing_event (id, membership_id, company_id, kind, types, effective_on, recorded_at, tier, cause_kind, cause_id)
		select md5(f.id::text || 'granted')::uuid, m.id, m.company_id, 'granted', array['membership'], m.effective_on, m.created_at, m.tier, 'application', m.application_id
		from firm f join membership m on m.id = md5(f.id::text || 'membership')::uuid`,
	`insert into standing (membership_id, company_id, type, state, tier, valid, known, event_id)
		select e.membership_id, e.company_id, 'membership', 'active', e.tier, daterange(e.effective_on, null, '[)'), tstzrange(e.recorded_at, null, '[)'), e.id
		from firm f join standing_event e on e.id = md5(f.id::text || 'granted')::uuid`,
	`insert into profile_cycle (id, reference, company_id, programme, entity_type, kind, number, edition, edition_hash, office_id, application_id, membership_id, previous_id,
			status, opened_at, submitted_at, accepted_at, round)
		select md5(f.id::text || k)::uuid, 'SP-' || extract(year from f.certified)::int + k - 1 || '-7' || lpad(f.n::text, 6, '0'), f.id, f.programme, f.entity_type,
			case when k = 1 then 'initial' else 'annual' end, k, f.edition, f.edition_hash, f.office_id,
			case when k = 1 then md5(f.id::text || 'application')::uuid end, case when k > 1 then md5(f.id::text || 'membership')::uuid end,
			case when k > 1 then md5(f.id::text || (k - 1))::uuid end,
			case when k < $1 then 'accepted' when f.n % 2 = 0 then 'open' else 'in_review' end,
			f.certified + (k - 1) * interval '1 year' - interval '85 days',
			case when k < $1 or f.n % 2 = 1 then f.certified + (k - 1) * interval '1 year' - interval '50 days' end,
			case when k < $1 then f.certified + (k - 1) * interval '1 year' - interval '20 days' end,
			case when k < $1 or f.n % 2 = 1 then 1 else 0 end
		from firm f, generate_series(1, $1) k`,
	// What the agency reads is what was submitted: this year's, and last year's beside it.
	`insert into profile_submission (id, cycle_id, company_id, round, body, sha256, submitted_by, submitted_at, attested_name, attested_title)
		select md5(y.id::text || 'submission')::uuid, y.id, y.company_id, 1, s.body, s.sha256, s.submitted_by, y.submitted_at, s.attested_name, s.attested_title
		from firm f, profile_cycle y, (select s.* from profile_submission s join pattern_cycle p on p.id = s.cycle_id order by s.round desc limit 1) s
		where f.n % 2 = 1 and y.id in (md5(f.id::text || $1::int)::uuid, md5(f.id::text || ($1::int - 1))::uuid)`,
}

// answersSQL fills the profiles in with 190 answers each: some nine million rows at full size. Of the one that
// is open, every fifth answer is still as it was carried over. The answers of a profile are
// written together, as they are when a review opens with those of the last one, and so lie
// together on the disk; offset 0 keeps PostgreSQL from writing question after question.
const answersSQL = `with pattern as materialized (
		select a.* from profile_answer a join pattern_cycle p on p.id = a.cycle_id where a.site_id is null order by a.question limit 190)
	insert into profile_answer (cycle_id, company_id, criterion, question, site_id, value, choice, complete, carried, version, updated_at, updated_by, author)
	select y.id, y.company_id, a.criterion, a.question, null, a.value, a.choice, a.complete, y.status = 'open' and hashtext(a.question) % 5 = 0, 1,
		y.opened_at + (abs(hashtext(a.question)) % 30) * interval '1 day', null, a.author
	from profile_cycle y cross join lateral (select * from pattern where y.id is not null offset 0) a
	where y.id in (select md5(f.id::text || k)::uuid from firm f, generate_series(1, $1) k)`

// profiles gives every company years of security profiles.
func (s *seeder) profiles(ctx context.Context) (rows int, err error) {
	tx, err := s.conn.Begin(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback(ctx) }() // does nothing after Commit
	for i, sql := range historySQL {
		var args []any
		if strings.Contains(sql, "$1") {
			args = []any{years}
		}
		done, err := tx.Exec(ctx, sql, args...)
		if err != nil {
			return rows, fmt.Errorf("step %d: %w", i+1, err)
		}
		rows += int(done.RowsAffected())
	}
	n, err := s.answers(ctx, tx)
	if err != nil {
		return rows, fmt.Errorf("answers: %w", err)
	}
	return rows + n, tx.Commit(ctx)
}

// answers is done without the index, which is made afterwards: that takes a third of the time.
func (s *seeder) answers(ctx context.Context, tx pgx.Tx) (int, error) {
	if !s.scale.Checked {
		if _, err := tx.Exec(ctx, `alter table profile_answer drop constraint profile_answer_once`); err != nil {
			return 0, err
		}
	}
	done, err := tx.Exec(ctx, answersSQL, years)
	if err != nil || s.scale.Checked {
		return int(done.RowsAffected()), err
	}
	_, err = tx.Exec(ctx, `alter table profile_answer add constraint profile_answer_once unique nulls not distinct (cycle_id, question, site_id)`)
	return int(done.RowsAffected()), err
}
