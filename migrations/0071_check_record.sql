-- +goose Up
-- A foreign key locks the row of the agency for every check: all checks of an agency meet there.
-- Agencies and people are never removed, and the record names both for ever.
alter table consultation drop constraint consultation_agency_id_fkey;
alter table consultation drop constraint consultation_person_id_fkey;

-- Without a condition, so that a check of an unknown number writes as much as one of a member.
drop index consultation_company;
create index consultation_company on consultation (company_id, at desc);
