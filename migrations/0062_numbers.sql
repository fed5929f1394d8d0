-- +goose Up
-- Which numbers of a company take part in a membership, where a programme lets it choose.
create table application_identifier (
  application_id uuid not null references application,
  identifier_id  uuid not null references company_identifier,
  company_id     uuid not null references company,
  chosen_at      timestamptz not null,
  chosen_by      uuid references person,
  primary key (application_id, identifier_id)
);
comment on table application_identifier is 'Numbers that take part, as chosen with the application. What was submitted is in its snapshot.';
create index application_identifier_identifier on application_identifier (identifier_id);
create index application_identifier_company on application_identifier (company_id);
create index application_identifier_person on application_identifier (chosen_by) where chosen_by is not null;
alter table application_identifier enable row level security;
alter table application_identifier force row level security;
create policy fence on application_identifier using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company())));
grant select, insert, delete on application_identifier to portal_app;
