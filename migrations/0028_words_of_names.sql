-- +goose Up
-- People search for one word of a name, and mistype it. As a whole, "bluewtaer" is too
-- unlike "Bluewater Home Goods Inc."; compared with the name's words it is half the same.
-- Names that are alike as a whole still come first.
-- +goose StatementBegin
create or replace function company_names_like(wanted text, begins text, part text, most int)
  returns table (company_id uuid, kind text, name text, rank float8)
  language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  if looking() not in ('system', 'staff') then
    return;
  end if;
  perform set_config('pg_trgm.word_similarity_threshold', '0.5', true);
  return query
    select x.company_id, x.kind, x.name, x.rank from (
      select c.id as company_id, 'name' as kind, c.name,
        (case when fold(c.name) = fold(wanted) then 30 when fold(c.name) like fold(begins) then 20 else 0 end
          + 40 * similarity(fold(c.name), fold(wanted)) + 8 * word_similarity(fold(wanted), fold(c.name)))::float8 as rank
      from company c where fold(c.name) % fold(wanted) or fold(wanted) <% fold(c.name) or fold(c.name) like fold(part)
      union all
      select t.company_id, 'trade_name', t.name,
        (case when fold(t.name) = fold(wanted) then 28 when fold(t.name) like fold(begins) then 18 else 0 end
          + 38 * similarity(fold(t.name), fold(wanted)) + 8 * word_similarity(fold(wanted), fold(t.name)))::float8
      from trade_name t where t.removed_at is null
        and (fold(t.name) % fold(wanted) or fold(wanted) <% fold(t.name) or fold(t.name) like fold(part))) x
    order by x.rank desc, x.name, x.company_id limit most;
end $$;
-- +goose StatementEnd
