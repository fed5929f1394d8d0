-- +goose Up
-- A workbook that was read and waits for its person to choose what is taken over.
create table import_draft (
  id         uuid primary key,
  cycle_id   uuid not null references profile_cycle,
  company_id uuid not null references company,
  person_id  uuid not null references person,
  file_name  text not null check (length(file_name) between 1 and 200),
  body       jsonb not null,
  created_at timestamptz not null,
  expires_at timestamptz not null check (expires_at > created_at)
);
comment on table import_draft is 'What a workbook says, until its person has chosen what is taken over. Rows that are over mean nothing and are cleared.';
create index import_draft_company on import_draft (company_id, person_id);

grant select, insert, delete on import_draft to portal_app;
alter table import_draft enable row level security;
alter table import_draft force row level security;
create policy fence on import_draft
  using ((select looking()) = 'system'
      or ((select looking()) = 'company' and company_id = (select looking_company())));
