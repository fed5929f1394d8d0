-- +goose Up
-- One government: what other agencies of the same government may see of a member, by its
-- consent, and the daily file of memberships for the single window.

alter table agency add column kind text not null default 'customs' check (kind in ('customs', 'other_agency'));
comment on table agency is 'Agencies whose people sign in here: customs of other countries, and other agencies of the same government.';

create table agency_consent (
  id         uuid primary key,
  company_id uuid not null references company,
  agency_id  uuid not null references agency,
  given_at   timestamptz not null,
  given_by   uuid references person,
  giver      text not null,
  revoked_at timestamptz,
  revoked_by uuid references person,
  revoker    text not null default '',
  check (revoked_at is null or revoked_at >= given_at)
);
comment on table agency_consent is 'A company lets another agency see that it is a member. Never deleted: what was allowed when stays provable.';
create unique index one_live_consent on agency_consent (company_id, agency_id) where revoked_at is null;
create index agency_consent_agency on agency_consent (agency_id);

create table agency_look (
  id         uuid primary key,
  agency_id     uuid not null references agency,
  agency        text not null,
  person_id     uuid references person,
  company_id    uuid references company,
  asked         text not null check (length(asked) between 1 and 60),
  why           text not null check (length(why) between 1 and 1000),
  shown         boolean not null,
  at            timestamptz not null,
  check (not shown or company_id is not null)
);
comment on table agency_look is 'Every look of another agency at a member, written before its answer. Not shown: the company was asked for and has not agreed.';
create index agency_look_company on agency_look (company_id, at desc) where company_id is not null;
create index agency_look_agency on agency_look (agency_id, at desc);
create trigger agency_look_append_only before update or delete on agency_look for each row execute function refuse_change();
create trigger agency_look_no_truncate before truncate on agency_look for each statement execute function refuse_change();

create table window_file (
  id              uuid primary key,
  programme       text not null,
  day             date not null,
  as_of           timestamptz not null,
  edition         text not null,
  count           int not null check (count >= 0),
  added           int not null,
  changed         int not null,
  removed         int not null,
  sha256          text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  previous_sha256 text not null default '',
  key_id          text not null,
  manifest        text not null,
  body            text not null,
  unique (programme, day)
);
comment on table window_file is 'The daily, signed file of memberships for the customs system. Each names the hash of the one before.';
comment on column window_file.day is 'Civil day at headquarters.';
create trigger window_file_append_only before update or delete on window_file for each row execute function refuse_change();
create trigger window_file_no_truncate before truncate on window_file for each statement execute function refuse_change();

alter table agency_consent enable row level security;
alter table agency_consent force row level security;
create policy fence on agency_consent using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company())));
alter table agency_look enable row level security;
alter table agency_look force row level security;
create policy fence on agency_look using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company())));
alter table window_file enable row level security;
alter table window_file force row level security;
create policy fence on window_file using ((select looking()) in ('system', 'staff'));
grant select, insert, update on agency_consent to portal_app;
grant select, insert on agency_look to portal_app;
grant select, insert on window_file to portal_app;
