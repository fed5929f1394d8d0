-- +goose Up
-- Reading the trail: it is listed by time, so each way of narrowing it has an index
-- in that order. A record's id is unique across kinds: the kind need not lead.

drop index audit_subject;
create index audit_subject on audit_event (subject_id, id desc);
drop index audit_person;
create index audit_person on audit_event (person_id, at desc, id desc);
create index audit_action on audit_event (action, at desc, id desc);
create index audit_kind on audit_event (subject_kind, at desc, id desc);
create index audit_request on audit_event (request_id);
