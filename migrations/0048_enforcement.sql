-- +goose Up
-- Cases of enforcement: investigation, proposal, notice, answer, decision by a second person,
-- emergency, corrective action plan, reinstatement (6 U.S.C. 967; UCC 22, 27, 28; DA 16-18).

create sequence enforcement_number;

create table enforcement_case (
  id               uuid primary key,
  reference        text not null unique,
  company_id       uuid not null references company,
  membership_id    uuid not null references membership,
  office_id        uuid not null references office,
  programme        text not null,
  entity_type      text not null,
  status           text not null check (status in ('investigating', 'proposed', 'notified', 'answered', 'emergency', 'in_force', 'end_proposed', 'closed')),
  source_kind      text not null check (source_kind in ('incident', 'finding', 'validation', 'profile', 'request', 'hand')),
  source_id        uuid,
  reason           text not null check (length(reason) between 1 and 4000),
  ground           text not null default '',
  worker_id        uuid references person,
  opened_at        timestamptz not null,
  opened_by        uuid references person,
  author           text not null,
  told_at          timestamptz,
  suspended        jsonb not null default '[]',
  limited          jsonb not null default '[]',
  benefits         jsonb not null default '[]',
  since            date,
  until_on         date,
  until_told_at    timestamptz,
  wish_on          date,
  asks_on          date,
  emergency_at     timestamptz,
  emergency_by     uuid references person,
  confirm_by       date,
  confirm_told_at  timestamptz,
  confirmed_at     timestamptz,
  confirmed_by     uuid references person,
  answered_at      timestamptz,
  plan_status      text not null default '' check (plan_status in ('', 'sent', 'accepted', 'returned')),
  cured_at         timestamptz,
  end_reason       text not null default '' check (length(end_reason) <= 4000),
  end_proposed_at  timestamptz,
  end_proposed_by  uuid references person,
  end_decided_by   uuid references person,
  decided_at       timestamptz,
  closed_at        timestamptz,
  outcome          text not null default '',
  published_at     timestamptz,
  published_by     uuid references person,
  version          int not null default 1,
  constraint second_person_confirms check (confirmed_by is null or confirmed_by <> emergency_by),
  constraint second_person_ends check (end_decided_by is null or end_decided_by <> end_proposed_by),
  constraint closed_with_outcome check ((status = 'closed') = (closed_at is not null))
);
comment on table enforcement_case is 'A case of enforcement about one membership.';
comment on column enforcement_case.told_at is 'From when on the company sees the case: an investigation is the agency''s own.';
comment on column enforcement_case.suspended is 'Types that are suspended by this case now; limited: types whose benefits are denied in part.';
comment on column enforcement_case.until_on is 'Last day of the suspension; null: open. It does not end by itself.';
comment on column enforcement_case.wish_on is 'Until when the company itself asks to be suspended; asks_on until when it asks for more time.';
create index enforcement_membership on enforcement_case (membership_id, opened_at desc);
create index enforcement_company on enforcement_case (company_id);
create index enforcement_queue on enforcement_case (office_id, status, opened_at);
create index enforcement_source on enforcement_case (source_id) where source_id is not null;
create index enforcement_until on enforcement_case (until_on) where until_on is not null and until_told_at is null;
create index enforcement_confirm on enforcement_case (confirm_by) where status = 'emergency' and confirm_told_at is null;
create index enforcement_worker on enforcement_case (worker_id) where worker_id is not null;
create unique index one_case_of_a_source on enforcement_case (source_kind, source_id) where source_id is not null and status <> 'closed';

create table enforcement_proposal (
  id          uuid primary key,
  case_id     uuid not null references enforcement_case,
  company_id  uuid not null references company,
  number      int not null,
  emergency   boolean not null default false,
  measure     text not null check (measure in ('none', 'warn', 'limit', 'suspend', 'remove', 'annul')),
  types       jsonb not null,
  benefits    jsonb not null default '[]',
  until_on    date,
  ground      text not null,
  reasons     text not null check (length(reasons) between 1 and 8000),
  proposed_at timestamptz not null,
  proposed_by uuid not null references person,
  author      text not null,
  notified_at timestamptz,
  answer      text not null default '' check (length(answer) <= 8000),
  answered_at timestamptz,
  answerer    text not null default '',
  decision    text not null default '' check (decision in ('', 'approved', 'returned', 'recalled')),
  note        text not null default '' check (length(note) <= 4000),
  decided_at  timestamptz,
  decided_by  uuid references person,
  decider     text not null default '',
  event_id    uuid references standing_event,
  unique (case_id, number),
  constraint second_person_decides check (decided_by is null or decision = 'recalled' or decided_by <> proposed_by),
  constraint decided_whole check ((decision = '') = (decided_at is null))
);
comment on table enforcement_proposal is 'What was proposed in a case and decided by a second person. The company sees what it was told of.';
create unique index one_open_step on enforcement_proposal (case_id) where decision = '';
create index enforcement_proposal_company on enforcement_proposal (company_id);
create index enforcement_proposal_proposer on enforcement_proposal (proposed_by);
create index enforcement_proposal_decider on enforcement_proposal (decided_by) where decided_by is not null;
create index enforcement_proposal_event on enforcement_proposal (event_id) where event_id is not null;

create table enforcement_weighing (
  proposal_id uuid primary key references enforcement_proposal,
  company_id  uuid not null references company,
  answers     jsonb not null,
  sheet       jsonb not null,
  points      int not null,
  suggested   text not null,
  deviation   text not null default '' check (length(deviation) <= 4000)
);
comment on table enforcement_weighing is 'How a proposal was weighed: the agency''s own. The sheet holds questions and answers as they read on that day.';
create index enforcement_weighing_company on enforcement_weighing (company_id);

create table enforcement_entry (
  id         uuid primary key,
  case_id    uuid not null references enforcement_case,
  company_id uuid not null references company,
  what       text not null,
  internal   boolean not null,
  by_company boolean not null,
  body       text not null check (length(body) <= 8000),
  author     text not null,
  person_id  uuid references person,
  at         timestamptz not null
);
comment on table enforcement_entry is 'The history of a case. Internal: the agency''s own.';
create index enforcement_entry_case on enforcement_entry (case_id, at);
create index enforcement_entry_company on enforcement_entry (company_id);
create index enforcement_entry_person on enforcement_entry (person_id) where person_id is not null;
create trigger enforcement_entry_append_only before update or delete on enforcement_entry for each row execute function refuse_change();
create trigger enforcement_entry_no_truncate before truncate on enforcement_entry for each statement execute function refuse_change();

create table enforcement_item (
  id          uuid primary key,
  case_id     uuid not null references enforcement_case,
  company_id  uuid not null references company,
  number      int not null,
  status      text not null check (status in ('open', 'done', 'verified', 'dropped')),
  goal        text not null check (length(goal) between 1 and 2000),
  due_on      date not null,
  done_note   text not null default '' check (length(done_note) <= 4000),
  done_at     timestamptz,
  agency_note text not null default '' check (length(agency_note) <= 4000),
  verified_at timestamptz,
  verified_by uuid references person,
  version     int not null default 1,
  unique (case_id, number)
);
comment on table enforcement_item is 'Items of the corrective action plan of a case.';
create index enforcement_item_company on enforcement_item (company_id);
create index enforcement_item_verifier on enforcement_item (verified_by) where verified_by is not null;

create table enforcement_consent (
  case_id    uuid primary key references enforcement_case,
  company_id uuid not null references company,
  wording    text not null,
  name       text not null,
  signed_by  uuid not null references person,
  signed_at  timestamptz not null
);
comment on table enforcement_consent is 'Consent of the company to unannounced visits, with the text that was signed.';
create index enforcement_consent_company on enforcement_consent (company_id);
create index enforcement_consent_signer on enforcement_consent (signed_by);
create trigger enforcement_consent_append_only before update or delete on enforcement_consent for each row execute function refuse_change();
create trigger enforcement_consent_no_truncate before truncate on enforcement_consent for each statement execute function refuse_change();

alter table incident add constraint incident_case_fk foreign key (case_id) references enforcement_case;

alter table enforcement_case enable row level security;
alter table enforcement_case force row level security;
create policy fence on enforcement_case using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company()) and told_at is not null));
alter table enforcement_proposal enable row level security;
alter table enforcement_proposal force row level security;
create policy fence on enforcement_proposal using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company())
    and (notified_at is not null or decision = 'approved') and exists (select from enforcement_case c where c.id = case_id)));
alter table enforcement_weighing enable row level security;
alter table enforcement_weighing force row level security;
create policy fence on enforcement_weighing using ((select looking()) in ('system', 'staff'));
alter table enforcement_entry enable row level security;
alter table enforcement_entry force row level security;
create policy fence on enforcement_entry using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company()) and not internal and exists (select from enforcement_case c where c.id = case_id)));
-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['enforcement_item', 'enforcement_consent'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format($p$create policy fence on %I using ((select looking()) in ('system', 'staff')
      or ((select looking()) = 'company' and company_id = (select looking_company()) and exists (select from enforcement_case c where c.id = case_id)))$p$, t);
  end loop;
end $$;
-- +goose StatementEnd
grant select, insert, update on enforcement_case, enforcement_proposal, enforcement_item to portal_app;
grant select, insert on enforcement_weighing, enforcement_entry, enforcement_consent to portal_app;
grant usage on sequence enforcement_number to portal_app;
