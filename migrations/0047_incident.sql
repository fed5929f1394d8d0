-- +goose Up
-- The register of incidents (GAO-26-107893: complete, consistent, no duplicates).

create sequence incident_number;

create table incident (
  id             uuid primary key,
  reference      text not null unique,
  company_id     uuid not null references company,
  membership_id  uuid references membership,
  office_id      uuid not null references office,
  programme      text not null,
  kind           text not null,
  status         text not null check (status in ('reported', 'looked_into', 'passed', 'closed', 'merged')),
  place          text not null check (length(place) between 1 and 300),
  occurred_on    date not null,
  occurred_until date not null,
  found_on       date not null,
  way            text not null,
  told_by        text not null default '' check (length(told_by) <= 200),
  number         text not null default '' check (length(number) <= 100),
  number_key     text not null default '',
  numbers        text not null default '' check (length(numbers) <= 2000),
  facts          text not null default '' check (length(facts) <= 8000),
  consequences   text not null default '' check (length(consequences) <= 4000),
  self_reported  boolean not null,
  registered_at  timestamptz not null,
  registered_by  uuid references person,
  author         text not null,
  discovered_at  timestamptz,
  told_at        timestamptz,
  founded        boolean,
  closing_note   text not null default '' check (length(closing_note) <= 4000),
  closed_at      timestamptz,
  closed_by      uuid references person,
  merged_into    uuid references incident,
  case_id        uuid,
  ruled_out      text not null default '' check (length(ruled_out) <= 2000),
  version        int not null default 1,
  constraint ends_after_it_begins check (occurred_until >= occurred_on),
  constraint found_after_it_happened check (found_on >= occurred_on),
  constraint merged_somewhere check ((status = 'merged') = (merged_into is not null) and merged_into is distinct from id),
  constraint closed_with_a_word check ((status = 'closed') = (closed_at is not null)),
  constraint self_reports_are_told check (not self_reported or told_at is not null)
);
comment on table incident is 'Incidents of members: discovered by the agency, or reported by the company itself.';
comment on column incident.membership_id is 'Null: the company as a whole.';
comment on column incident.occurred_on is 'First day on which it may have happened; occurred_until the last.';
comment on column incident.number_key is 'The number in capitals without anything but letters and digits.';
comment on column incident.discovered_at is 'When the agency learned of it from elsewhere. A self-report counts as such when it came before.';
comment on column incident.told_at is 'From when on the company sees it.';
-- What the agency found and what the company reports are two lists: a company must not learn
-- from a refusal that the agency knows already. The agency merges them.
create unique index one_incident on incident (company_id, coalesce(membership_id, '00000000-0000-0000-0000-000000000000'), kind, occurred_on, number_key, self_reported)
  where status <> 'merged';
create index incident_company on incident (company_id, occurred_on desc);
create index incident_membership on incident (membership_id, occurred_on) where membership_id is not null;
create index incident_number_key on incident (number_key) where number_key <> '';
create index incident_queue on incident (office_id, status, registered_at desc);
create index incident_case on incident (case_id) where case_id is not null;
create index incident_merged on incident (merged_into) where merged_into is not null;
create index incident_registrar on incident (registered_by) where registered_by is not null;
create index incident_closer on incident (closed_by) where closed_by is not null;

create table incident_entry (
  id          uuid primary key,
  incident_id uuid not null references incident,
  company_id  uuid not null references company,
  what        text not null,
  internal    boolean not null,
  body        text not null check (length(body) <= 8000),
  author      text not null,
  person_id   uuid references person,
  at          timestamptz not null
);
comment on table incident_entry is 'What was said and done about an incident. Internal: the agency''s own.';
create index incident_entry_incident on incident_entry (incident_id, at);
create index incident_entry_company on incident_entry (company_id);
create index incident_entry_person on incident_entry (person_id) where person_id is not null;
create trigger incident_entry_append_only before update or delete on incident_entry for each row execute function refuse_change();
create trigger incident_entry_no_truncate before truncate on incident_entry for each statement execute function refuse_change();

-- Whom an office wants told of what a company sends: its supervisors, or its specialists where
-- it has none. Looks past the fence on purpose, for a company does not see the agency's rights.
create function to_tell(in_office uuid) returns setof uuid
  language sql stable set search_path = public set portal.scope = 'system'
  as $$ with people as (select person_id, role from person_right
      where audience = 'staff' and ended_at is null and office_id = in_office and role in ('supervisor', 'specialist'))
    select person_id from people where role = 'supervisor'
    union select person_id from people where role = 'specialist' and not exists (select from people where role = 'supervisor') $$;

alter table incident enable row level security;
alter table incident force row level security;
create policy fence on incident using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company()) and told_at is not null));
alter table incident_entry enable row level security;
alter table incident_entry force row level security;
create policy fence on incident_entry using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company()) and not internal and exists (select from incident i where i.id = incident_id)));
grant select, insert, update on incident to portal_app;
grant select, insert on incident_entry to portal_app;
grant usage on sequence incident_number to portal_app;
