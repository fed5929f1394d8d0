-- +goose Up
-- What a company shows with an incident, a case or an appeal.
create table enclosure (
  id           uuid primary key,
  subject_kind text not null check (subject_kind in ('incident', 'enforcement', 'appeal')),
  subject_id   uuid not null,
  company_id   uuid not null references company,
  evidence_id  uuid not null references evidence,
  version_id   uuid references evidence_version,
  author       text not null,
  shown_by     uuid references person,
  shown_at     timestamptz not null,
  constraint enclosed_once unique nulls not distinct (subject_kind, subject_id, evidence_id, version_id)
);
comment on table enclosure is 'Items of a company''s library that it showed the agency with an incident, a case or an appeal, in the version of that moment. Append-only.';
create index enclosure_subject on enclosure (subject_id);
create index enclosure_company on enclosure (company_id);
create index enclosure_evidence on enclosure (evidence_id);
create index enclosure_version on enclosure (version_id) where version_id is not null;
create index enclosure_person on enclosure (shown_by) where shown_by is not null;
create trigger enclosure_append_only before update or delete on enclosure for each row execute function refuse_change();
create trigger enclosure_no_truncate before truncate on enclosure for each statement execute function refuse_change();
alter table enclosure enable row level security;
alter table enclosure force row level security;
create policy fence on enclosure using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company())));
grant select, insert on enclosure to portal_app;
