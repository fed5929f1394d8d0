-- +goose Up
-- Benefits to which members are entitled and that their reports do not show: a work list of
-- headquarters. What companies report is private, so the list holds bands of five only, of
-- groups of five companies at least, and is counted once a month: two counts of different
-- groups on one day, or of one group before and after somebody joins, cannot be compared.

create table benefit_gap_count (
  month      date primary key check (extract(day from month) = 1),
  counted_at timestamptz not null,
  counted_by uuid not null references person,
  counter    text not null
);
comment on table benefit_gap_count is 'When gaps were counted, with the last of the twelve months that reports were looked through for. Once for each month.';
create index benefit_gap_count_person on benefit_gap_count (counted_by);

create table benefit_gap (
  id          uuid primary key default gen_random_uuid(),
  programme   text not null,
  benefit     text not null,
  entity_type text not null,
  tier        text not null default '',
  arrangement text not null default '',
  month       date not null references benefit_gap_count,
  entitled    int not null check (entitled >= 0),
  reported    int check (reported >= 5 and reported % 5 = 0),
  seen        int check (seen >= 5 and seen % 5 = 0),
  unseen      int check (unseen >= 5 and unseen % 5 = 0),
  status      text not null default 'new' check (status in ('new', 'looked_into', 'explained', 'mended')),
  owner_id    uuid references person,
  note        text not null default '' check (length(note) <= 4000),
  version     int not null default 1,
  constraint one_gap unique (programme, benefit, entity_type, tier, arrangement),
  constraint nothing_of_few check (reported is not null or seen is null and unseen is null)
);
comment on table benefit_gap is 'For a benefit, a kind of member and a tier: how many are entitled, how many reported, and in how many reports it is seen. Bands: 10 is 10 to 14; null is fewer than five, or not told because fewer than five reported.';
create index benefit_gap_month on benefit_gap (month);
create index benefit_gap_owner on benefit_gap (owner_id) where owner_id is not null;

create table benefit_gap_step (
  id        uuid primary key,
  gap_id    uuid not null references benefit_gap,
  status    text not null check (status in ('new', 'looked_into', 'explained', 'mended')),
  owner     text not null,
  note      text not null check (length(note) <= 4000),
  author    text not null,
  person_id uuid not null references person,
  at        timestamptz not null
);
comment on table benefit_gap_step is 'What headquarters said about a gap, step by step.';
create index benefit_gap_step_gap on benefit_gap_step (gap_id, at);
create index benefit_gap_step_person on benefit_gap_step (person_id);
create trigger benefit_gap_step_append_only before update or delete on benefit_gap_step for each row execute function refuse_change();
create trigger benefit_gap_step_no_truncate before truncate on benefit_gap_step for each statement execute function refuse_change();

-- Counts companies in bands of five; null: fewer than five.
create function band_of_five(n bigint) returns int
  language sql immutable parallel safe
  as $$ select case when n < 5 then null else (n / 5 * 5)::int end $$;

-- Counts the gaps of the twelve months up to a month, once. asked are rows of programmes' data,
-- never of companies: who belongs to a row follows from memberships. False: that month was
-- counted before.
-- +goose StatementBegin
create function benefit_gap_make(asked jsonb, last_month date, today date, at timestamptz, who uuid, name text) returns boolean
  language plpgsql set search_path = public set portal.scope = 'system' as $$
declare first_month date := (last_month - interval '11 months')::date;
begin
  insert into benefit_gap_count (month, counted_at, counted_by, counter) values (last_month, at, who, name) on conflict do nothing;
  if not found then return false; end if;
  with a as (
    select row_number() over () as n, x.* from jsonb_to_recordset(asked) x(programme text, benefit text, entity_type text, tier text, arrangement text, standing_types text[],
      kinds text[], types text[], without text, layouts text[], less text[], countries text[])
  ), has as (
    select a.n, m.company_id from a join membership m on m.programme = a.programme and m.entity_type = a.entity_type
      join standing s on s.membership_id = m.id and upper_inf(s.known) and s.valid @> today and s.state = 'active' and s.type = any(a.standing_types) and s.tier = a.tier and not a.benefit = any(s.denied)
    where a.arrangement = '' or exists (select from recognition r where r.membership_id = m.id and r.arrangement = a.arrangement and r.status = 'recognised')
    group by a.n, m.company_id
  ), brought as (
    select company_id, array_agg(distinct layout) as layouts from benefit_import
    where status = 'taken' and last_on >= first_month and first_on < last_month + interval '1 month' group by company_id
  ), told as (
    select has.n, has.company_id, b.company_id is not null as reported,
      b.company_id is not null and case when a.without <> '' then
        coalesce((select sum(x.entries) from benefit_month x where x.company_id = has.company_id and x.month between first_month and last_month and x.kind = any(a.kinds) and x.type = '' and x.country = ''
          group by x.kind having sum(x.entries) > 0 order by array_position(a.kinds, x.kind::text) limit 1), 0)
        > coalesce((select sum(x.entries) from benefit_month x where x.company_id = has.company_id and x.month between first_month and last_month and x.kind = a.without and x.type = '' and x.country = ''), 0)
      else exists (select from benefit_month x where x.company_id = has.company_id and x.month between first_month and last_month and x.kind = any(a.kinds)
        and case when cardinality(a.types) > 0 then x.type = any(a.types) when cardinality(a.countries) > 0 then x.country = any(a.countries) else x.type = '' and x.country = '' end) end as seen
    from has join a on a.n = has.n left join brought b on b.company_id = has.company_id and b.layouts && a.layouts and (a.without = '' or b.layouts && a.less)
  ), counted as (
    select n, count(*)::int as entitled, count(*) filter (where reported) as reported, count(*) filter (where reported and seen) as seen, count(*) filter (where reported and not seen) as unseen from told group by n
  )
  insert into benefit_gap (programme, benefit, entity_type, tier, arrangement, month, entitled, reported, seen, unseen)
    select a.programme, a.benefit, a.entity_type, a.tier, a.arrangement, last_month, coalesce(c.entitled, 0), band_of_five(c.reported),
      case when c.reported >= 5 then band_of_five(c.seen) end, case when c.reported >= 5 then band_of_five(c.unseen) end
    from a left join counted c on c.n = a.n
    on conflict on constraint one_gap do update set month = excluded.month, entitled = excluded.entitled, reported = excluded.reported, seen = excluded.seen, unseen = excluded.unseen, version = benefit_gap.version + 1;
  return true;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['benefit_gap_count', 'benefit_gap', 'benefit_gap_step'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy fence on %I using ((select looking_inside()))', t);
  end loop;
end $$;
-- +goose StatementEnd
grant select, insert on benefit_gap_count, benefit_gap_step to portal_app;
grant select, insert, update on benefit_gap to portal_app;
