-- +goose Up
-- The one-page report with which a company shows its management what membership brings, as it
-- was on the day. Only the company sees it.

create table briefing (
  id         uuid primary key,
  company_id uuid not null references company,
  body       json not null check (length(body::text) < 400000),
  sha256     text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  maker      text not null check (length(maker) <= 200),
  person_id  uuid not null references person,
  made_at    timestamptz not null
);
comment on table briefing is 'What membership brought and cost a company, as reported to its management.';
comment on column briefing.body is 'Numbers and sources as canonical JSON (RFC 8785), as text, so that the SHA-256 can be computed again.';
create index briefing_list on briefing (company_id, made_at desc, id desc);
create index briefing_person on briefing (person_id);
create trigger briefing_append_only before update or delete on briefing for each row execute function refuse_change();
create trigger briefing_no_truncate before truncate on briefing for each statement execute function refuse_change();
alter table briefing enable row level security;
alter table briefing force row level security;
create policy fence on briefing
  using ((select looking()) = 'system' or ((select looking()) = 'company' and company_id = (select looking_company())));
grant select, insert on briefing to portal_app;
