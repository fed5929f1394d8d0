-- +goose Up
-- The fence: extensions, the application's own role, and the functions that row
-- level security asks who is looking. Source: design decisions D2, D14, D15.

create extension if not exists pg_trgm;
create extension if not exists unaccent;

-- The portal connects and then becomes portal_app, which owns nothing and
-- bypasses nothing. Roles belong to the whole cluster, so it may be there already.
-- +goose StatementBegin
do $$
begin
  create role portal_app nologin;
exception when duplicate_object or unique_violation then null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
do $$
begin
  if not pg_has_role(current_user, 'portal_app', 'member') then
    execute format('grant portal_app to %I', current_user);
  end if;
end $$;
-- +goose StatementEnd
grant usage on schema public to portal_app;

-- fold makes names comparable: no accents, lower case. Immutable, so that an index may use it.
create function fold(text) returns text
  language sql immutable parallel safe strict
  as $$ select lower(public.unaccent('public.unaccent'::regdictionary, $1)) $$;

-- Who is looking, set for one transaction by the portal: system, staff, company,
-- partner or person. Nothing set: nobody, who sees nothing.
create function looking() returns text
  language sql stable parallel safe
  as $$ select coalesce(nullif(current_setting('portal.scope', true), ''), 'nobody') $$;
create function looking_company() returns uuid
  language sql stable parallel safe
  as $$ select nullif(current_setting('portal.company', true), '')::uuid $$;
create function looking_agency() returns uuid
  language sql stable parallel safe
  as $$ select nullif(current_setting('portal.agency', true), '')::uuid $$;
create function looking_person() returns uuid
  language sql stable parallel safe
  as $$ select nullif(current_setting('portal.person', true), '')::uuid $$;

-- +goose StatementBegin
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % refused', tg_table_name, tg_op using errcode = 'insufficient_privilege';
end $$;
-- +goose StatementEnd
