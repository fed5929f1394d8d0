-- +goose Up
-- Lists of foreign operators that partners bring: read, compared with what is known, looked at
-- by a second person, taken over. And what was said of each operator, and when.

select set_config('portal.scope', 'system', true);

alter table foreign_operator alter column receipt_hash drop not null;
alter table foreign_operator
  add column tier        text not null default '' check (length(tier) <= 60),
  add column valid_from  date,
  add column valid_until date,
  add column identifiers text not null default '' check (length(identifiers) <= 300),
  add column known_on    date;
update foreign_operator set known_on = coalesce(answered_at, applied_at)::date;
alter table foreign_operator alter column known_on set not null;
comment on column foreign_operator.receipt_hash is 'SHA-256 of the key with which the applicant looks at its application; null: it came with a list.';
comment on column foreign_operator.known_on is 'The last day on which its customs said something of it alone, or of it in a list.';

create table inbound_channel (
  id          uuid primary key,
  agency_id   uuid not null references agency,
  arrangement text not null check (arrangement ~ '^[a-z0-9-]{2,60}$'),
  home        text not null check (length(home) <= 60),
  columns     jsonb not null default '{}',
  as_of       date,
  brought_at  timestamptz,
  taken_at    timestamptz,
  version     int not null default 1,
  check ((as_of is null) = (taken_at is null) and (as_of is null) = (brought_at is null))
);
comment on table inbound_channel is 'What is remembered of the lists of one partner under one arrangement: headings of its columns, and the last list that was taken over.';
comment on column inbound_channel.columns is 'By the code of what a column says: its heading.';
create unique index one_inbound_channel on inbound_channel (agency_id, arrangement, home);

create table inbound_feed (
  id          uuid primary key,
  number      text not null unique check (length(number) between 10 and 30),
  channel_id  uuid not null references inbound_channel,
  agency_id   uuid not null references agency,
  arrangement text not null check (arrangement ~ '^[a-z0-9-]{2,60}$'),
  home        text not null check (length(home) <= 60),
  side        text not null check (side in ('agency', 'headquarters')),
  kind        text not null check (kind in ('full', 'delta')),
  as_of       date not null,
  file_name   text not null default '' check (length(file_name) <= 200),
  sha256      text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  head        jsonb not null default '[]',
  epoch       date,
  columns     jsonb not null default '{}',
  said        text[] not null default '{}',
  status      text not null check (status in ('columns', 'waiting', 'taken', 'refused', 'withdrawn')),
  rows        int not null check (rows > 0),
  wrong       int not null default 0,
  unreadable  int not null default 0,
  counts      jsonb not null default '{}',
  base        int not null default 0,
  fallen      int not null default 0,
  reliant     int not null default 0,
  brought_at  timestamptz not null,
  brought_by  uuid references person,
  bringer     text not null,
  client_id   uuid references api_client,
  ref         text not null default '' check (length(ref) <= 60),
  decided_at  timestamptz,
  decided_by  uuid references person,
  decider     text not null default '',
  reason      text not null default '' check (length(reason) <= 1000),
  version     int not null default 1,
  check ((brought_by is null) = (client_id is not null)),
  check ((status in ('columns', 'waiting')) = (decided_at is null)),
  check (decided_by is null or status = 'withdrawn' or decided_by is distinct from brought_by)
);
comment on table inbound_feed is 'A list of foreign operators that was brought, by a person or a program. Never the same person brings it and decides on it.';
comment on column inbound_feed.side is 'Whose people bring it and decide: the partner agency''s, or headquarters'' on its behalf.';
comment on column inbound_feed.as_of is 'The day of which the list speaks.';
comment on column inbound_feed.head is 'The headings of a file.';
comment on column inbound_feed.epoch is 'From which the days of a workbook are counted; null: not of a workbook.';
comment on column inbound_feed.columns is 'By the code of what a column says: its place.';
comment on column inbound_feed.said is 'What the list says of an operator; the rest stays as it is known.';
comment on column inbound_feed.unreadable is 'Wrong rows whose operator cannot be told.';
comment on column inbound_feed.base is 'Operators that counted when the list was compared; fallen: how many of them would no longer.';
comment on column inbound_feed.reliant is 'Members that have a fallen one among their business partners.';
comment on column inbound_feed.ref is 'How the program that brought it names it.';
create index inbound_feed_channel on inbound_feed (channel_id, brought_at desc, id desc);
create index inbound_feed_waiting on inbound_feed (agency_id, side, status) where decided_at is null;
create unique index one_inbound_ref on inbound_feed (agency_id, ref) where ref <> '';
create index inbound_feed_bringer on inbound_feed (brought_by) where brought_by is not null;
create index inbound_feed_decider on inbound_feed (decided_by) where decided_by is not null;
create index inbound_feed_client on inbound_feed (client_id) where client_id is not null;

create table inbound_piece (
  feed_id   uuid not null references inbound_feed,
  agency_id uuid not null references agency,
  piece     int not null,
  rows      jsonb not null,
  primary key (feed_id, piece)
);
comment on table inbound_piece is 'The rows of a file as they were brought, each with its line, until it is decided on.';

create table inbound_row (
  feed_id     uuid not null references inbound_feed,
  agency_id   uuid not null,
  id          int not null,
  line        int,
  number      text not null,
  search_key  text not null,
  name        text not null,
  country     text not null,
  status      text not null,
  types       text not null default '',
  tier        text not null default '',
  valid_from  date,
  valid_until date,
  identifiers text not null default '',
  reason      text not null default '',
  wrong       jsonb,
  change      text check (change in ('new', 'changed', 'confirmed', 'suspended', 'ended', 'unchanged', 'missing')),
  operator_id uuid,
  was         jsonb,
  reliant     int not null default 0,
  primary key (feed_id, id)
);
comment on table inbound_row is 'One operator of a list, and what it would change. After the decision those that change nothing go.';
comment on column inbound_row.line is 'Of the file, or place in the list of a program; null: it is missing from a full list.';
comment on column inbound_row.wrong is 'What is wrong with it, as texts; null: nothing.';
comment on column inbound_row.was is 'What is known now, where the list says otherwise.';
create index inbound_row_change on inbound_row (feed_id, change, id);
create index inbound_row_key on inbound_row (feed_id, search_key);

create table foreign_operator_event (
  id          bigint generated always as identity primary key,
  operator_id uuid not null references foreign_operator,
  agency_id   uuid not null,
  at          timestamptz not null,
  what        text not null check (length(what) between 2 and 40),
  status      text not null,
  was         jsonb,
  reason      text not null default '' check (length(reason) <= 1000),
  feed_id     uuid,
  actor       text not null
);
comment on table foreign_operator_event is 'What was said of a foreign operator, by whom, and with which list. Agency and list are those of other rows, and not looked up again for each of a hundred thousand.';
create index foreign_operator_event_of on foreign_operator_event (operator_id, id desc);
create index foreign_operator_event_feed on foreign_operator_event (feed_id) where feed_id is not null;
create trigger foreign_operator_event_append_only before update or delete on foreign_operator_event for each row execute function refuse_change();

grant select, insert, update on inbound_channel, inbound_feed to portal_app;
grant select, insert, delete on inbound_piece to portal_app;
grant select, insert, update, delete on inbound_row to portal_app;
grant select, insert on foreign_operator_event to portal_app;
-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['inbound_channel', 'inbound_feed', 'inbound_piece', 'inbound_row', 'foreign_operator_event'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format($p$create policy fence on %I using ((select looking_inside())
      or ((select looking()) = 'partner' and agency_id = (select looking_agency())))$p$, t);
  end loop;
end $$;
-- +goose StatementEnd
