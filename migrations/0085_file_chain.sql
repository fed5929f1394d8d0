-- +goose Up
-- Daily files of partners as a chain: what each was made after, and what it leads to. Of every
-- whole list that was handed out its numbers stay for as long as files do, without names, so
-- that what changed since can be said even when the list itself was taken away.
alter table api_file add column previous text not null default '' check (previous ~ '^([0-9a-f]{64})?$');
alter table api_file add column result text not null default '' check (result ~ '^([0-9a-f]{64})?$');
comment on column api_file.previous is 'Of a whole list: SHA-256 of the one published before it. Of a delta: of the one that it starts from. Empty: there was none.';
comment on column api_file.result is 'Of a delta: SHA-256 of the whole list that it leads to.';

create table api_file_state (
  agency_id   uuid not null references agency,
  arrangement text not null check (arrangement ~ '^[a-z0-9-]{2,60}$'),
  sha256      text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  day         date not null,
  made_at     timestamptz not null,
  lines       text not null,
  primary key (agency_id, arrangement, sha256, day)
);
comment on table api_file_state is 'Every whole list that was published: number and SHA-256 of each line, parted by a tab.';
create index api_file_state_last on api_file_state (agency_id, arrangement, made_at desc);
insert into api_file_state (agency_id, arrangement, sha256, day, made_at, lines)
  select agency_id, arrangement, sha256, day, made_at, coalesce((select string_agg((l::jsonb ->> 'number') || E'\t' || encode(sha256(convert_to(l, 'UTF8')), 'hex'), E'\n')
    from unnest(string_to_array(rtrim(body, E'\n'), E'\n')) l where l <> ''), '')
  from api_file where kind = 'full' on conflict do nothing;
alter table api_file_state enable row level security;
alter table api_file_state force row level security;
create policy fence on api_file_state using ((select looking_inside()));
grant select, insert, update, delete on api_file_state to portal_app;
