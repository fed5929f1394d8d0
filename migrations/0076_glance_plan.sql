-- +goose Up
-- Planning anew took longer than the look itself once there was much data: an autosave of a
-- whole administration was half as slow again as on an empty database.
alter function profile_glance set plan_cache_mode = force_generic_plan;
