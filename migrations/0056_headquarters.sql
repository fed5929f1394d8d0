-- +goose Up
-- What headquarters counts by the day on which it happened.
create index validation_closed on validation (programme, closed_at) where status = 'closed';
create index finding_sent on finding (programme, sent_at) where sent_at is not null;
create index profile_result_sent on profile_result (sent_at);
create index standing_event_day on standing_event (effective_on);
create index clock_of_membership on clock (programme, code, due_on) where subject_kind = 'membership';
create index clock_ended on clock (programme, stopped_at) where not earliest;
create index recommendation_decided on recommendation (decided_at) where decision = 'approved';
create index report_approved on report (approved_at) where approved_at is not null;
