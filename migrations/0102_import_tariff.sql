-- +goose Up
-- A line of an entry that has several tariff numbers comes as several rows. It is one event:
-- its further rows are no duplicates, and the values of its tariff numbers are added up. And
-- why an import stopped is kept so that a page can say it in any language.
alter table benefit_import
  add column events_joined int not null default 0,
  add column failure_args jsonb not null default '[]';
comment on column benefit_import.events_joined is 'Rows that are further tariff numbers of a line of the same file.';
comment on column benefit_import.failure_args is 'What stands for the verbs of failure.';
alter table benefit_staged
  add column tariff text collate "C" not null default '',
  add column tariff_amount numeric;
comment on column benefit_staged.tariff_amount is 'Customs value of this tariff number alone; null: amount is that of the line.';

-- +goose StatementBegin
create or replace function benefit_take(which uuid, at timestamptz, kinds text[]) returns boolean
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  i benefit_import;
  months date[];
  gone date[];
  n int;
  joined int := 0;
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
    with left_out as materialized (
        select s.row_no, s.part, s.kind, s.entry_no, s.line, s.ref, s.tariff, s.tariff_amount from benefit_staged s
          where s.import_id = which and not exists (select from benefit_event e where e.company_id = i.company_id and e.import_id = which and e.row_no = s.row_no and e.part = s.part)),
      more as materialized (
        select o.row_no, o.part, o.tariff_amount, e.row_no as line_row, e.part as line_part from left_out o
          join benefit_event e on e.company_id = i.company_id and e.kind = o.kind and e.entry_no = o.entry_no and e.line = o.line and e.ref = o.ref and e.replaced_by is null and e.import_id = which
          join benefit_staged f on f.import_id = which and f.row_no = e.row_no and f.part = e.part
          where o.tariff <> '' and f.tariff <> '' and o.tariff <> f.tariff
            and not exists (select from left_out x where x.kind = o.kind and x.entry_no = o.entry_no and x.line = o.line and x.ref = o.ref and x.tariff = o.tariff and x.row_no < o.row_no)),
      added as (
        update benefit_event e set amount = coalesce(e.amount, 0) + x.amount
          from (select line_row, line_part, sum(tariff_amount) as amount from more where tariff_amount is not null group by line_row, line_part) x
          where e.company_id = i.company_id and e.import_id = which and e.row_no = x.line_row and e.part = x.line_part),
      told as (
        insert into benefit_wrong (import_id, company_id, row_no, n, field, message, args, cell)
          select which, i.company_id, o.row_no, 100 + o.part, 'entry', 'The same entry and line is there already. It is left out', '[]', left(o.entry_no || ' ' || o.line || ' ' || o.ref, 100)
          from left_out o where not exists (select from more m where m.row_no = o.row_no and m.part = o.part)
          order by o.row_no, o.part limit greatest(0, 1000 - (select count(*) from benefit_wrong w where w.import_id = which))
          on conflict do nothing)
      select count(*) from more into joined;
  end if;
  select coalesce(array_agg(distinct month), '{}') from benefit_staged where import_id = which into months;
  perform benefit_roll(i.company_id, months || coalesce(gone, '{}'));
  update benefit_import set status = 'taken', finished_at = at, events_taken = n, events_joined = joined, events_duplicate = i.events_staged - n - joined,
      first_on = (select min(day) from benefit_staged where import_id = which), last_on = (select max(day) from benefit_staged where import_id = which), version = version + 1
    where id = which;
  delete from benefit_staged where import_id = which;
  return true;
end $$;
-- +goose StatementEnd
