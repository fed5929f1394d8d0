-- +goose Up
-- Who made a plan does not adopt it, and lists of members by the day of their next validation.
alter table validation_plan add constraint plan_four_eyes check (adopted_by is null or made_by is null or adopted_by <> made_by);

create index clock_membership_due on clock (code, due_on, subject_id) where subject_kind = 'membership' and stopped_at is null;
create index membership_live on membership (programme, id) where status <> 'ended';
