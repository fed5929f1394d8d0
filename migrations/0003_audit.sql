-- +goose Up
-- Who did what, when and why. Rows are added and never changed, not even by the
-- portal's own role (D14).

create table audit_event (
  id           bigint generated always as identity primary key,
  at           timestamptz not null,
  tx           xid8 not null default pg_current_xact_id(),
  person_id    uuid,
  actor        text not null,
  audience     text not null,
  role         text not null,
  right_id     uuid,
  action       text not null check (action ~ '^[a-z_]+\.[a-z_]+$'),
  subject_kind text not null,
  subject_id   uuid,
  company_id   uuid,
  agency_id    uuid,
  before       jsonb,
  after        jsonb,
  reason       text not null default '',
  request_id   text not null default '',
  internal     boolean not null default false
);
comment on table audit_event is 'Append-only record of every change and of every read of confidential data.';
comment on column audit_event.tx is 'The transaction that wrote it: a sealer takes only rows below the oldest running one.';
comment on column audit_event.internal is 'True: not shown to the company (the agency''s own work on a case).';
create index audit_subject on audit_event (subject_kind, subject_id, id desc);
create index audit_company on audit_event (company_id, id desc);
create index audit_person on audit_event (person_id, id desc);
create index audit_at on audit_event (at desc, id desc);

create trigger audit_append_only before update or delete on audit_event
  for each row execute function refuse_change();
create trigger audit_no_truncate before truncate on audit_event
  for each statement execute function refuse_change();

grant select, insert on audit_event to portal_app;
alter table audit_event enable row level security;
alter table audit_event force row level security;
create policy look on audit_event for select
  using ((select looking()) in ('system', 'staff')
      or ((select looking()) = 'company' and company_id = (select looking_company()) and not internal)
      or ((select looking()) = 'partner' and agency_id = (select looking_agency()) and not internal)
      or ((select looking()) = 'person' and person_id = (select looking_person())));
create policy write on audit_event for insert with check ((select looking()) <> 'nobody');
