-- +goose Up
-- Planning took longer than searching. The indexes serve any text, so one plan will do.
alter function company_names_like(text, text, text, int) set plan_cache_mode = force_generic_plan;
create index identifier_any on company_identifier (value) where removed_at is null;
