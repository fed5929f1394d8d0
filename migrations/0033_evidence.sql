-- +goose Up
-- Files on their way in, and what becomes of their content.

alter table evidence_upload
  add column declared text not null default '',
  add column blob_key text not null default '';
comment on column evidence_upload.declared is 'The media type that the browser named.';
comment on column evidence_upload.blob_key is 'Where the content is being put together. Set before the store is written to, so that nothing lies there that nobody knows of.';
create index evidence_upload_seen on evidence_upload (seen_at);
create index evidence_upload_company on evidence_upload (company_id);

create table evidence_part (
  upload_id  uuid not null references evidence_upload on delete cascade,
  company_id uuid not null references company,
  start      bigint not null check (start >= 0),
  size       int not null check (size > 0),
  blob_key   text not null unique,
  primary key (upload_id, start)
);
comment on table evidence_part is 'A piece of a file on its way in: its content lies in the store until the file is whole.';

alter table evidence_version
  add column preview_key text not null default '',
  add column forgotten_at timestamptz;
comment on column evidence_version.preview_key is 'A smaller picture without the camera''s data, made from a picture that may be shown. Empty: none.';
comment on column evidence_version.forgotten_at is 'When the content was deleted, because its evidence was removed and this version never submitted.';
create index evidence_removed on evidence (removed_at) where removed_at is not null;
create index evidence_pin_version on evidence_pin (version_id) where version_id is not null;

grant select, insert, update, delete on evidence_part to portal_app;
alter table evidence_part enable row level security;
alter table evidence_part force row level security;
create policy fence on evidence_part
  using ((select looking()) in ('system', 'staff')
      or ((select looking()) = 'company' and company_id = (select looking_company())));
