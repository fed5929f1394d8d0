-- +goose Up
-- What headquarters sees of benefits: numbers of groups of members in a year. No row of a company
-- leaves by it, and no number from which one could be found:
--
--   - The function finds the groups itself. Nobody can ask for a group that he made up.
--   - Each company is in one group of a year: its kind of member and the tier that it held on every
--     day; whose tier changed, who joined, left or was suspended is in a group of its own, with the
--     months in which it was a member on every day; who is a member in several kinds too. Companies
--     that are members of another programme as well are left out: their reports do not say under
--     which of them goods came, and two programmes with nearly the same members would tell on each other.
--   - A number is told if five members or more are behind it and none of them is more than 85
--     percent of it. Why one is not told is not said.
--   - What was told is kept, and told anew only if it can be put beside everything that was told
--     of the group before: the reports of none of its members differ, or those of five or more,
--     none of whom is more than 85 percent of what those bring in now. Members who were told of in
--     another group of the year do not count among the five, so that no sum of groups shows the
--     change of one. Else the numbers that were told last are told again, with their day.
create table benefit_told (
  id          uuid primary key,
  programme   text collate "C" not null,
  year        int not null,
  entity_type text collate "C" not null,
  tier        text collate "C" not null,
  what        text collate "C" not null check (what in ('shipments', 'crossing', 'stratified', 'front_of_line', 'recognised')),
  mode        text collate "C" not null,
  members     int not null,
  reporting   int not null,
  behind      int not null,
  whole       bigint not null,
  part        bigint not null,
  complete    boolean not null,
  as_of       timestamptz not null,
  salt        text not null,
  prints      jsonb not null,
  constraint told_of_five check (behind >= 5 and reporting >= behind and members >= reporting)
);
comment on table benefit_told is 'Numbers of groups of members that headquarters was told. Only the function that tells them reads it.';
comment on column benefit_told.entity_type is 'Kind of member; *: several.';
comment on column benefit_told.tier is 'Held on every day of the year; *: none was.';
comment on column benefit_told.reporting is 'Members of the group with any report of the year; behind: those that this number is made of.';
comment on column benefit_told.whole is 'Shipments, or events; part: shipments that were examined.';
comment on column benefit_told.complete is 'Every member reported every month that counts.';
comment on column benefit_told.as_of is 'When the number was last found to be so.';
comment on column benefit_told.prints is 'Fingerprint of what each member brought in, by company.';
create index benefit_told_of on benefit_told (year, what, mode, programme, entity_type, tier);
alter table benefit_told enable row level security;
alter table benefit_told force row level security;
create policy fence on benefit_told using ((select looking()) = 'system');

create function benefit_print(salt text, who uuid, whole bigint, part bigint) returns text
  language sql immutable set search_path = pg_catalog, pg_temp
  as $$ select encode(sha256(convert_to(concat_ws(' ', salt, who, whole, part), 'UTF8')), 'hex') $$;

-- What each group of a programme brought in, in a year, one row a number with the companies
-- behind it. Rows with nothing in what are the groups themselves; elsewhere: the companies left out.
-- +goose StatementBegin
create function benefit_groups(which text, of_year int) returns table (entity_type text, tier text, what text, mode text,
    members int, reporting int, complete boolean, companies uuid[], wholes bigint[], parts bigint[])
  language plpgsql stable set search_path = public, pg_temp set jit = off as $$
#variable_conflict use_column
declare
  span constant daterange := daterange(make_date(of_year, 1, 1), least(make_date(of_year + 1, 1, 1), current_date + 1));
begin
  return query
  with held as (
    select m.company_id, min(m.entity_type) as kind, count(distinct m.entity_type) as kinds, min(s.tier) as tier, count(distinct s.tier) as tiers, range_agg(s.valid * span) as live
    from membership m join standing s on s.membership_id = m.id and upper_inf(s.known) and s.state = 'active' and s.valid && span
    where m.programme = which group by 1),
  placed as (
    select h.company_id, case when h.kinds = 1 then h.kind else '*' end as kind, case when h.kinds = 1 and h.tiers = 1 and h.live @> span then h.tier else '*' end as tier,
      array(select d::date from generate_series(lower(span), upper(span) - 1, interval '1 month') d
        where h.live @> (daterange(d::date, (d + interval '1 month')::date) * span)) as months,
      exists (select from membership m join standing s on s.membership_id = m.id and upper_inf(s.known) and s.state = 'active' and s.valid && span
        where m.company_id = h.company_id and m.programme <> which) as elsewhere
    from held h),
  brought as materialized (
    select p.company_id, p.kind, p.tier, x.what, x.mode, x.whole, x.part, x.seen
    from placed p cross join lateral (
      select case when y.shipping then 'shipments' else y.kind end as what, case when y.shipping then y.mode else '' end as mode,
        coalesce(sum(y.entries) filter (where y.shipping and y.kind = case when y.summaries then 'entry' else 'release' end), 0)::bigint
          + coalesce(sum(y.events) filter (where not y.shipping), 0)::bigint as whole,
        coalesce(sum(y.entries) filter (where y.kind = 'exam'), 0)::bigint as part,
        bit_or(1 << date_part('month', y.month)::int) filter (where y.kind in ('entry', 'release')) as seen
      from (select b.month, b.kind, b.mode, b.events, b.entries, b.kind in ('entry', 'release', 'exam') as shipping, bool_or(b.kind = 'entry') over (partition by b.month) as summaries
        from benefit_month b where b.company_id = p.company_id and b.month = any(p.months) and b.country = ''
          and (b.type = '' and b.kind in ('entry', 'release', 'exam', 'stratified', 'front_of_line', 'recognised') or b.kind = 'crossing' and b.type in ('fast', 'priority'))) y
      group by 1, 2) x
    where not p.elsewhere),
  reports as (select company_id, coalesce(bit_count(bit_or(seen)::bit(16)), 0) as n from brought group by 1),
  groups as (
    select p.kind, p.tier, count(*)::int as members, count(r.company_id)::int as reporting, count(*) filter (where r.n = cardinality(p.months)) = count(*) as complete
    from placed p left join reports r using (company_id) where not p.elsewhere group by 1, 2)
  select g.kind, g.tier, '', '', g.members, g.reporting, g.complete, null::uuid[], null::bigint[], null::bigint[] from groups g
  union all
  select '', '', 'elsewhere', '', count(*)::int, 0, false, null, null, null from placed where elsewhere
  union all
  select g.kind, g.tier, n.what, n.mode, g.members, g.reporting, g.complete, array_agg(n.company_id), array_agg(n.whole), array_agg(n.part)
  from brought n join groups g on g.kind = n.kind and g.tier = n.tier where n.whole > 0 group by 1, 2, 3, 4, 5, 6, 7;
end $$;
-- +goose StatementEnd

-- Whether what a group brought in may be told beside an earlier telling, or beside none if was is
-- empty: same, those that differ are enough to hide each of them, or not. Companies elsewhere do
-- not hide anybody.
-- +goose StatementBegin
create function benefit_apart(salt text, was jsonb, companies uuid[], wholes bigint[], parts bigint[], elsewhere uuid[]) returns text
  language plpgsql stable set search_path = public, pg_temp as $$
declare
  fewest constant int := 5;        -- members
  most   constant numeric := 0.85; -- of one member
  d record;
begin
  select count(*) as differ, count(*) filter (where x.counts) as n, max(x.whole) filter (where x.counts) as largest, sum(x.whole) filter (where x.counts) as whole into d
    from (select coalesce(c.whole, 0) as whole, coalesce(c.id, o.key::uuid) <> all (elsewhere) as counts
      from unnest(companies, wholes, parts) c(id, whole, part) full join jsonb_each_text(was) o on o.key = c.id::text
      where c.id is null or o.key is null or o.value <> benefit_print(salt, c.id, c.whole, c.part)) x;
  if d.differ = 0 then return 'same'; end if;
  if d.n >= fewest and d.largest <= most * greatest(d.whole, 1) then return 'yes'; end if;
  return 'no';
end $$;
-- +goose StatementEnd

-- Brings what is told of a programme and a year up to date.
-- +goose StatementBegin
create function benefit_tell(which text, of_year int) returns table (entity_type text, tier text, what text, mode text,
    members int, reporting int, behind int, whole bigint, part bigint, complete boolean, as_of timestamptz)
  language plpgsql set search_path = public, pg_temp set portal.scope = 'system' as $$
#variable_conflict use_column
declare
  c record;
  t record;
  elsewhere uuid[];
  good boolean;
  same uuid;
  new_salt text;
begin
  perform pg_advisory_xact_lock(hashtextextended('benefit told ' || of_year, 0)); -- movers between programmes too
  for c in select * from benefit_groups(which, of_year) g order by g.what, g.mode, g.entity_type, g.tier loop
    if c.what in ('', 'elsewhere') then
      entity_type := c.entity_type; tier := c.tier; what := c.what; mode := ''; members := c.members;
      return next;
      continue;
    end if;
    elsewhere := array(select distinct k::uuid from benefit_told o cross join jsonb_object_keys(o.prints) k
      where o.year = of_year and o.what = c.what and o.mode = c.mode and (o.programme, o.entity_type, o.tier) <> (which, c.entity_type, c.tier));
    good := benefit_apart('', '{}', c.companies, c.wholes, c.parts, '{}') = 'yes' and benefit_apart('', '{}', c.companies, c.wholes, c.parts, elsewhere) = 'yes';
    same := null;
    for t in select o.id, o.salt, o.prints from benefit_told o
        where o.year = of_year and o.what = c.what and o.mode = c.mode and o.programme = which and o.entity_type = c.entity_type and o.tier = c.tier loop
      case benefit_apart(t.salt, t.prints, c.companies, c.wholes, c.parts, elsewhere)
        when 'same' then same := t.id;
        when 'no' then good := false;
        else null;
      end case;
    end loop;
    if same is not null then
      update benefit_told o set as_of = now(), members = c.members, reporting = c.reporting, complete = c.complete where o.id = same;
    elsif good then
      new_salt := gen_random_uuid()::text;
      insert into benefit_told (id, programme, year, entity_type, tier, what, mode, members, reporting, behind, whole, part, complete, as_of, salt, prints)
        select gen_random_uuid(), which, of_year, c.entity_type, c.tier, c.what, c.mode, c.members, c.reporting, count(*), sum(x.whole), sum(x.part), c.complete, now(), new_salt,
          jsonb_object_agg(x.id, benefit_print(new_salt, x.id, x.whole, x.part))
        from unnest(c.companies, c.wholes, c.parts) x(id, whole, part);
    end if;
  end loop;
  return query select distinct on (o.entity_type, o.tier, o.what, o.mode) o.entity_type, o.tier, o.what, o.mode, o.members, o.reporting, o.behind, o.whole, o.part, o.complete, o.as_of
    from benefit_told o where o.programme = which and o.year = of_year order by o.entity_type, o.tier, o.what, o.mode, o.as_of desc;
end $$;
-- +goose StatementEnd

-- The only way in: for the agency's own people. Which of them may, the portal says.
-- +goose StatementBegin
create function benefit_of_programme(which text, of_year int) returns table (entity_type text, tier text, what text, mode text,
    members int, reporting int, behind int, whole bigint, part bigint, complete boolean, as_of timestamptz)
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if looking() <> 'staff' then raise exception 'only the agency is told of groups' using errcode = 'insufficient_privilege'; end if;
  return query select * from benefit_tell(which, of_year);
end $$;
-- +goose StatementEnd
revoke execute on function benefit_groups, benefit_apart, benefit_tell, benefit_of_programme from public;
grant execute on function benefit_of_programme to portal_app;
