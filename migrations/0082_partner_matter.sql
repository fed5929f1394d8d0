-- +goose Up
-- A business partner whose status abroad has changed is a task of the member that relies on it.

-- Numbers in a text as they are compared: each run of letters and digits, and up to five that
-- stand one after another, for people write "DE-AEOF 12345" as well as "DEAEOF12345".
create function number_keys(in_text text) returns text[]
  language sql immutable parallel safe set search_path = pg_catalog
  as $$
    with word as (select w, n from regexp_split_to_table(upper(left(in_text, 1000)), '[^A-Z0-9]+') with ordinality x(w, n) where w <> '')
    select coalesce(array_agg(distinct k), '{}') from (
      select string_agg(b.w, '') over (partition by a.n order by b.n) as k
      from word a join word b on b.n between a.n and a.n + 4) x
    where length(k) between 3 and 60
  $$;
create index business_partner_numbers on business_partner using gin (number_keys(identifiers)) where ended_at is null;

create table partner_matter (
  id          uuid primary key default gen_random_uuid(),
  company_id  uuid not null references company,
  partner_id  uuid not null references business_partner,
  operator_id uuid not null references foreign_operator,
  name        text not null,
  number      text not null,
  status      text not null check (status in ('confirmed', 'suspended', 'ended')),
  opened_at   timestamptz not null,
  told_at     timestamptz,
  settled_at  timestamptz,
  settled_by  uuid references person,
  settler     text not null default '',
  note        text not null default '' check (length(note) <= 2000),
  version     int not null default 1,
  check ((settled_at is null) = (settler = ''))
);
comment on table partner_matter is 'The status of a business partner has changed in its own country. The member says what it did about it.';
comment on column partner_matter.told_at is 'When the member was written to; null: not yet.';
create unique index one_open_matter on partner_matter (partner_id, operator_id) where settled_at is null;
create index partner_matter_partner on partner_matter (partner_id, opened_at desc);
create index partner_matter_open on partner_matter (company_id) where settled_at is null;
create index partner_matter_company on partner_matter (company_id);
create index partner_matter_operator on partner_matter (operator_id);
create index partner_matter_untold on partner_matter (company_id) where told_at is null;
create index partner_matter_settler on partner_matter (settled_by) where settled_by is not null;
grant select, insert, update on partner_matter to portal_app;
alter table partner_matter enable row level security;
alter table partner_matter force row level security;
create policy fence on partner_matter
  using ((select looking()) in ('system', 'staff')
      or ((select looking()) = 'company' and company_id = (select looking_company())));

-- What programs of partner agencies may do: also bring lists of their operators.
alter table api_grant drop constraint api_grant_scopes_check;
alter table api_grant add constraint api_grant_scopes_check check (scopes <@ array['status:read', 'feed:read', 'irregularity:write', 'operators:write']);
