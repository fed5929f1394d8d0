-- +goose Up
-- What the agency's desk asks often: its queues, one case, one search.

-- Open cases by age. The office and the status are read on the way.
create index application_open on application (submitted_at, id) where closed_at is null and submitted_at is not null;

-- The next running clock of a record.
create index clock_running on clock (subject_kind, subject_id, due_on, id) where stopped_at is null;

-- Parts of one case.
create index information_request_application on information_request (application_id, sent_at desc);
create index information_item_application on information_item (application_id);
create index recommendation_application on recommendation (application_id, made_at desc);
create index hearing_application on hearing (application_id, opened_at desc);

-- Search by reference, number and address.
create index application_reference_prefix on application (reference text_pattern_ops);
create index change_notice_reference_prefix on change_notice (reference text_pattern_ops);
create index membership_number_prefix on membership (number text_pattern_ops);
create index contact_email on contact (lower(email)) where removed_at is null;

-- The other account of a possible duplicate.
create index possible_duplicate_other on possible_duplicate (other_id) where settled_at is null;
