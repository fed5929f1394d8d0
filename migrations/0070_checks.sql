-- +goose Up
-- What a check looks up, each by one step into an index.

-- Numbers of memberships as they are searched: capital letters and digits alone. A column,
-- because under row level security an index over an expression is not used.
alter table membership add column number_key text generated always as (upper(regexp_replace(number, '[^A-Za-z0-9]', '', 'g'))) stored;
create index membership_number_searched on membership (number_key);
create index standing_membership on standing (membership_id);

-- Lists of many numbers, checked one piece after the other.
create table check_batch (
  id          uuid primary key,
  number      text not null,
  agency_id   uuid not null references agency,
  person_id   uuid not null references person,
  arrangement text not null default '',
  purpose     text not null,
  own_ref     text not null default '' check (length(own_ref) <= 60),
  as_of       date,
  file_name   text not null check (length(file_name) between 1 and 200),
  head        jsonb not null,
  rows        int not null check (rows between 1 and 100000),
  wrong       int not null check (wrong between 0 and rows),
  pieces      int not null check (pieces between 1 and 1000),
  status      text not null check (status in ('waiting', 'working', 'stopped', 'done')),
  created_at  timestamptz not null,
  finished_at timestamptz,
  sha256      text not null default '',
  manifest    text not null default '',
  version     int not null default 1,
  check ((status = 'done') = (finished_at is not null))
);
comment on table check_batch is 'A list of numbers that a partner agency checks in one go, under one number.';
comment on column check_batch.wrong is 'Rows that cannot be checked as they are written.';
comment on column check_batch.manifest is 'Signed: count of rows and SHA-256 of the answers as CSV.';
create unique index check_batch_number on check_batch (number);
create index check_batch_agency on check_batch (agency_id, created_at desc, id desc);
create index check_batch_person on check_batch (person_id);

create table check_piece (
  batch_id  uuid not null references check_batch,
  piece     int not null,
  agency_id uuid not null references agency,
  first_row int not null,
  rows      jsonb not null,
  done_at   timestamptz,
  primary key (batch_id, piece)
);
comment on table check_piece is 'Rows of a list, as they came. A piece is checked wholly or not at all.';
create index check_piece_agency on check_piece (agency_id);

alter table check_batch enable row level security;
alter table check_batch force row level security;
create policy fence on check_batch using ((select looking_inside()) or ((select looking()) = 'partner' and agency_id = (select looking_agency())));
alter table check_piece enable row level security;
alter table check_piece force row level security;
create policy fence on check_piece using ((select looking_inside()) or ((select looking()) = 'partner' and agency_id = (select looking_agency())));
grant select, insert, update on check_batch to portal_app;
grant select, insert, update on check_piece to portal_app;
