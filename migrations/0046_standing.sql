-- +goose Up
-- What a membership was worth on each day, as known at each moment.

create table standing_event (
  id            uuid primary key,
  seq           bigint generated always as identity unique,
  membership_id uuid not null references membership,
  company_id    uuid not null references company,
  kind          text not null check (kind in ('granted', 'awarded', 'suspended', 'reinstated', 'limited', 'restored', 'removed', 'annulled',
                  'withdrawn', 'succeeded', 'overturned')),
  types         text[] not null check (cardinality(types) between 1 and 10),
  effective_on  date not null,
  recorded_at   timestamptz not null,
  recorded_by   uuid references person,
  tier          text not null default '',
  benefits      text[] not null default '{}',
  undoes        uuid references standing_event,
  cause_kind    text not null,
  cause_id      uuid not null,
  ground        text not null default '',
  reason        text not null default '' check (length(reason) <= 4000),
  source        text not null default '',
  check ((kind = 'overturned') = (undoes is not null)),
  check ((kind = 'limited') = (cardinality(benefits) > 0)),
  check (kind in ('granted', 'awarded') or tier = '')
);
comment on table standing_event is 'Legal events about a membership. Never changed: a wrong one is overturned by a later one.';
comment on column standing_event.effective_on is 'First day of its effect, civil in the zone of the office in charge.';
create index standing_event_membership on standing_event (membership_id, seq);
create index standing_event_company on standing_event (company_id);
create index standing_event_cause on standing_event (cause_kind, cause_id);
create unique index overturned_once on standing_event (undoes) where undoes is not null;
create index standing_event_recorder on standing_event (recorded_by) where recorded_by is not null;
create trigger standing_event_append_only before update or delete on standing_event for each row execute function refuse_change();
create trigger standing_event_no_truncate before truncate on standing_event for each statement execute function refuse_change();

create table standing (
  id            bigint generated always as identity primary key,
  membership_id uuid not null references membership,
  company_id    uuid not null references company,
  type          text not null,
  state         text not null check (state in ('active', 'suspended', 'ended', 'annulled')),
  tier          text not null default '',
  denied        text[] not null default '{}',
  how           text not null default '',
  valid         daterange not null check (not isempty(valid) and lower_inc(valid)),
  known         tstzrange not null check (not isempty(known) and lower_inc(known)),
  event_id      uuid not null references standing_event,
  constraint one_standing_at_a_time exclude using gist (membership_id with =, type with =, valid with &&, known with &&)
);
comment on table standing is 'What follows from standing_event: the days for which a status is valid, and the time for which the portal knew it so.';
create index standing_company on standing (company_id);
create index standing_event_of on standing (event_id);
create index standing_now on standing (membership_id) where upper_inf(known);

create table standing_due (
  event_id      uuid primary key references standing_event,
  membership_id uuid not null references membership,
  company_id    uuid not null references company,
  at            timestamptz not null
);
comment on table standing_due is 'Events whose first day is still to come: what they set off happens at the start of that day.';
create index standing_due_at on standing_due (at);
create index standing_due_membership on standing_due (membership_id);
create index standing_due_company on standing_due (company_id);

-- Memberships of before: the tier they began with, and every award since, as the trail has them.
insert into standing_event (id, membership_id, company_id, kind, types, effective_on, recorded_at, tier, cause_kind, cause_id, source)
  select gen_random_uuid(), m.id, m.company_id, 'granted',
    case when m.programme = 'eu-aeo' and m.entity_type = 'aeof' then array['aeoc', 'aeos'] when m.programme = 'eu-aeo' then array[m.entity_type] else array['membership'] end,
    m.effective_on, m.created_at,
    coalesce((select e.before->>'tier' from audit_event e where e.subject_id = m.id and e.action = 'membership.award' order by e.at, e.id limit 1), m.tier),
    'application', m.application_id, ''
  from membership m order by m.created_at, m.id;
insert into standing_event (id, membership_id, company_id, kind, types, effective_on, recorded_at, tier, cause_kind, cause_id, reason)
  select gen_random_uuid(), m.id, m.company_id, 'awarded', g.types, greatest(g.effective_on, (e.at at time zone o.zone)::date), e.at, e.after->>'tier', 'membership', m.id, coalesce(e.reason, '')
  from audit_event e join membership m on m.id = e.subject_id join standing_event g on g.membership_id = m.id and g.kind = 'granted'
  join application a on a.id = m.application_id join office o on o.id = a.office_id
  where e.action = 'membership.award' order by e.at, e.id;
insert into standing (membership_id, company_id, type, state, tier, valid, known, event_id)
  select e.membership_id, e.company_id, t.type, 'active', e.tier,
    daterange(e.effective_on, lead(e.effective_on) over w, '[)'), tstzrange(e.recorded_at, null, '[)'), e.id
  from standing_event e cross join lateral unnest(e.types) t(type)
  window w as (partition by e.membership_id, t.type order by e.effective_on, e.seq);

-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['standing_event', 'standing', 'standing_due'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format($p$create policy fence on %I using ((select looking()) in ('system', 'staff')
      or ((select looking()) = 'company' and company_id = (select looking_company())))$p$, t);
  end loop;
end $$;
-- +goose StatementEnd
grant select, insert on standing_event to portal_app;
grant select, insert, update, delete on standing to portal_app;
grant select, insert, delete on standing_due to portal_app;

-- Clocks of the records that enforcement, leaving and partners bring.
alter table clock drop constraint clock_subject_kind_check;
alter table clock add constraint clock_subject_kind_check check (subject_kind in ('application', 'membership', 'change_notice', 'profile', 'validation',
  'finding', 'incident', 'enforcement', 'appeal', 'succession', 'questionnaire'));
