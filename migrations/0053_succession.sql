-- +goose Up
-- Leaving a programme and changing the member: withdrawal, merger, split, sale, another kind of
-- member, and one security profile that stands for several memberships.

create sequence change_case_number;
grant usage on sequence change_case_number to portal_app;

create table change_case (
  id               uuid primary key,
  reference        text not null unique,
  company_id       uuid not null references company,
  membership_id    uuid not null references membership,
  office_id        uuid not null references office,
  programme        text not null,
  kind             text not null check (kind in ('withdrawal', 'merger', 'split', 'sale', 'type_change')),
  status           text not null check (status in ('draft', 'sent', 'in_review', 'proposed', 'accepted', 'in_force', 'returned', 'refused', 'called_off', 'overtaken')),
  effective_on     date,
  reason           text not null default '' check (length(reason) <= 60),
  note             text not null default '' check (length(note) <= 4000),
  successor_number text not null default '' check (length(successor_number) <= 60),
  successor_id     uuid references membership,
  new_name         text not null default '' check (length(new_name) <= 200),
  new_country      text not null default '' check (length(new_country) <= 2),
  entity_type      text not null default '' check (length(entity_type) <= 60),
  whole            boolean not null default false,
  share_answers    boolean not null default false,
  application_id   uuid references application,
  needs_decision   boolean not null default false,
  ground           text not null default '',
  proposal         text not null default '' check (proposal in ('', 'accept', 'refuse')),
  event_id         uuid references standing_event,
  created_at       timestamptz not null,
  created_by       uuid references person,
  sent_at          timestamptz,
  sent_by          uuid references person,
  reviewer_id      uuid references person,
  decided_at       timestamptz,
  decided_by       uuid references person,
  closed_at        timestamptz,
  version          int not null default 1,
  check (successor_id is null or successor_id <> membership_id),
  constraint sent_once_sent check (status in ('draft', 'called_off') or sent_at is not null)
);
comment on table change_case is 'A member leaves or becomes another: withdrawal, merger, split, sale, change of the kind of member. What follows in law stands in standing_event.';
comment on column change_case.effective_on is 'First day on which it counts, civil in the zone of the office in charge. Of a change of the kind of member: the first day of the new membership, once it is known.';
comment on column change_case.whole is 'Nothing of the business stays, so the membership ends on the day.';
comment on column change_case.needs_decision is 'The agency decides. Kept as it was when the case was sent.';
comment on column change_case.ground is 'Why the membership ends, as a code that decides whether a bar starts.';
create unique index one_open_change_case on change_case (membership_id) where status in ('draft', 'sent', 'in_review', 'proposed', 'accepted', 'returned');
create index change_case_company on change_case (company_id, created_at desc);
create index change_case_queue on change_case (office_id, status, sent_at) where sent_at is not null;
create index change_case_day on change_case (effective_on) where status = 'accepted';
create index change_case_membership on change_case (membership_id, created_at desc);
create index change_case_successor on change_case (successor_id) where successor_id is not null;
create index change_case_application on change_case (application_id) where application_id is not null;
create index change_case_event on change_case (event_id) where event_id is not null;

create table change_case_entry (
  id         uuid primary key,
  case_id    uuid not null references change_case,
  company_id uuid not null references company,
  what       text not null,
  by_company boolean not null,
  internal   boolean not null default false,
  body       text not null default '' check (length(body) <= 8000),
  author     text not null,
  person_id  uuid references person,
  at         timestamptz not null
);
comment on table change_case_entry is 'What was done with a case, and said. Internal: for the agency alone.';
create index change_case_entry_case on change_case_entry (case_id, at, id);
create index change_case_entry_company on change_case_entry (company_id);
create trigger change_case_entry_append_only before update or delete on change_case_entry for each row execute function refuse_change();
create trigger change_case_entry_no_truncate before truncate on change_case_entry for each statement execute function refuse_change();

create table change_case_proof (
  case_id     uuid not null references change_case,
  company_id  uuid not null references company,
  evidence_id uuid not null references evidence,
  version_id  uuid references evidence_version,
  primary key (case_id, evidence_id)
);
comment on table change_case_proof is 'Items of the library that show what a case says, in the version of the day on which it was sent.';
create index change_case_proof_evidence on change_case_proof (evidence_id);
create index change_case_proof_version on change_case_proof (version_id) where version_id is not null;
create index change_case_proof_company on change_case_proof (company_id);

create table change_case_item (
  case_id    uuid not null references change_case,
  company_id uuid not null references company,
  kind       text not null check (kind in ('profile', 'validation', 'finding')),
  item_id    uuid not null,
  decision   text not null check (decision in ('carry', 'close')),
  decided_by uuid references person,
  decided_at timestamptz not null,
  primary key (case_id, kind, item_id)
);
comment on table change_case_item is 'What becomes of the open profiles, validations and findings of a membership that ends: carried over to what follows it, or closed.';
create index change_case_item_company on change_case_item (company_id);

create table succession (
  case_id         uuid primary key references change_case,
  kind            text not null,
  from_id         uuid not null references membership,
  from_company_id uuid not null references company,
  from_number     text not null,
  to_id           uuid not null references membership,
  to_company_id   uuid not null references company,
  to_number       text not null,
  effective_on    date not null,
  recorded_at     timestamptz not null,
  check (from_id <> to_id)
);
comment on table succession is 'Which membership followed which. Both companies see it.';
create index succession_from on succession (from_id);
create index succession_to on succession (to_id);
create index succession_from_company on succession (from_company_id);
create index succession_to_company on succession (to_company_id);
create trigger succession_append_only before update or delete on succession for each row execute function refuse_change();
create trigger succession_no_truncate before truncate on succession for each statement execute function refuse_change();

-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['change_case', 'change_case_entry', 'change_case_proof', 'change_case_item', 'succession'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
  end loop;
end $$;
-- +goose StatementEnd
-- A draft is the company's own.
create policy fence on change_case using ((select looking()) = 'system' or ((select looking()) = 'staff' and sent_at is not null)
  or ((select looking()) = 'company' and company_id = (select looking_company())));
create policy fence on change_case_entry using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company()) and not internal));
create policy fence on change_case_proof using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company())));
create policy fence on change_case_item using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company())));
create policy fence on succession using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and (select looking_company()) in (from_company_id, to_company_id)));
grant select, insert, update on change_case to portal_app;
grant select, insert on change_case_entry to portal_app;
grant select, insert, delete on change_case_proof to portal_app;
grant select, insert, update on change_case_item to portal_app;
grant select, insert on succession to portal_app;
