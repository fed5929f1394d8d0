-- +goose Up
-- A clock may stand still for several reasons at once, each with its own begin and end.
drop index one_open_pause;
create unique index one_open_pause on clock_pause (clock_id, reason) where resumed_at is null;
