-- +goose Up
-- What membership brings: events of a company (entries, examinations, crossings, mitigation and
-- more), the files that they came from, and sums of them by month. Only the company itself sees
-- its rows; the agency sees sums over several companies, by benefit_of_many.

create table benefit_import (
  id               uuid primary key,
  company_id       uuid not null references company,
  layout           text not null check (layout ~ '^[a-z0-9_]{2,40}$'),
  file_name        text not null check (length(file_name) between 1 and 200),
  sha256           text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  size             bigint not null check (size > 0),
  blob_key         text not null,
  heading          jsonb not null,
  mapping          jsonb not null default '{}',
  mapped           boolean not null default false,
  status           text not null check (status in ('draft', 'waiting', 'working', 'stopped', 'taken', 'undoing', 'undone', 'replaced')),
  replaces_from    date,
  replaces_to      date,
  rows_read        int not null default 0,
  rows_wrong       int not null default 0,
  bytes_read       bigint not null default 0,
  events_staged    int not null default 0,
  events_taken     int not null default 0,
  events_duplicate int not null default 0,
  first_on         date,
  last_on          date,
  failure          text not null default '' check (length(failure) <= 1000),
  brought_by       uuid references person,
  bringer          text not null check (length(bringer) <= 200),
  brought_at       timestamptz not null,
  begun_at         timestamptz,
  finished_at      timestamptz,
  undone_at        timestamptz,
  replaced_by      uuid references benefit_import,
  version          int not null default 1,
  constraint replaces_a_period check ((replaces_from is null) = (replaces_to is null) and replaces_from <= replaces_to),
  constraint finished_once_taken check (status not in ('taken', 'undoing', 'undone', 'replaced') or finished_at is not null),
  constraint mapped_before_taken check (status = 'draft' or mapped),
  check ((status = 'replaced') = (replaced_by is not null)),
  check ((status = 'undone') = (undone_at is not null))
);
comment on table benefit_import is 'A file of benefit events that a company brought. Its rows count from the moment that the status is taken.';
comment on column benefit_import.layout is 'The kind of report, in config/imports.';
comment on column benefit_import.blob_key is 'The file in the store, while it is needed; empty afterwards.';
comment on column benefit_import.heading is 'The first row, with the first value of each column.';
comment on column benefit_import.mapping is 'Heading, as it is compared, to field; an empty field leaves the column out.';
comment on column benefit_import.replaces_from is 'First day of the period whose earlier events of the same kinds this file replaces.';
comment on column benefit_import.rows_read is 'Rows whose events are staged. A portal that goes on begins after them.';
comment on column benefit_import.events_duplicate is 'Events left out because the same one, by entry and line, is there.';
create index benefit_import_list on benefit_import (company_id, brought_at desc, id desc);

create table benefit_mapping (
  company_id uuid not null references company,
  layout     text not null check (layout ~ '^[a-z0-9_]{2,40}$'),
  mapping    jsonb not null,
  saved_at   timestamptz not null,
  primary key (company_id, layout)
);
comment on table benefit_mapping is 'Which heading of a company''s files is which field, as somebody there said last.';

create table benefit_wrong (
  import_id  uuid not null references benefit_import on delete cascade,
  company_id uuid not null references company,
  row_no     int not null,
  n          smallint not null,
  field      text not null check (length(field) <= 80),
  message    text not null check (length(message) <= 300),
  args       jsonb not null,
  cell       text not null check (length(cell) <= 100),
  primary key (import_id, row_no, n)
);
comment on table benefit_wrong is 'What rows of a file have wrong: the first thousand problems of each import.';

-- A million rows of a company, twenty million in all. Nothing refers to a row, and a row refers
-- to its company and import without a constraint: a check for each of a million rows would cost
-- as much as the rows.
create table benefit_event (
  company_id   uuid not null,
  import_id    uuid not null,
  row_no       int not null,
  part         smallint not null,
  kind         text collate "C" not null check (kind in ('entry', 'release', 'exam', 'invoice', 'crossing', 'stratified', 'front_of_line', 'isf_mitigation', 'penalty_mitigation', 'resumption', 'recognised')),
  day          date not null,
  month        date not null check (extract(day from month) = 1),
  entry_no     text collate "C" not null,
  line         int not null,
  ref          text collate "C" not null,
  mode         text collate "C" not null,
  port         text collate "C" not null,
  port_group   text collate "C" not null,
  country      text collate "C" not null,
  type         text collate "C" not null,
  hold_at      timestamp,
  release_at   timestamp,
  arrived_at   timestamp,
  wait_lane    int,
  wait_general int,
  amount       numeric,
  proposed     numeric,
  assessed     numeric,
  currency     text collate "C" not null,
  replaced_by  uuid,
  primary key (company_id, import_id, row_no, part)
);
comment on table benefit_event is 'What happened to a company''s goods, one row each, as its files say.';
comment on column benefit_event.part is 'A row of a file may be several events.';
comment on column benefit_event.ref is 'What tells events of one entry line apart, or events without an entry.';
comment on column benefit_event.hold_at is 'Wall time at the port, as the file has it.';
comment on column benefit_event.wait_lane is 'Minutes in the lane that membership opens; wait_general: in the general lane at that time.';
comment on column benefit_event.replaced_by is 'The import that replaced this row''s period; it counts no more, until that import is undone.';
create unique index one_live_benefit_event on benefit_event (company_id, kind, entry_no, line, ref) where replaced_by is null;
create index benefit_event_month on benefit_event (company_id, month, kind);
create index benefit_event_replaced on benefit_event (company_id, replaced_by) where replaced_by is not null;

-- Rows of files that are being read. Not logged: after a crash of the server it is empty, and
-- benefit_begin notices. The portal may add rows and nothing else; the functions below do the rest.
create unlogged table benefit_staged (
  import_id    uuid not null,
  row_no       int not null,
  part         smallint not null,
  kind         text collate "C" not null,
  day          date not null,
  month        date not null,
  entry_no     text collate "C" not null,
  line         int not null,
  ref          text collate "C" not null,
  mode         text collate "C" not null,
  port         text collate "C" not null,
  port_group   text collate "C" not null,
  country      text collate "C" not null,
  type         text collate "C" not null,
  hold_at      timestamp,
  release_at   timestamp,
  arrived_at   timestamp,
  wait_lane    int,
  wait_general int,
  amount       numeric,
  proposed     numeric,
  assessed     numeric,
  currency     text collate "C" not null
);
comment on table benefit_staged is 'Events of imports that are not taken over yet.';

create table benefit_month (
  company_id uuid not null,
  month      date not null,
  kind       text collate "C" not null,
  mode       text collate "C" not null,
  port_group text collate "C" not null,
  type       text collate "C" not null,
  country    text collate "C" not null,
  currency   text collate "C" not null,
  events     int not null,
  entries    int not null,
  first_on   date not null,
  last_on    date not null,
  amount     numeric,
  proposed   numeric,
  assessed   numeric,
  primary key (company_id, month, kind, mode, port_group, type, country, currency)
);
comment on table benefit_month is 'Events of a company by month. Rows whose type and country are both empty are sums of all; those with a type or a country are parts of them, of kinds that have one.';
comment on column benefit_month.entries is 'Different entry numbers; an event without one counts as one.';

create table benefit_spread (
  company_id uuid not null,
  month      date not null,
  measure    text collate "C" not null check (measure in ('release', 'hold', 'lane', 'general')),
  mode       text collate "C" not null,
  port_group text collate "C" not null,
  minutes    int not null,
  events     int not null,
  primary key (company_id, month, measure, mode, port_group, minutes)
);
comment on table benefit_spread is 'How long things took: how many events of a month took so many minutes, to a quarter of an hour below two days and to an hour above, for medians and percentiles.';

create function benefit_step(minutes int) returns int
  language sql immutable parallel safe
  as $$ select case when minutes < 2880 then (minutes + 7) / 15 * 15 else least((minutes + 30) / 60 * 60, 86400) end $$;

-- Events that count, with the month, mode and ports under which they do: an examination and
-- its invoice count where their entry does, so that what was examined is a part of what came in.
create view benefit_counted with (security_invoker = true) as
  select company_id, import_id, row_no, part, kind, day, month, entry_no, line, ref, mode, port, port_group, country, type,
    hold_at, release_at, arrived_at, wait_lane, wait_general, amount, proposed, assessed, currency
  from benefit_event where replaced_by is null and kind not in ('exam', 'invoice')
  union all
  select e.company_id, e.import_id, e.row_no, e.part, e.kind, e.day, coalesce(n.month, e.month), e.entry_no, e.line, e.ref,
    coalesce(n.mode, e.mode), case when n.port is null then e.port else n.port end, coalesce(n.port_group, e.port_group), e.country, e.type,
    e.hold_at, e.release_at, e.arrived_at, e.wait_lane, e.wait_general, e.amount, e.proposed, e.assessed, e.currency
  from benefit_event e
  left join lateral (select x.month, x.mode, x.port, x.port_group from benefit_event x
    where x.company_id = e.company_id and x.kind in ('entry', 'release') and x.entry_no = e.entry_no and x.entry_no <> '' and x.replaced_by is null
    order by x.kind, x.line limit 1) n on true
  where e.replaced_by is null and e.kind in ('exam', 'invoice');

-- Makes the sums of months anew, from the events.
-- +goose StatementBegin
create function benefit_roll(who uuid, months date[]) returns void language plpgsql set search_path = public as $$
begin
  delete from benefit_month where company_id = who and (month = any(months) or kind in ('exam', 'invoice'));
  insert into benefit_month (company_id, month, kind, mode, port_group, type, country, currency, events, entries, first_on, last_on, amount, proposed, assessed)
    select who, month, kind, mode, port_group, '', '', currency, sum(n), count(*) filter (where entry_no <> '') + coalesce(sum(n) filter (where entry_no = ''), 0),
      min(first_on), max(last_on), sum(amount), sum(proposed), sum(assessed)
    from (select month, kind, mode, port_group, currency, entry_no, count(*) as n, min(day) as first_on, max(day) as last_on, sum(amount) as amount, sum(proposed) as proposed, sum(assessed) as assessed
      from benefit_counted where company_id = who and (kind in ('exam', 'invoice') or month = any(months))
      group by month, kind, mode, port_group, currency, entry_no) x
    group by month, kind, mode, port_group, currency;
  insert into benefit_month (company_id, month, kind, mode, port_group, type, country, currency, events, entries, first_on, last_on, amount, proposed, assessed)
    select who, month, kind, mode, port_group, by_type, by_country, currency, count(*), count(distinct nullif(entry_no, '')) + count(*) filter (where entry_no = ''),
      min(day), max(day), sum(amount), sum(proposed), sum(assessed)
    from (select c.*, t.by_type, t.by_country from benefit_counted c
      cross join lateral (select c.type as by_type, '' collate "C" as by_country where c.type <> ''
        union all select '', c.country where c.country <> '' and c.kind = 'recognised') t
      where c.company_id = who and (c.kind in ('exam', 'invoice') or c.kind in ('crossing', 'stratified', 'front_of_line', 'isf_mitigation', 'penalty_mitigation', 'resumption', 'recognised') and c.month = any(months))) x
    group by month, kind, mode, port_group, by_type, by_country, currency;
  delete from benefit_spread where company_id = who and (month = any(months) or measure = 'hold');
  insert into benefit_spread (company_id, month, measure, mode, port_group, minutes, events)
    select who, month, measure, mode, port_group, benefit_step(took), count(*)
    from (select c.month, c.mode, c.port_group, t.measure, t.took from benefit_counted c
      cross join lateral (
        select 'release' collate "C" as measure, (extract(epoch from c.release_at - c.arrived_at) / 60)::int as took where c.kind in ('entry', 'release') and c.release_at >= c.arrived_at
        union all select 'hold', (extract(epoch from c.release_at - c.hold_at) / 60)::int where c.kind = 'exam' and c.release_at >= c.hold_at
        union all select 'lane', c.wait_lane where c.kind = 'crossing' and c.wait_lane is not null
        union all select 'general', c.wait_general where c.kind = 'crossing' and c.wait_general is not null) t
      where c.company_id = who and (c.kind = 'exam' or c.kind in ('entry', 'release') and c.release_at is not null and c.month = any(months) or c.kind = 'crossing' and c.month = any(months))) x
    group by month, measure, mode, port_group, benefit_step(took);
end $$;
-- +goose StatementEnd

-- Claims an import for work and says after how many rows to go on: from the start again if
-- what was staged is lost. Null: there is nothing to do.
-- +goose StatementBegin
create function benefit_begin(which uuid, at timestamptz) returns int
  language plpgsql security definer set search_path = public, pg_temp as $$
declare i benefit_import;
begin
  if looking() <> 'system' then raise exception 'only jobs read imports' using errcode = 'insufficient_privilege'; end if;
  select * into i from benefit_import where id = which for update;
  if i.status is null or i.status not in ('waiting', 'working') then return null; end if;
  if (select count(*) from benefit_staged where import_id = which) <> i.events_staged then
    delete from benefit_staged where import_id = which;
    delete from benefit_wrong where import_id = which;
    update benefit_import set rows_read = 0, rows_wrong = 0, bytes_read = 0, events_staged = 0 where id = which;
    i.rows_read := 0;
  end if;
  update benefit_import set status = 'working', begun_at = coalesce(begun_at, at), version = version + 1 where id = which;
  return i.rows_read;
end $$;
-- +goose StatementEnd

-- Takes the staged events of an import over, wholly: replaces a period if it does, leaves out
-- what is there already, and makes the sums anew. False: another did it before.
-- +goose StatementBegin
create function benefit_take(which uuid, at timestamptz, kinds text[]) returns boolean
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  i benefit_import;
  months date[];
  gone date[];
  n int;
begin
  if looking() <> 'system' then raise exception 'only jobs take imports over' using errcode = 'insufficient_privilege'; end if;
  select * into i from benefit_import where id = which for update;
  if i.status is null or i.status <> 'working' then return false; end if;
  perform pg_advisory_xact_lock(hashtextextended('benefit ' || i.company_id::text, 0));
  if (select count(*) from benefit_staged where import_id = which) <> i.events_staged then
    raise exception 'staged events of an import are lost' using errcode = 'object_not_in_prerequisite_state';
  end if;
  if i.replaces_from is not null then
    with old as (update benefit_event set replaced_by = which where company_id = i.company_id and kind = any(kinds) and replaced_by is null
        and month between date_trunc('month', i.replaces_from)::date and i.replaces_to and day between i.replaces_from and i.replaces_to returning month)
      select coalesce(array_agg(distinct month), '{}') from old into gone;
    update benefit_import o set status = 'replaced', replaced_by = which, version = version + 1
      where o.company_id = i.company_id and o.status = 'taken' and o.id <> which
        and exists (select from benefit_event e where e.company_id = o.company_id and e.import_id = o.id and e.replaced_by = which)
        and not exists (select from benefit_event e where e.company_id = o.company_id and e.import_id = o.id and e.replaced_by is null);
  end if;
  insert into benefit_event (company_id, import_id, row_no, part, kind, day, month, entry_no, line, ref, mode, port, port_group, country, type,
      hold_at, release_at, arrived_at, wait_lane, wait_general, amount, proposed, assessed, currency)
    select i.company_id, import_id, row_no, part, kind, day, month, entry_no, line, ref, mode, port, port_group, country, type,
      hold_at, release_at, arrived_at, wait_lane, wait_general, amount, proposed, assessed, currency
    from benefit_staged where import_id = which
    on conflict (company_id, kind, entry_no, line, ref) where replaced_by is null do nothing;
  get diagnostics n = row_count;
  if n < i.events_staged then
    insert into benefit_wrong (import_id, company_id, row_no, n, field, message, args, cell)
      select which, i.company_id, s.row_no, 100 + s.part, 'entry', 'The same entry and line is there already. It is left out', '[]', left(s.entry_no || ' ' || s.line || ' ' || s.ref, 100)
      from benefit_staged s where s.import_id = which
        and not exists (select from benefit_event e where e.company_id = i.company_id and e.import_id = which and e.row_no = s.row_no and e.part = s.part)
      order by s.row_no, s.part limit greatest(0, 1000 - (select count(*) from benefit_wrong w where w.import_id = which))
      on conflict do nothing;
  end if;
  select coalesce(array_agg(distinct month), '{}') from benefit_staged where import_id = which into months;
  perform benefit_roll(i.company_id, months || coalesce(gone, '{}'));
  update benefit_import set status = 'taken', finished_at = at, events_taken = n, events_duplicate = i.events_staged - n,
      first_on = (select min(day) from benefit_staged where import_id = which), last_on = (select max(day) from benefit_staged where import_id = which), version = version + 1
    where id = which;
  delete from benefit_staged where import_id = which;
  return true;
end $$;
-- +goose StatementEnd

-- Takes an import back, wholly: its events go, and those that it replaced count again unless
-- the same came in another way meanwhile. False: it is done already.
-- +goose StatementBegin
create function benefit_undo(which uuid, at timestamptz) returns boolean
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  i benefit_import;
  months date[];
  back date[];
begin
  if looking() <> 'system' then raise exception 'only jobs undo imports' using errcode = 'insufficient_privilege'; end if;
  select * into i from benefit_import where id = which for update;
  if i.status is null or i.status <> 'undoing' then return false; end if;
  perform pg_advisory_xact_lock(hashtextextended('benefit ' || i.company_id::text, 0));
  with old as (delete from benefit_event where company_id = i.company_id and import_id = which returning month)
    select coalesce(array_agg(distinct month), '{}') from old into months;
  with old as (update benefit_event e set replaced_by = null where e.company_id = i.company_id and e.replaced_by = which
      and not exists (select from benefit_event x where x.company_id = e.company_id and x.kind = e.kind and x.entry_no = e.entry_no and x.line = e.line and x.ref = e.ref and x.replaced_by is null)
      returning e.month)
    select coalesce(array_agg(distinct month), '{}') from old into back;
  update benefit_import o set status = 'taken', replaced_by = null, version = version + 1 where o.company_id = i.company_id and o.status = 'replaced'
    and exists (select from benefit_event e where e.company_id = o.company_id and e.import_id = o.id and e.replaced_by is null);
  perform benefit_roll(i.company_id, months || back);
  update benefit_import set status = 'undone', undone_at = at, version = version + 1 where id = which;
  return true;
end $$;
-- +goose StatementEnd

-- Forgets an import that was never taken over, with what is staged of it.
-- +goose StatementBegin
create function benefit_forget(which uuid, seen int) returns boolean
  language plpgsql security definer set search_path = public, pg_temp as $$
declare i benefit_import;
begin
  select * into i from benefit_import where id = which and version = seen and (looking() = 'system' or company_id = looking_company()) for update;
  if i.status is null or i.status not in ('draft', 'stopped') or i.finished_at is not null then return false; end if;
  delete from benefit_staged where import_id = which;
  delete from benefit_import where id = which;
  return true;
end $$;
-- +goose StatementEnd

-- What the agency sees: sums over companies that it names, such as the members of a kind and
-- tier; nothing for a month, kind, mode and group of ports in which fewer than five of them
-- have events. No row of a company leaves by it.
create function benefit_of_many(companies uuid[], from_month date, to_month date)
  returns table (month date, kind text, mode text, port_group text, members int, events bigint, entries bigint)
  language sql stable set search_path = public set portal.scope = 'system'
  as $$ select b.month, b.kind, b.mode, b.port_group, count(distinct b.company_id)::int, sum(b.events), sum(b.entries)
    from benefit_month b
    where b.company_id = any(companies) and b.month between from_month and to_month and b.type = '' and b.country = ''
    group by b.month, b.kind, b.mode, b.port_group having count(distinct b.company_id) >= 5 $$;

grant select, insert, update on benefit_import, benefit_mapping to portal_app;
grant select, insert, update, delete on benefit_event, benefit_month, benefit_spread to portal_app;
grant select, insert, delete on benefit_wrong to portal_app;
grant insert on benefit_staged to portal_app;
grant select on benefit_counted to portal_app;
-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['benefit_import', 'benefit_mapping', 'benefit_wrong', 'benefit_event', 'benefit_month', 'benefit_spread'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format($p$create policy fence on %I
      using ((select looking()) = 'system' or ((select looking()) = 'company' and company_id = (select looking_company())))$p$, t);
  end loop;
end $$;
-- +goose StatementEnd
revoke execute on function benefit_begin, benefit_take, benefit_undo, benefit_forget from public;
grant execute on function benefit_begin, benefit_take, benefit_undo, benefit_forget to portal_app;
