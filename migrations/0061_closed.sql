-- +goose Up
-- The clocks of a membership that a closed validation starts had been started for the
-- validation too: the same period ran twice. Those of validations never meant anything.
delete from clock_pause where clock_id in (select id from clock where subject_kind = 'validation' and start_event = 'validation.closed');
delete from clock where subject_kind = 'validation' and start_event = 'validation.closed';
