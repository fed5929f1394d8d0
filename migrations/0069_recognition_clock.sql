-- +goose Up
-- What the clock looks at to tell partners within a minute: legal events that were recorded or
-- took effect lately.
create index standing_event_recorded on standing_event (recorded_at);
create index standing_event_effective on standing_event (effective_on);
create index recognition_arrangement on recognition (arrangement) where ended_at is null;
