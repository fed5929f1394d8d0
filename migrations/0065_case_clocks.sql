-- +goose Up
-- Clocks of a part of a record, such as an item of a corrective action plan, and clocks of a
-- suspension that belong to the case which suspends.
alter table clock add column part uuid not null default '00000000-0000-0000-0000-000000000000';
alter table clock add column about text not null default '' check (length(about) <= 300);
comment on column clock.part is 'The part of the record that has a day of its own; all zeros: the record as a whole.';
comment on column clock.about is 'Which part, in the words of whoever wrote it.';
drop index one_running_clock;
create unique index one_running_clock on clock (subject_kind, subject_id, part, code) where stopped_at is null;

select set_config('portal.scope', 'system', true);
-- Clocks that run for a suspended membership belong to its case, the latest one that suspends it.
update clock k set subject_kind = 'enforcement', subject_id = c.id, version = k.version + 1,
  start_event = case k.start_event when 'membership.suspended' then 'enforcement.suspended' when 'membership.cure_reported' then 'enforcement.cure_reported' else k.start_event end
  from (select distinct on (membership_id) id, membership_id from enforcement_case where status <> 'closed' and suspended <> '[]' order by membership_id, opened_at desc, id) c
  where k.subject_kind = 'membership' and k.subject_id = c.membership_id and k.stopped_at is null and k.code in ('suspension_answer', 'suspension_facts', 'suspension_verification');

-- What headquarters counts of enforcement, by the day on which it happened.
create index enforcement_proposal_decided on enforcement_proposal (decided_at) where decided_at is not null;
create index incident_registered on incident (programme, registered_at);
create index appeal_filed on appeal (programme, filed_at);
create index enforcement_case_opened on enforcement_case (programme, opened_at);
