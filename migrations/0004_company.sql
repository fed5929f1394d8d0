-- +goose Up
-- The company account: what the programme must know of a company.

create table trade_name (
  id         uuid primary key default gen_random_uuid(),
  company_id uuid not null references company,
  name       text not null check (length(name) between 1 and 200),
  created_at timestamptz not null,
  removed_at timestamptz,
  version    int not null default 1
);
create index trade_name_company on trade_name (company_id);
create index trade_name_trgm on trade_name using gin (fold(name) gin_trgm_ops);

create table site (
  id         uuid primary key default gen_random_uuid(),
  company_id uuid not null references company,
  name       text not null check (length(name) between 1 and 200),
  activity   text not null check (activity in ('headquarters', 'office', 'warehouse', 'factory', 'yard', 'terminal', 'port', 'distribution', 'other')),
  street     text not null check (length(street) between 1 and 300),
  city       text not null check (length(city) between 1 and 120),
  region     text not null default '',
  postcode   text not null default '',
  country    char(2) not null,
  zone       text not null,
  lat        double precision check (lat between -90 and 90),
  lon        double precision check (lon between -180 and 180),
  created_at timestamptz not null,
  closed_on  date,
  version    int not null default 1,
  check ((lat is null) = (lon is null))
);
comment on table site is 'A place of the company. Its zone is the clock that visits are planned by.';
create index site_company on site (company_id);

create table contact (
  id         uuid primary key default gen_random_uuid(),
  company_id uuid not null references company,
  name       text not null check (length(name) between 1 and 200),
  title      text not null check (length(title) between 1 and 120),
  email      text not null check (length(email) between 3 and 254),
  phone      text not null check (length(phone) between 3 and 40),
  kind       text not null check (kind in ('officer', 'employee', 'consultant')),
  is_primary boolean not null default false,
  created_at timestamptz not null,
  removed_at timestamptz,
  version    int not null default 1,
  constraint primary_is_an_officer check (not is_primary or kind = 'officer')
);
comment on table contact is 'Officers and contacts. The primary one is an officer; a consultant never is.';
create unique index one_primary_contact on contact (company_id) where is_primary and removed_at is null;
create index contact_company on contact (company_id);

create table company_identifier (
  id         uuid primary key default gen_random_uuid(),
  company_id uuid not null references company,
  scheme     text not null,
  value      text not null check (length(value) between 1 and 200),
  search_key text not null,
  note       text not null default '',
  created_at timestamptz not null,
  removed_at timestamptz,
  version    int not null default 1
);
comment on column company_identifier.value is 'Canonical form of the scheme; sealed, with the last four characters in clear, when it says something about a person.';
comment on column company_identifier.search_key is 'Upper-case letters and digits only; empty for a sealed value.';
create unique index identifier_once on company_identifier (company_id, scheme, value) where removed_at is null;
create index identifier_value on company_identifier (scheme, value) where removed_at is null;
create index identifier_search on company_identifier (search_key text_pattern_ops) where removed_at is null;
create index identifier_company on company_identifier (company_id);

create table possible_duplicate (
  id          uuid primary key default gen_random_uuid(),
  company_id  uuid not null references company,
  other_id    uuid not null references company,
  why         text not null check (why in ('identifier', 'name')),
  detail      text not null,
  found_at    timestamptz not null,
  settled_at  timestamptz,
  settled_by  uuid references person,
  settlement  text not null default '',
  check (company_id <> other_id),
  unique (company_id, other_id, why, detail)
);
comment on table possible_duplicate is 'Two accounts that may be one company, for the agency to settle. Companies never see it.';
create index possible_duplicate_open on possible_duplicate (company_id) where settled_at is null;

create table change_notice (
  id           uuid primary key default gen_random_uuid(),
  reference    text not null unique,
  company_id   uuid not null references company,
  status       text not null check (status in ('draft', 'sent', 'returned', 'accepted', 'applied', 'withdrawn')),
  effective_on date not null,
  explanation  text not null check (length(explanation) between 1 and 4000),
  changes      jsonb not null,
  opened_at    timestamptz not null,
  opened_by    uuid,
  sent_at      timestamptz,
  decided_at   timestamptz,
  decided_by   uuid references person,
  decision     text not null default '',
  applied_at   timestamptz,
  version      int not null default 1,
  constraint sent_once_sent check (status in ('draft', 'withdrawn') or sent_at is not null),
  constraint decided_once_decided check (status not in ('accepted', 'applied') or decided_at is not null),
  constraint applied_once_applied check ((status = 'applied') = (applied_at is not null))
);
comment on table change_notice is 'A later change that the programme must know of, with the day from which it holds.';
comment on column change_notice.changes is 'List of {do, subject, id, name, fields: [{field, label, from, to}]}.';
create index change_notice_company on change_notice (company_id, opened_at desc);
create index change_notice_open on change_notice (status, effective_on);

create sequence change_notice_number;
grant usage on sequence change_notice_number to portal_app;

grant select, insert, update on trade_name, site, contact, company_identifier, possible_duplicate, change_notice to portal_app;

-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['trade_name', 'site', 'contact', 'company_identifier', 'change_notice'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format($p$create policy fence on %I
      using ((select looking()) in ('system', 'staff')
          or ((select looking()) = 'company' and company_id = (select looking_company())))$p$, t);
  end loop;
  alter table possible_duplicate enable row level security;
  alter table possible_duplicate force row level security;
  create policy fence on possible_duplicate using ((select looking()) in ('system', 'staff'));
end $$;
-- +goose StatementEnd
