-- +goose Up
-- Certificates that others verify without asking us: signed tokens, and lists that say which of
-- them are suspended or no longer good.

create table credential (
  id            uuid primary key,
  membership_id uuid not null references membership,
  company_id    uuid not null references company,
  kind          text not null check (kind in ('code', 'wallet')),
  list          int not null check (list >= 0),
  position      int not null check (position between 0 and 131071),
  facts         text not null,
  token         text not null default '',
  issued_at     timestamptz not null,
  expires_at    timestamptz not null check (expires_at > issued_at and expires_at <= issued_at + interval '366 days'),
  replaced_at   timestamptz,
  unique (list, position)
);
comment on table credential is 'Signed certificates of memberships. Each has a random place in a status list (IETF Token Status List).';
comment on column credential.facts is 'What the token says; a membership of which this is no longer true gets a new one.';
comment on column credential.token is 'Of the code that is printed. What was handed out for a wallet is not kept.';
comment on column credential.replaced_at is 'It says what is no longer so: its place in the list says that it is not valid.';
create unique index one_live_code on credential (membership_id) where kind = 'code' and replaced_at is null;
create index credential_membership on credential (membership_id);
create index credential_company on credential (company_id);

create table status_list (
  list       int primary key,
  digest     text not null,
  token      text not null,
  made_at    timestamptz not null,
  expires_at timestamptz not null
);
comment on table status_list is 'The signed status lists as they are published.';

alter table credential enable row level security;
alter table credential force row level security;
create policy fence on credential using ((select looking_inside())
  or ((select looking()) = 'company' and company_id = (select looking_company())));
grant select, insert, update on credential to portal_app;
grant select, insert, update on status_list to portal_app;
