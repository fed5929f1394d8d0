-- +goose Up
-- What an officer photographed or kept on a visit, shown with a finding, and the order of lists.

create table finding_file (
  finding_id uuid not null references finding,
  file_id    uuid not null references visit_file,
  company_id uuid not null references company,
  primary key (finding_id, file_id)
);
comment on table finding_file is 'Files of a visit that show what a finding says. The company sees them once it has the finding.';
create index finding_file_file on finding_file (file_id);
grant select, insert, delete on finding_file to portal_app;
alter table finding_file enable row level security;
alter table finding_file force row level security;
create policy fence on finding_file using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company()) and exists (select from finding f where f.id = finding_id)));

-- A file of a visit is the agency's own until a finding that was sent shows it.
drop policy fence on visit_file;
create policy fence on visit_file using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company()) and exists (select from finding_file x where x.file_id = id)));

create trigger finding_entry_no_truncate before truncate on finding_entry for each statement execute function refuse_change();
create trigger report_version_no_truncate before truncate on report_version for each statement execute function refuse_change();
