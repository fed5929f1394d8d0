-- +goose Up
-- People, their rights, sessions and invitations. A right is granted here and
-- never by a provider's claim (D5).

create table office (
  id         uuid primary key default gen_random_uuid(),
  code       text not null unique check (code ~ '^[A-Z0-9-]{2,20}$'),
  name       text not null check (length(name) between 1 and 200),
  parent_id  uuid references office,
  zone       text not null,
  calendar   text not null,
  created_at timestamptz not null,
  version    int not null default 1,
  check (parent_id <> id)
);
comment on table office is 'The administration''s field offices, a tree; headquarters at the root.';
comment on column office.zone is 'IANA time zone: legal days of the office''s cases are counted in it.';
comment on column office.calendar is 'Business calendar of config/calendars.';
create index office_parent on office (parent_id);

create table agency (
  id         uuid primary key default gen_random_uuid(),
  code       text not null unique check (code ~ '^[a-z0-9-]{2,40}$'),
  name       text not null check (length(name) between 1 and 200),
  country    char(2) not null,
  zone       text not null,
  created_at timestamptz not null,
  version    int not null default 1
);
comment on table agency is 'Partner customs agencies.';

create table company (
  id            uuid primary key default gen_random_uuid(),
  name          text not null check (length(name) between 1 and 200),
  legal_form    text not null default '',
  country       char(2) not null,
  registration  text not null default '',
  founded_on    date,
  employees     int check (employees between 0 and 10000000),
  website       text not null default '',
  phone         text not null default '',
  history       text not null default '' check (length(history) <= 4000),
  office_id     uuid not null references office,
  created_at    timestamptz not null,
  created_by    uuid,
  version       int not null default 1
);
comment on table company is 'A legal entity with an account. Its sites, contacts and numbers hang on it.';
comment on column company.office_id is 'Field office that looks after the account.';
create index company_name_trgm on company using gin (fold(name) gin_trgm_ops);
create index company_office on company (office_id, name);

create table person (
  id             uuid primary key default gen_random_uuid(),
  issuer         text not null,
  subject        text not null,
  email          text not null,
  email_verified boolean not null,
  name           text not null,
  lang           text not null default '',
  zone           text not null default '',
  created_at     timestamptz not null,
  last_seen_at   timestamptz,
  version        int not null default 1,
  unique (issuer, subject)
);
comment on table person is 'Somebody who signed in once. Known by issuer and subject; e-mail is not an identity.';
create index person_email on person (lower(email));

create table person_right (
  id         uuid primary key default gen_random_uuid(),
  person_id  uuid not null references person,
  audience   text not null check (audience in ('company', 'staff', 'partner')),
  role       text not null,
  company_id uuid references company,
  office_id  uuid references office,
  agency_id  uuid references agency,
  parts      text[] not null default '{}',
  starts_on  date not null,
  ends_on    date,
  granted_by uuid references person,
  granted_at timestamptz not null,
  ended_at   timestamptz,
  ended_by   uuid references person,
  version    int not null default 1,
  check ((audience = 'company') = (company_id is not null)),
  check ((audience = 'staff') = (office_id is not null)),
  check ((audience = 'partner') = (agency_id is not null)),
  check (audience <> 'company' or role in ('owner', 'signatory', 'editor', 'contributor', 'reader', 'representative')),
  check (audience <> 'staff' or role in ('specialist', 'supervisor', 'headquarters', 'auditor', 'administrator')),
  check (audience <> 'partner' or role in ('officer', 'agency_admin')),
  constraint dated_roles_end check (role not in ('representative', 'auditor') or ends_on is not null),
  check (ends_on is null or ends_on >= starts_on)
);
comment on table person_right is 'What a person may do, and for whom. Ended, never deleted.';
comment on column person_right.parts is 'Contributor: the parts assigned to them.';
comment on column person_right.ends_on is 'Last day of the right; representatives and auditors always have one.';
create unique index one_right_per_company on person_right (person_id, company_id) where ended_at is null and audience = 'company';
create unique index one_right_per_staff_role on person_right (person_id, office_id, role) where ended_at is null and audience = 'staff';
create unique index one_right_per_agency on person_right (person_id, agency_id) where ended_at is null and audience = 'partner';
create index right_company on person_right (company_id) where ended_at is null;
create index right_office on person_right (office_id) where ended_at is null;
create index right_agency on person_right (agency_id) where ended_at is null;

create table invitation (
  id          uuid primary key default gen_random_uuid(),
  email       text not null check (length(email) between 3 and 254),
  audience    text not null check (audience in ('company', 'staff', 'partner')),
  role        text not null,
  company_id  uuid references company,
  office_id   uuid references office,
  agency_id   uuid references agency,
  parts       text[] not null default '{}',
  right_ends_on date,
  token_hash  bytea not null unique,
  invited_by  uuid references person,
  inviter     text not null,
  created_at  timestamptz not null,
  expires_at  timestamptz not null,
  accepted_at timestamptz,
  accepted_by uuid references person,
  revoked_at  timestamptz,
  version     int not null default 1,
  check ((audience = 'company') = (company_id is not null)),
  check ((audience = 'staff') = (office_id is not null)),
  check ((audience = 'partner') = (agency_id is not null)),
  check (accepted_at is null or revoked_at is null),
  check ((accepted_at is null) = (accepted_by is null))
);
comment on table invitation is 'A right on offer, accepted after signing in with that verified address.';
comment on column invitation.token_hash is 'SHA-256 of the link''s token; the token itself is only in the letter.';
create unique index one_open_invitation on invitation
  (lower(email), audience, coalesce(company_id, office_id, agency_id)) where accepted_at is null and revoked_at is null;
create index invitation_company on invitation (company_id);
create index invitation_office on invitation (office_id);
create index invitation_agency on invitation (agency_id);

create table session (
  id             uuid primary key default gen_random_uuid(),
  secret_hash    bytea not null unique,
  person_id      uuid not null references person,
  right_id       uuid references person_right,
  provider       text not null,
  audience       text not null check (audience in ('company', 'staff', 'partner')),
  agency_id      uuid references agency,
  provider_sid   text not null default '',
  id_token       bytea,
  csrf           text not null,
  user_agent     text not null default '',
  created_at     timestamptz not null,
  last_seen_at   timestamptz not null,
  idle_until     timestamptz not null,
  expires_at     timestamptz not null,
  ended_at       timestamptz
);
comment on table session is 'A signed-in browser. The cookie holds a secret, this row its hash.';
comment on column session.audience is 'Of the provider that vouched: only rights of this audience may be used, and of this agency.';
comment on column session.id_token is 'Sealed with the portal''s key: the hint for signing out at the provider.';
create index session_person on session (person_id) where ended_at is null;
create index session_expiry on session (expires_at);

create table sign_in (
  state_hash  bytea primary key,
  browser_hash bytea not null,
  provider    text not null,
  nonce       text not null,
  verifier    text not null,
  fresh       boolean not null,
  return_to   text not null default '',
  created_at  timestamptz not null,
  expires_at  timestamptz not null
);
comment on table sign_in is 'A sign-in under way at a provider: single use, ten minutes, deleted before the code is exchanged.';
create index sign_in_expiry on sign_in (expires_at);

create table kept_form (
  token_hash bytea primary key,
  path       text not null,
  sealed     bytea not null,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
comment on table kept_form is 'What somebody sent after their session had ended, sealed with the token in their cookie, for one hour.';
create index kept_form_expiry on kept_form (expires_at);

create table rate_limit (
  key         text not null,
  window_from timestamptz not null,
  hits        int not null,
  primary key (key, window_from)
);
comment on table rate_limit is 'Counts per key and window, shared by all replicas.';

grant select, insert, update on office, agency, person to portal_app;
grant select, insert, update on company, person_right, invitation to portal_app;
grant select, insert, update, delete on session, sign_in, kept_form, rate_limit to portal_app;

alter table company enable row level security;
alter table company force row level security;
create policy fence on company
  using ((select looking()) in ('system', 'staff')
      or ((select looking()) = 'company' and id = (select looking_company()))
      or ((select looking()) = 'person' and created_by = (select looking_person())))
  with check ((select looking()) in ('system', 'staff')
      or ((select looking()) = 'company' and id = (select looking_company()))
      or ((select looking()) = 'person' and created_by = (select looking_person())));

alter table person_right enable row level security;
alter table person_right force row level security;
-- Whoever opens a company's account becomes its first owner: the one right that a
-- person may write for themselves, and only while nobody has one there.
create function founding(in_company uuid, in_person uuid) returns boolean
  language sql stable set search_path = public set portal.scope = 'system'
  as $$ select exists (select from company where id = in_company and created_by = in_person)
      and not exists (select from person_right where company_id = in_company) $$;

create policy look on person_right for select
  using ((select looking()) in ('system', 'staff')
      or person_id = (select looking_person())
      or ((select looking()) = 'company' and company_id = (select looking_company()))
      or ((select looking()) = 'partner' and agency_id = (select looking_agency())));
create policy give on person_right for insert
  with check ((select looking()) in ('system', 'staff')
      or ((select looking()) = 'company' and company_id = (select looking_company()))
      or ((select looking()) = 'partner' and agency_id = (select looking_agency()))
      or ((select looking()) = 'person' and person_id = (select looking_person()) and role = 'owner'
          and founding(company_id, person_id)));
create policy change on person_right for update
  using ((select looking()) in ('system', 'staff')
      or ((select looking()) = 'company' and company_id = (select looking_company()))
      or ((select looking()) = 'partner' and agency_id = (select looking_agency())));

alter table invitation enable row level security;
alter table invitation force row level security;
create policy fence on invitation
  using ((select looking()) in ('system', 'staff')
      or ((select looking()) = 'company' and company_id = (select looking_company()))
      or ((select looking()) = 'partner' and agency_id = (select looking_agency())));
