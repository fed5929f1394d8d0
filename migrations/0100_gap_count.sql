-- +goose Up
-- The portal counts a month by itself once it is over, and then nobody counted it.
alter table benefit_gap_count alter column counted_by drop not null;
comment on column benefit_gap_count.counted_by is 'Who of headquarters did not wait for the portal; null: the portal.';
