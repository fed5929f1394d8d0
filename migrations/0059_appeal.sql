-- +goose Up
-- Appeals against decisions of enforcement (6 U.S.C. 967(c); UCC 44).

create sequence appeal_number;

create table appeal (
  id            uuid primary key,
  reference     text not null unique,
  company_id    uuid not null references company,
  case_id       uuid not null references enforcement_case,
  proposal_id   uuid not null references enforcement_proposal,
  membership_id uuid not null references membership,
  office_id     uuid not null references office,
  programme     text not null,
  status        text not null check (status in ('filed', 'in_hand', 'decided', 'withdrawn')),
  reasons       text not null check (length(reasons) between 1 and 8000),
  wanted        text not null default '' check (length(wanted) <= 4000),
  file_by       date not null,
  decide_by     date not null,
  filed_at      timestamptz not null,
  filed_by      uuid not null references person,
  filer         text not null,
  officer_id    uuid references person,
  taken_at      timestamptz,
  outcome       text not null default '' check (outcome in ('', 'confirmed', 'overturned', 'ended')),
  answer        text not null default '' check (length(answer) <= 8000),
  effective_on  date,
  decided_at    timestamptz,
  decided_by    uuid references person,
  decider       text not null default '',
  event_id      uuid references standing_event,
  withdrawn_at  timestamptz,
  version       int not null default 1,
  constraint decided_whole check ((status = 'decided') = (decided_at is not null) and (status = 'decided') = (outcome <> '')),
  constraint decided_in_hand check (decided_by is null or decided_by is not distinct from officer_id)
);
comment on table appeal is 'An appeal of a company against one decision of enforcement, decided by somebody who had no part in it.';
comment on column appeal.file_by is 'Last day for filing, as it was counted when it was filed; decide_by the last day for the decision.';
create unique index one_appeal_of_a_decision on appeal (proposal_id) where status <> 'withdrawn';
create index appeal_case on appeal (case_id);
create index appeal_company on appeal (company_id);
create index appeal_queue on appeal (decide_by, id) where status in ('filed', 'in_hand');
create index appeal_done on appeal (filed_at desc, id);
create index appeal_membership on appeal (membership_id);
create index appeal_office on appeal (office_id);
create index appeal_officer on appeal (officer_id) where officer_id is not null;
create index appeal_filer on appeal (filed_by);
create index appeal_decider on appeal (decided_by) where decided_by is not null;
create index appeal_event on appeal (event_id) where event_id is not null;

create table appeal_entry (
  id         uuid primary key,
  appeal_id  uuid not null references appeal,
  company_id uuid not null references company,
  by_company boolean not null,
  internal   boolean not null,
  body       text not null check (length(body) between 1 and 8000),
  author     text not null,
  person_id  uuid references person,
  at         timestamptz not null
);
comment on table appeal_entry is 'What the company and the officer add to an appeal. Internal: the officer''s own notes.';
create index appeal_entry_appeal on appeal_entry (appeal_id, at);
create index appeal_entry_company on appeal_entry (company_id);
create index appeal_entry_person on appeal_entry (person_id) where person_id is not null;
create trigger appeal_entry_append_only before update or delete on appeal_entry for each row execute function refuse_change();
create trigger appeal_entry_no_truncate before truncate on appeal_entry for each statement execute function refuse_change();

alter table appeal enable row level security;
alter table appeal force row level security;
create policy fence on appeal using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company())));
alter table appeal_entry enable row level security;
alter table appeal_entry force row level security;
create policy fence on appeal_entry using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company()) and not internal));
grant select, insert, update on appeal to portal_app;
grant select, insert on appeal_entry to portal_app;
grant usage on sequence appeal_number to portal_app;

-- Who decides appeals has a role of their own.
alter table person_right drop constraint person_right_check4;
alter table person_right add constraint person_right_check4
  check (audience <> 'staff' or role in ('specialist', 'supervisor', 'headquarters', 'auditor', 'appeal_officer', 'administrator'));
