-- +goose Up
-- What is due before a decision, by the day: the page of what officers can do counts it.
create index clock_application_due on clock (code, due_on, subject_id) where subject_kind = 'application' and stopped_at is null;
