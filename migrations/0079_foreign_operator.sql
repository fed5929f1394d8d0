-- +goose Up
-- Trusted traders of other countries that apply to be recognised here. Their own customs confirms.

create table foreign_operator (
  id           uuid primary key,
  agency_id    uuid not null references agency,
  arrangement  text not null check (arrangement ~ '^[a-z0-9-]{2,60}$'),
  home         text not null check (length(home) <= 60),
  name         text not null check (length(name) between 2 and 200),
  country      text not null check (country ~ '^[A-Z]{2}$'),
  number       text not null check (length(number) between 3 and 60),
  search_key   text not null check (length(search_key) between 3 and 60),
  types        text not null default '' check (length(types) <= 200),
  status       text not null check (status in ('applied', 'confirmed', 'refused', 'suspended', 'ended')),
  reason       text not null default '' check (length(reason) <= 1000),
  receipt_hash bytea not null unique,
  applied_at   timestamptz not null,
  answered_at  timestamptz,
  changed_at   timestamptz not null,
  ended_at     timestamptz,
  version      int not null default 1,
  check ((status = 'ended') = (ended_at is not null)),
  check (status = 'applied' or answered_at is not null)
);
comment on table foreign_operator is 'A trusted trader of another country that asks to be recognised here. Its own customs agency confirms it, and says when that ends.';
comment on column foreign_operator.home is 'The programme of ours whose arrangement it is.';
comment on column foreign_operator.number is 'In its own country''s programme.';
comment on column foreign_operator.receipt_hash is 'SHA-256 of the key with which the applicant looks at its application.';
create unique index one_live_foreign_operator on foreign_operator (agency_id, arrangement, home, search_key) where status in ('applied', 'confirmed', 'suspended');
create index foreign_operator_agency on foreign_operator (agency_id, status, applied_at);
create index foreign_operator_list on foreign_operator (status, changed_at desc);
create index foreign_operator_search on foreign_operator (search_key);
alter table foreign_operator enable row level security;
alter table foreign_operator force row level security;
create policy fence on foreign_operator using ((select looking_inside())
  or ((select looking()) = 'partner' and agency_id = (select looking_agency())));
grant select, insert, update on foreign_operator to portal_app;
