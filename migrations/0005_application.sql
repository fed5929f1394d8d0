-- +goose Up
-- From request to join to membership, with its clocks and letters.

create sequence application_number;
create sequence membership_number;
grant usage on sequence application_number, membership_number to portal_app;

create table application (
  id             uuid primary key default gen_random_uuid(),
  reference      text not null unique,
  company_id     uuid not null references company,
  programme      text not null,
  edition        text not null,
  edition_hash   text not null,
  entity_type    text not null,
  office_id      uuid not null references office,
  status         text not null check (status in ('draft', 'submitted', 'in_review', 'information_requested', 'recommended', 'hearing', 'certified', 'rejected', 'withdrawn', 'lapsed')),
  opened_at      timestamptz not null,
  opened_by      uuid,
  submitted_at   timestamptz,
  accepted_at    timestamptz,
  decided_at     timestamptz,
  closed_at      timestamptz,
  assignee_id    uuid references person,
  assigned_at    timestamptz,
  round          int not null default 0,
  closing_reason text not null default '',
  version        int not null default 1,
  constraint submitted_once_sent check (status in ('draft', 'withdrawn', 'lapsed') or submitted_at is not null),
  constraint decided_once_decided check ((status in ('certified', 'rejected')) = (decided_at is not null)),
  constraint closed_when_final check ((status in ('certified', 'rejected', 'withdrawn', 'lapsed')) = (closed_at is not null))
);
comment on table application is 'A request to join one programme as one entity type.';
comment on column application.edition_hash is 'Content hash of the programme''s edition that it was opened under; a later edition never alters it.';
comment on column application.round is 'How often it was submitted: 1 after the first time.';
create unique index one_open_application on application (company_id, programme, entity_type)
  where status not in ('certified', 'rejected', 'withdrawn', 'lapsed');
create index application_company on application (company_id, opened_at desc);
create index application_queue on application (office_id, status, submitted_at, id);
create index application_assignee on application (assignee_id, status, submitted_at, id);
create index application_status on application (status, submitted_at, id);

create table eligibility_answer (
  application_id uuid not null references application,
  company_id     uuid not null references company,
  question       text not null,
  answer         text not null check (length(answer) <= 4000),
  note           text not null default '' check (length(note) <= 4000),
  answered_at    timestamptz not null,
  answered_by    uuid,
  version        int not null default 1,
  primary key (application_id, question)
);

create table agreement_signature (
  id             uuid primary key default gen_random_uuid(),
  application_id uuid not null references application,
  company_id     uuid not null references company,
  edition        text not null,
  text           text not null,
  text_sha256    text not null,
  signed_by      uuid not null,
  signed_name    text not null check (length(signed_name) between 1 and 200),
  signed_title   text not null check (length(signed_title) between 1 and 120),
  signed_at      timestamptz not null,
  revoked_at     timestamptz
);
comment on table agreement_signature is 'Who signed exactly which text, and when.';
create unique index one_live_signature on agreement_signature (application_id) where revoked_at is null;

create table application_snapshot (
  id             uuid primary key default gen_random_uuid(),
  application_id uuid not null references application,
  company_id     uuid not null references company,
  round          int not null,
  body           text not null,
  sha256         text not null,
  submitted_by   uuid not null,
  submitted_at   timestamptz not null,
  attested_name  text not null,
  unique (application_id, round)
);
comment on table application_snapshot is 'What was submitted, byte for byte: canonical JSON and its hash.';

create table information_request (
  id             uuid primary key default gen_random_uuid(),
  application_id uuid not null references application,
  company_id     uuid not null references company,
  message        text not null check (length(message) between 1 and 4000),
  due_on         date not null,
  sent_at        timestamptz not null,
  sent_by        uuid,
  answered_at    timestamptz,
  answered_by    uuid,
  cancelled_at   timestamptz,
  version        int not null default 1
);
create unique index one_open_request on information_request (application_id) where answered_at is null and cancelled_at is null;

create table information_item (
  id         uuid primary key default gen_random_uuid(),
  request_id uuid not null references information_request,
  application_id uuid not null references application,
  company_id uuid not null references company,
  part       text not null,
  question   text not null check (length(question) between 1 and 4000),
  answer     text not null default '' check (length(answer) <= 8000),
  answered_at timestamptz,
  answered_by uuid,
  version    int not null default 1
);
comment on column information_item.part is 'The part that this request unlocks: company_profile, sites, contacts, identifiers, agreement, or eligibility.<question>.';
create index information_item_request on information_item (request_id);

create table review_item (
  application_id uuid not null references application,
  company_id     uuid not null references company,
  part           text not null,
  round          int not null,
  verdict        text not null check (verdict in ('not_reviewed', 'meets', 'meets_with_recommendation', 'more_information', 'does_not_meet', 'not_applicable')),
  remark         text not null default '' check (length(remark) <= 4000),
  reviewed_by    uuid references person,
  reviewed_at    timestamptz,
  version        int not null default 1,
  primary key (application_id, part)
);
comment on table review_item is 'The profile track: a verdict per part.';

create table vetting_item (
  id             uuid primary key default gen_random_uuid(),
  application_id uuid not null references application,
  company_id     uuid not null references company,
  code           text not null,
  subject_kind   text not null check (subject_kind in ('identifier', 'contact', 'site', 'company')),
  subject_id     uuid not null,
  label          text not null,
  outcome        text not null default 'open' check (outcome in ('open', 'clear', 'concern', 'not_applicable')),
  note           text not null default '' check (length(note) <= 4000),
  checked_by     uuid references person,
  checked_at     timestamptz,
  retired_at     timestamptz,
  version        int not null default 1,
  unique (application_id, code, subject_kind, subject_id),
  constraint outcome_has_a_checker check ((outcome = 'open') = (checked_at is null))
);
comment on table vetting_item is 'The vetting track: one check per identifier, officer and site.';

create table recommendation (
  id             uuid primary key default gen_random_uuid(),
  application_id uuid not null references application,
  company_id     uuid not null references company,
  outcome        text not null check (outcome in ('certify', 'reject')),
  reason         text not null check (length(reason) between 1 and 4000),
  points         jsonb not null default '[]',
  made_by        uuid not null references person,
  made_at        timestamptz not null,
  heard          boolean not null default false,
  decided_by     uuid references person,
  decided_at     timestamptz,
  decision       text check (decision in ('approved', 'returned')),
  decision_note  text not null default '' check (length(decision_note) <= 4000),
  withdrawn_at   timestamptz,
  version        int not null default 1,
  constraint four_eyes check (decided_by is null or decided_by <> made_by),
  constraint decided_together check ((decided_at is null) = (decided_by is null) and (decided_at is null) = (decision is null))
);
comment on table recommendation is 'A specialist''s proposal and another person''s approval or return.';
comment on column recommendation.points is 'Reasons of a rejection, point by point: list of {part, reason, text}.';
create unique index one_open_recommendation on recommendation (application_id) where decided_at is null and withdrawn_at is null;

create table hearing (
  id             uuid primary key default gen_random_uuid(),
  application_id uuid not null references application,
  company_id     uuid not null references company,
  recommendation_id uuid not null references recommendation,
  grounds        text not null,
  opened_at      timestamptz not null,
  answer         text not null default '' check (length(answer) <= 20000),
  answered_at    timestamptz,
  answered_by    uuid,
  closed_at      timestamptz,
  version        int not null default 1
);
comment on table hearing is 'The right to be heard before an adverse decision (UCC Art. 22(6)).';
create unique index one_open_hearing on hearing (application_id) where closed_at is null;

create table case_lock (
  application_id uuid primary key references application,
  person_id      uuid not null references person,
  name           text not null,
  taken_at       timestamptz not null,
  expires_at     timestamptz not null
);
comment on table case_lock is 'Who is working in a case right now; expires by itself. List and record read this one row.';

create table note (
  id             uuid primary key default gen_random_uuid(),
  application_id uuid references application,
  company_id     uuid not null references company,
  body           text not null check (length(body) between 1 and 8000),
  written_by     uuid not null references person,
  author         text not null,
  written_at     timestamptz not null
);
comment on table note is 'The agency''s internal notes. Companies never see them.';
create index note_company on note (company_id, written_at desc);
create index note_application on note (application_id, written_at desc);

create table work_log (
  id             uuid primary key default gen_random_uuid(),
  application_id uuid not null references application,
  company_id     uuid not null references company,
  person_id      uuid not null references person,
  worked_on      date not null,
  minutes        int not null check (minutes between 1 and 1440),
  activity       text not null check (activity in ('certification', 'vetting', 'validation', 'revalidation', 'other')),
  note           text not null default '' check (length(note) <= 1000),
  logged_at      timestamptz not null,
  removed_at     timestamptz,
  version        int not null default 1
);
comment on table work_log is 'Staff hours per case, recorded as 6 U.S.C. 971 demands.';
create index work_log_application on work_log (application_id, worked_on);

create table membership (
  id             uuid primary key default gen_random_uuid(),
  company_id     uuid not null references company,
  application_id uuid not null unique references application,
  programme      text not null,
  edition        text not null,
  entity_type    text not null,
  number         text not null unique,
  tier           text not null default '',
  status         text not null check (status in ('active', 'suspended', 'ended')),
  certified_on   date not null,
  effective_on   date not null,
  created_at     timestamptz not null,
  ended_on       date,
  version        int not null default 1,
  check (effective_on >= certified_on),
  check ((status = 'ended') = (ended_on is not null))
);
comment on column membership.certified_on is 'Civil day of the decision in the zone of the deciding office.';
comment on column membership.effective_on is 'First day on which others may rely on it.';
create unique index one_live_membership on membership (company_id, programme, entity_type) where status <> 'ended';
create index membership_company on membership (company_id);

create table clock (
  id              uuid primary key default gen_random_uuid(),
  company_id      uuid not null references company,
  subject_kind    text not null check (subject_kind in ('application', 'membership', 'change_notice')),
  subject_id      uuid not null,
  office_id       uuid not null references office,
  programme       text not null,
  code            text not null,
  name            text not null,
  source          text not null,
  start_event     text not null,
  started_at      timestamptz not null,
  zone            text not null,
  calendar        text not null,
  amount          int not null check (amount > 0),
  unit            text not null check (unit in ('calendar_days', 'business_days', 'months', 'years')),
  roll_forward    boolean not null default false,
  earliest        boolean not null default false,
  warn_days       int not null default 0,
  reminders       int[] not null default '{}',
  reminded        int[] not null default '{}',
  extension_days  int not null default 0 check (extension_days >= 0),
  extension_reason text not null default '',
  owed_by         text not null check (owed_by in ('agency', 'company')),
  on_expiry       text not null default '',
  due_on          date not null,
  paused          boolean not null default false,
  stopped_at      timestamptz,
  stop_event      text not null default '',
  expired_at      timestamptz,
  version         int not null default 1,
  check (stopped_at is null or not paused)
);
comment on table clock is 'A legal clock: its rule is copied from the programme''s edition when an event starts it.';
comment on column clock.due_on is 'Derived from the event, the rule, the pauses and the extension; recomputed at each of these and never typed.';
comment on column clock.expired_at is 'When the portal acted on the deadline having passed.';
create unique index one_running_clock on clock (subject_kind, subject_id, code) where stopped_at is null;
create index clock_subject on clock (subject_kind, subject_id);
create index clock_company on clock (company_id);
create index clock_due on clock (due_on) where stopped_at is null;

create table clock_pause (
  id         uuid primary key default gen_random_uuid(),
  clock_id   uuid not null references clock,
  company_id uuid not null references company,
  paused_at  timestamptz not null,
  resumed_at timestamptz,
  reason     text not null,
  note       text not null default '' check (length(note) <= 1000),
  paused_by  text not null,
  resumed_by text not null default '',
  check (resumed_at is null or resumed_at >= paused_at)
);
create unique index one_open_pause on clock_pause (clock_id) where resumed_at is null;
create index clock_pause_clock on clock_pause (clock_id);

create table message (
  id           uuid primary key default gen_random_uuid(),
  company_id   uuid not null references company,
  direction    text not null check (direction in ('to_company', 'to_agency')),
  letter       text not null default '',
  subject      text not null check (length(subject) between 1 and 300),
  body         text not null check (length(body) between 1 and 200000),
  subject_kind text not null,
  subject_id   uuid not null,
  author       text not null,
  written_by   uuid,
  sent_at      timestamptz not null
);
comment on table message is 'The portal''s inbox: letters and messages between the agency and a company.';
create index message_company on message (company_id, sent_at desc);
create index message_subject on message (subject_kind, subject_id, sent_at desc);

create table message_read (
  message_id uuid not null references message,
  person_id  uuid not null references person,
  company_id uuid not null references company,
  read_at    timestamptz not null,
  primary key (message_id, person_id)
);

create table mail (
  id         uuid primary key default gen_random_uuid(),
  company_id uuid references company,
  to_address text not null,
  to_name    text not null default '',
  lang       text not null default 'en',
  subject    text not null,
  body       text not null,
  message_id uuid references message,
  created_at timestamptz not null,
  sent_at    timestamptz,
  tries      int not null default 0,
  last_error text not null default ''
);
comment on table mail is 'The outbox of e-mails. They say only that something waits in the portal.';
create index mail_unsent on mail (created_at) where sent_at is null;
create index mail_created on mail (created_at desc);

create table document (
  id           uuid primary key default gen_random_uuid(),
  company_id   uuid not null references company,
  subject_kind text not null,
  subject_id   uuid not null,
  kind         text not null,
  name         text not null,
  content_type text not null,
  sha256       text not null,
  body         bytea not null,
  created_at   timestamptz not null,
  unique (subject_kind, subject_id, kind)
);
comment on table document is 'Documents that the portal itself made, such as the receipt as PDF.';

grant select, insert, update on
  application, eligibility_answer, agreement_signature, application_snapshot, information_request, information_item,
  review_item, vetting_item, recommendation, hearing, note, work_log, membership, clock, clock_pause,
  message, message_read, mail, document to portal_app;
grant select, insert, update, delete on case_lock to portal_app;

-- What a company and the agency share is fenced by company; the agency's own work is the agency's.
-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['application', 'eligibility_answer', 'agreement_signature', 'application_snapshot',
      'information_request', 'information_item', 'hearing', 'membership', 'clock', 'clock_pause',
      'message', 'message_read', 'document'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format($p$create policy fence on %I
      using ((select looking()) in ('system', 'staff')
          or ((select looking()) = 'company' and company_id = (select looking_company())))$p$, t);
  end loop;
  foreach t in array array['review_item', 'vetting_item', 'recommendation', 'note', 'work_log', 'case_lock'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format($p$create policy fence on %I using ((select looking()) in ('system', 'staff'))$p$, t);
  end loop;
  alter table mail enable row level security;
  alter table mail force row level security;
  create policy look on mail for select using ((select looking()) in ('system', 'staff'));
  create policy send on mail for insert with check ((select looking()) <> 'nobody');
  create policy work on mail for update using ((select looking()) = 'system');
end $$;
-- +goose StatementEnd

-- The agency's checks come into being when a company submits: it may add them, not see them.
create policy begin on review_item for insert with check (company_id = (select looking_company()));
create policy begin on vetting_item for insert with check (company_id = (select looking_company()));

-- A company asks whether somebody else has registered a number or a like name. The
-- functions look past the fence on purpose and give the caller only what it may know.
create function identifier_elsewhere(own uuid, in_scheme text, in_value text) returns boolean
  language sql stable set search_path = public set portal.scope = 'system'
  as $$ select exists (select from company_identifier
        where scheme = in_scheme and value = in_value and removed_at is null and company_id <> own) $$;

-- Notes for the agency every account that has the same number or a like name, and says how many.
-- +goose StatementBegin
create function note_duplicates(own uuid, in_scheme text, in_value text, in_name text, at timestamptz) returns int
  language plpgsql set search_path = public set portal.scope = 'system' as $$
declare n int; m int;
begin
  insert into possible_duplicate (company_id, other_id, why, detail, found_at)
    select distinct own, company_id, 'identifier', in_scheme || ' ' || in_value, at from company_identifier
    where scheme = in_scheme and value = in_value and removed_at is null and company_id <> own
    on conflict do nothing;
  get diagnostics n = row_count;
  insert into possible_duplicate (company_id, other_id, why, detail, found_at)
    select own, x.id, 'name', x.name, at from (
      select id, name from company where fold(name) % fold(in_name) and similarity(fold(name), fold(in_name)) >= 0.6
      union
      select company_id, name from trade_name where removed_at is null
        and fold(name) % fold(in_name) and similarity(fold(name), fold(in_name)) >= 0.6) x
    where x.id <> own limit 10
    on conflict do nothing;
  get diagnostics m = row_count;
  return n + m;
end $$;
-- +goose StatementEnd
