-- +goose Up
-- Searching at the size of a whole administration. Under row level security PostgreSQL
-- uses an index only for operators that cannot leak what the fence hides; likeness and
-- LIKE can. Names are therefore compared by a function of a role that sees all names of
-- companies, answers the agency and the system only, and is nobody's to become.

-- +goose StatementBegin
do $$
begin
  create role portal_search nologin;
exception when duplicate_object or unique_violation then null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
do $$
begin
  if not pg_has_role(current_user, 'portal_search', 'member') then
    execute format('grant portal_search to %I', current_user);
  end if;
end $$;
-- +goose StatementEnd
grant usage on schema public to portal_search;
grant select on company, trade_name to portal_search;
create policy names on company for select to portal_search using (true);
create policy names on trade_name for select to portal_search using (true);

-- company_names_like lists the companies whose name or trade name is like the wanted one,
-- or has it as a part; the best first. $2 and $3 are LIKE patterns of its beginning and of a part.
-- +goose StatementBegin
create function company_names_like(wanted text, begins text, part text, most int)
  returns table (company_id uuid, kind text, name text, rank float8)
  language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_custom_plan as $$
begin
  if looking() not in ('system', 'staff') then
    return;
  end if;
  return query
    select x.company_id, x.kind, x.name, x.rank from (
      select c.id as company_id, 'name' as kind, c.name,
        (case when fold(c.name) = fold(wanted) then 30 when fold(c.name) like fold(begins) then 20 else 0 end
          + 40 * similarity(fold(c.name), fold(wanted)))::float8 as rank
      from company c where fold(c.name) % fold(wanted) or fold(c.name) like fold(part)
      union all
      select t.company_id, 'trade_name', t.name,
        (case when fold(t.name) = fold(wanted) then 28 when fold(t.name) like fold(begins) then 18 else 0 end
          + 38 * similarity(fold(t.name), fold(wanted)))::float8
      from trade_name t where t.removed_at is null and (fold(t.name) % fold(wanted) or fold(t.name) like fold(part))) x
    order by x.rank desc, x.name, x.company_id limit most;
end $$;
-- +goose StatementEnd
grant create on schema public to portal_search;
alter function company_names_like(text, text, text, int) owner to portal_search;
revoke create on schema public from portal_search;
revoke all on function company_names_like(text, text, text, int) from public;
grant execute on function company_names_like(text, text, text, int) to portal_app;

-- As before, and by that function.
-- +goose StatementBegin
create or replace function note_duplicates(own uuid, in_scheme text, in_value text, in_name text, at timestamptz) returns int
  language plpgsql set search_path = public set portal.scope = 'system' as $$
declare n int; m int;
begin
  insert into possible_duplicate (company_id, other_id, why, detail, found_at)
    select distinct own, company_id, 'identifier', in_scheme || ' ' || in_value, at from company_identifier
    where scheme = in_scheme and value = in_value and removed_at is null and company_id <> own
    on conflict do nothing;
  get diagnostics n = row_count;
  insert into possible_duplicate (company_id, other_id, why, detail, found_at)
    select own, x.company_id, 'name', x.name, at from company_names_like(in_name, '', '', 200) x
    where x.company_id <> own and similarity(fold(x.name), fold(in_name)) >= 0.6 limit 10
    on conflict do nothing;
  get diagnostics m = row_count;
  return n + m;
end $$;
-- +goose StatementEnd

-- Every request looks up the rights of its person.
create index right_person on person_right (person_id) where ended_at is null;

-- The agency's own days that pass, for the overdue queue.
create index clock_late on clock (due_on, subject_id)
  where subject_kind = 'application' and stopped_at is null and owed_by = 'agency' and not earliest and not paused;

-- Who is inside the agency is one yes or no. As a comparison of texts PostgreSQL took it
-- for something that one row in a hundred fulfils, and planned the agency's lists for a
-- hundredth of their rows.
create function looking_inside() returns boolean
  language sql stable parallel safe
  as $$ select looking() in ('system', 'staff') $$;
-- +goose StatementBegin
do $$
declare
  p record;
  old constant text := $x$(( SELECT looking() AS looking) = ANY (ARRAY['system'::text, 'staff'::text]))$x$;
  new constant text := $x$( SELECT looking_inside() AS looking_inside)$x$;
begin
  for p in select tablename, policyname, qual, with_check from pg_policies
    where schemaname = 'public' and (position(old in qual) > 0 or position(old in with_check) > 0)
  loop
    if p.qual is not null then
      execute format('alter policy %I on %I using (%s)', p.policyname, p.tablename, replace(p.qual, old, new));
    end if;
    if p.with_check is not null then
      execute format('alter policy %I on %I with check (%s)', p.policyname, p.tablename, replace(p.with_check, old, new));
    end if;
  end loop;
end $$;
-- +goose StatementEnd
