-- +goose Up
-- Validations: the yearly plan, officers and their calendars, visits with the times that were
-- offered, agreed and moved, what was verified, findings, the report, invitations and feeds.
-- Sources: 6 U.S.C. 965-969; design notes on visits (D.1-D.7).

create extension if not exists btree_gist;

-- Plan ------------------------------------------------------------------------------------

create table validation_plan (
  id         uuid primary key default gen_random_uuid(),
  programme  text not null,
  year       int not null check (year between 2000 and 2200),
  status     text not null check (status in ('draft', 'adopted')),
  seed       bigint not null,
  weights    jsonb not null,
  as_of      timestamptz not null,
  made_by    uuid references person,
  adopted_at timestamptz,
  adopted_by uuid references person,
  version    int not null default 1,
  unique (programme, year),
  constraint adopted_once_adopted check ((status = 'adopted') = (adopted_at is not null))
);
comment on table validation_plan is 'The yearly plan of validations of one programme (6 U.S.C. 969): proposed by scores, decided by people.';
comment on column validation_plan.seed is 'Of the random share, so that anybody can draw it again.';
comment on column validation_plan.weights is 'The factors and weights that the scores were made with, as the programme had them.';

create table plan_item (
  id            uuid primary key default gen_random_uuid(),
  plan_id       uuid not null references validation_plan,
  company_id    uuid not null references company,
  membership_id uuid not null references membership,
  office_id     uuid not null references office,
  score         double precision not null,
  factors       jsonb not null,
  due_on        date,
  proposed      boolean not null,
  random        boolean not null default false,
  decision      text check (decision in ('chosen', 'later', 'not_this_year')),
  reason        text not null default '' check (length(reason) <= 4000),
  quarter       int check (quarter between 1 and 4),
  decided_by    uuid references person,
  decider       text not null default '',
  decided_at    timestamptz,
  version       int not null default 1,
  unique (plan_id, membership_id),
  constraint decided_with_reason check ((decision is null) = (decided_at is null) and (decision is null or reason <> ''))
);
comment on table plan_item is 'One membership in the plan, with its score and what each factor adds to it. Every live membership stands in the plan, so nobody is overlooked.';
comment on column plan_item.factors is 'List of {code, value, points, weight, text}: what the score is made of.';
comment on column plan_item.due_on is 'By when the law wants the next validation, when the plan was made.';
create index plan_item_rank on plan_item (plan_id, score desc, id);
create index plan_item_office on plan_item (plan_id, office_id, score desc, id);
create index plan_item_membership on plan_item (membership_id);

-- Officers and their calendars ------------------------------------------------------------

create table officer (
  person_id      uuid primary key references person,
  office_id      uuid not null references office,
  languages      text[] not null default '{}',
  skills         text[] not null default '{}',
  base           text not null default '' check (length(base) <= 120),
  base_country   char(2) not null,
  base_lat       double precision not null check (base_lat between -90 and 90),
  base_lon       double precision not null check (base_lon between -180 and 180),
  zone           text not null default '',
  work_days      int[] not null default '{1,2,3,4,5}',
  work_from      time not null default '08:00',
  work_to        time not null default '17:00',
  capacity       int not null check (capacity between 0 and 31),
  nights         int not null default 12 check (nights between 0 and 31),
  weeks_in_a_row int not null default 3 check (weeks_in_a_row between 1 and 52),
  active         boolean not null default true,
  created_at     timestamptz not null,
  version        int not null default 1,
  check (work_from < work_to)
);
comment on table officer is 'A person of the agency who goes on visits: where from, what for and how much.';
comment on column officer.skills is 'Kinds of member that the officer validates, as programme/entity_type.';
comment on column officer.zone is 'IANA zone of the home base; empty: the office''s.';
comment on column officer.work_days is 'ISO weekdays, Monday is 1.';
comment on column officer.capacity is 'Days of visits in a month.';
comment on column officer.nights is 'Most nights away in a month.';
create index officer_office on officer (office_id) where active;

create sequence validation_number;
grant usage on sequence validation_number to portal_app;

create table validation (
  id             uuid primary key default gen_random_uuid(),
  reference      text not null unique,
  company_id     uuid not null references company,
  programme      text not null,
  entity_type    text not null,
  kind           text not null check (kind in ('first', 'repeat', 'for_cause', 'before_decision')),
  membership_id  uuid references membership,
  application_id uuid references application,
  plan_item_id   uuid references plan_item,
  office_id      uuid not null references office,
  status         text not null check (status in ('planned', 'notified', 'visiting', 'visited', 'issued', 'closed', 'cancelled')),
  reason         text not null check (length(reason) between 1 and 4000),
  window_from    date not null,
  window_to      date not null,
  days           int not null check (days between 0 and 30),
  lead_id        uuid references person,
  notice         text not null default '' check (length(notice) <= 8000),
  opened_at      timestamptz not null,
  notified_at    timestamptz,
  visit_begun_at timestamptz,
  visited_at     timestamptz,
  issued_at      timestamptz,
  closed_at      timestamptz,
  outcome        text check (outcome in ('tier_awarded', 'confirmed', 'enforcement')),
  closing_reason text not null default '' check (length(closing_reason) <= 4000),
  version        int not null default 1,
  check (window_to >= window_from),
  constraint validates_one check ((membership_id is null) <> (application_id is null)),
  constraint notified_once_notified check (status in ('planned', 'cancelled') or notified_at is not null),
  constraint closed_when_final check ((status in ('closed', 'cancelled')) = (closed_at is not null)),
  constraint outcome_when_closed check ((status = 'closed') = (outcome is not null))
);
comment on table validation is 'One validation of a company: its visits, findings and report. "Validation" means this and nothing else.';
comment on column validation.days is 'Planned days of visits, all together.';
comment on column validation.notice is 'What the company was told and asked to prepare.';
create index validation_company on validation (company_id, opened_at desc);
create index validation_queue on validation (office_id, status, window_to, id);
create index validation_open on validation (window_to, id) where closed_at is null;
create index validation_lead on validation (lead_id, status, window_to) where lead_id is not null;
create unique index one_open_validation on validation (membership_id) where membership_id is not null and closed_at is null and kind <> 'for_cause';
create unique index validation_of_item on validation (plan_item_id) where plan_item_id is not null;

create table visit (
  id             uuid primary key default gen_random_uuid(),
  validation_id  uuid not null references validation,
  company_id     uuid not null references company,
  number         int not null check (number > 0),
  kind           text not null check (kind in ('domestic', 'foreign', 'virtual', 'relied_upon', 'no_visit')),
  status         text not null check (status in ('to_book', 'offered', 'booked', 'under_way', 'done', 'cancelled')),
  site_id        uuid references site,
  place          text not null check (length(place) between 1 and 200),
  party          text not null default '' check (length(party) <= 200),
  address        text not null default '' check (length(address) <= 500),
  country        char(2) not null,
  zone           text not null,
  lat            double precision check (lat between -90 and 90),
  lon            double precision check (lon between -180 and 180),
  days           int not null check (days between 0 and 30),
  all_day        boolean not null default true,
  languages      text[] not null default '{}',
  travel_before  int not null default 0 check (travel_before between 0 and 10080),
  travel_after   int not null default 0 check (travel_after between 0 and 10080),
  local_from     timestamp,
  local_to       timestamp,
  starts_at      timestamptz,
  ends_at        timestamptz,
  sequence       int not null default 0,
  invited        boolean not null default false,
  short_notice   text not null default '' check (length(short_notice) <= 1000),
  short_notice_by text not null default '',
  short_notice_at timestamptz,
  relied_on      text not null default '' check (length(relied_on) <= 300),
  relied_checked_on date,
  agenda         text not null default '' check (length(agenda) <= 8000),
  hosts          text not null default '' check (length(hosts) <= 2000),
  host_languages text not null default '' check (length(host_languages) <= 300),
  safety         text not null default '' check (length(safety) <= 4000),
  access         text not null default '' check (length(access) <= 4000),
  begun_at       timestamptz,
  done_at        timestamptz,
  cancelled_at   timestamptz,
  cancel_reason  text not null default '' check (length(cancel_reason) <= 4000),
  version        int not null default 1,
  unique (validation_id, number),
  check ((lat is null) = (lon is null)),
  check (ends_at > starts_at),
  check (local_to > local_from),
  constraint times_together check ((starts_at is null) = (ends_at is null) and (starts_at is null) = (local_from is null) and (starts_at is null) = (local_to is null)),
  constraint booked_has_times check (status not in ('booked', 'under_way') or starts_at is not null),
  constraint relied_has_source check (kind <> 'relied_upon' or relied_on <> '' and relied_checked_on is not null),
  constraint cancelled_once_cancelled check ((status = 'cancelled') = (cancelled_at is not null))
);
comment on table visit is 'One place of a validation: a site of the company or of a partner in its chain, by video, relied upon from a partner administration, or without a visit.';
comment on column visit.local_from is 'What people agreed on: wall time at the site. starts_at is computed from it and the zone, again when zone data change.';
comment on column visit.travel_before is 'Minutes of travel during which the officers are busy before the visit.';
comment on column visit.sequence is 'Of the invitation (RFC 5546): grows with each change of time or place.';
comment on column visit.short_notice is 'The company''s agreement in writing to less notice than the programme asks for.';
create index visit_validation on visit (validation_id, number);
create index visit_company on visit (company_id);
create index visit_by_time on visit (starts_at, id) where status in ('booked', 'under_way', 'done');
create index visit_site on visit (site_id) where site_id is not null;

create table visit_officer (
  visit_id   uuid not null references visit,
  company_id uuid not null references company,
  person_id  uuid not null references officer,
  role       text not null check (role in ('lead', 'member', 'trainee')),
  added_at   timestamptz not null,
  primary key (visit_id, person_id)
);
create unique index one_lead_per_visit on visit_officer (visit_id) where role = 'lead';
create index visit_officer_person on visit_officer (person_id);

create table booking (
  id            uuid primary key default gen_random_uuid(),
  officer_id    uuid not null references officer,
  kind          text not null check (kind in ('visit', 'leave', 'training', 'other')),
  state         text not null check (state in ('hold', 'confirmed', 'cancelled')),
  visit_id      uuid references visit,
  slot_id       uuid,
  starts_at     timestamptz not null,
  ends_at       timestamptz not null,
  travel_before int not null default 0 check (travel_before between 0 and 10080),
  travel_after  int not null default 0 check (travel_after between 0 and 10080),
  blocked       tstzrange not null,
  hold_until    timestamptz,
  note          text not null default '' check (length(note) <= 500),
  made_at       timestamptz not null,
  made_by       uuid references person,
  version       int not null default 1,
  check (ends_at > starts_at),
  constraint visits_have_one check ((kind = 'visit') = (visit_id is not null)),
  constraint holds_end check (state <> 'hold' or hold_until is not null),
  constraint no_double_booking exclude using gist (officer_id with =, blocked with &&) where (state in ('hold', 'confirmed'))
);
comment on table booking is 'When an officer is busy: visits with their travel, leave, training. Two may never overlap, whatever the portal does.';
comment on column booking.blocked is 'The time widened by the travel; kept by a trigger.';
create index booking_officer on booking (officer_id, starts_at) where state <> 'cancelled';
create index booking_time on booking using gist (blocked) where (state in ('hold', 'confirmed'));
create index booking_visit on booking (visit_id) where visit_id is not null;
create index booking_hold on booking (hold_until) where state = 'hold';
-- +goose StatementBegin
create function widen_booking() returns trigger language plpgsql as $$
begin
  new.blocked := tstzrange(new.starts_at - new.travel_before * interval '1 minute', new.ends_at + new.travel_after * interval '1 minute', '[)');
  return new;
end $$;
-- +goose StatementEnd
create trigger widened before insert or update on booking for each row execute function widen_booking();

-- Times offered and agreed ----------------------------------------------------------------

create table proposal (
  id          uuid primary key default gen_random_uuid(),
  visit_id    uuid not null references visit,
  company_id  uuid not null references company,
  round       int not null check (round > 0),
  status      text not null check (status in ('open', 'answered', 'confirmed', 'withdrawn', 'unanswered')),
  note        text not null default '' check (length(note) <= 2000),
  answer_by   timestamptz not null,
  sent_at     timestamptz not null,
  sent_by     uuid references person,
  reminded_at timestamptz,
  answered_at timestamptz,
  answered_by uuid,
  answerer    text not null default '',
  reply       text not null default '' check (length(reply) <= 2000),
  closed_at   timestamptz,
  version     int not null default 1,
  unique (visit_id, round)
);
comment on table proposal is 'Up to five times offered to a company for a visit, and its answer. No answer by the deadline is a task for the office and never a booking.';
create unique index one_open_proposal on proposal (visit_id) where status in ('open', 'answered', 'unanswered');
create index proposal_company on proposal (company_id);
create index proposal_deadline on proposal (answer_by) where status = 'open';

create table slot (
  id           uuid primary key default gen_random_uuid(),
  proposal_id  uuid not null references proposal,
  visit_id     uuid not null references visit,
  company_id   uuid not null references company,
  position     int not null,
  local_from   timestamp not null,
  local_to     timestamp not null,
  starts_at    timestamptz not null,
  ends_at      timestamptz not null,
  suggested    boolean not null default false,
  note         text not null default '' check (length(note) <= 1000),
  answer       text check (answer in ('yes', 'if_needed', 'no')),
  withdrawn_at timestamptz,
  chosen_at    timestamptz,
  version      int not null default 1,
  unique (proposal_id, position),
  check (ends_at > starts_at and local_to > local_from),
  check (withdrawn_at is null or chosen_at is null)
);
comment on column slot.suggested is 'The company suggested it.';
create index slot_visit on slot (visit_id);
alter table booking add foreign key (slot_id) references slot;
create index booking_slot on booking (slot_id) where slot_id is not null;

create table visit_time (
  id         bigint generated always as identity primary key,
  visit_id   uuid not null references visit,
  company_id uuid not null references company,
  sequence   int not null,
  what       text not null check (what in ('booked', 'rescheduled', 'cancelled', 'zone_changed')),
  zone       text not null,
  local_from timestamp,
  local_to   timestamp,
  starts_at  timestamptz,
  ends_at    timestamptz,
  reason     text not null default '' check (length(reason) <= 4000),
  by_person  uuid,
  by_name    text not null,
  by_company boolean not null default false,
  at         timestamptz not null
);
comment on table visit_time is 'Every time that a visit ever had, and why it moved. Append-only.';
create index visit_time_visit on visit_time (visit_id, id);
create trigger visit_time_append_only before update or delete on visit_time for each row execute function refuse_change();
create trigger visit_time_no_truncate before truncate on visit_time for each statement execute function refuse_change();

-- The visit -------------------------------------------------------------------------------

create table visit_document (
  id          uuid primary key default gen_random_uuid(),
  visit_id    uuid not null references visit,
  company_id  uuid not null references company,
  name        text not null check (length(name) between 1 and 300),
  wanted_on   date,
  on_site     boolean not null default false,
  evidence_id uuid references evidence,
  ready_at    timestamptz,
  ready_by    text not null default '',
  removed_at  timestamptz,
  created_at  timestamptz not null,
  version     int not null default 1
);
comment on table visit_document is 'What the agency asks the company to have ready: sent ahead, or shown on site.';
create index visit_document_visit on visit_document (visit_id);

create table visit_observer (
  id          uuid primary key default gen_random_uuid(),
  visit_id    uuid not null references visit,
  company_id  uuid not null references company,
  agency_id   uuid not null references agency,
  asked_at    timestamptz not null,
  asked_by    uuid references person,
  purpose     text not null check (length(purpose) between 1 and 1000),
  consent     text check (consent in ('given', 'refused')),
  consented_at timestamptz,
  consented_by uuid,
  consenter   text not null default '',
  withdrawn_at timestamptz,
  conclusion  text not null default '' check (length(conclusion) <= 8000),
  concluded_at timestamptz,
  concluded_by uuid,
  concluder   text not null default '',
  version     int not null default 1,
  unique (visit_id, agency_id)
);
comment on table visit_observer is 'A partner agency that watches a visit. It sees a redacted view, and only while the company''s consent stands.';
create index visit_observer_agency on visit_observer (agency_id) where consent = 'given' and withdrawn_at is null;

create table verification (
  visit_id   uuid not null references visit,
  company_id uuid not null references company,
  criterion  text not null,
  chosen     boolean not null default true,
  methods    text[] not null default '{}',
  ticks      jsonb not null default '{}',
  result     text check (result in ('verified', 'partly', 'not_verified', 'not_applicable')),
  note       text not null default '' check (length(note) <= 8000),
  verified_at timestamptz,
  verified_by uuid references person,
  verifier   text not null default '',
  version    int not null default 1,
  primary key (visit_id, criterion),
  check (methods <@ array['examine', 'interview', 'test']),
  check ((result is null) = (verified_at is null))
);
comment on table verification is 'What an officer looked at on site for one criterion: examined, interviewed, tested. The agency''s own.';

create table visit_file (
  id          uuid primary key default gen_random_uuid(),
  visit_id    uuid not null references visit,
  company_id  uuid not null references company,
  criterion   text not null default '',
  caption     text not null default '' check (length(caption) <= 500),
  file_name   text not null check (length(file_name) between 1 and 200),
  media_type  text not null,
  size        bigint not null check (size >= 0),
  sha256      text not null,
  blob_key    text not null unique,
  scan        text not null check (scan in ('waiting', 'clean', 'not_scanned', 'quarantined')),
  scan_detail text not null default '',
  taken_on    date,
  added_at    timestamptz not null,
  added_by    uuid references person,
  author      text not null,
  removed_at  timestamptz,
  version     int not null default 1
);
comment on table visit_file is 'Photos and papers that officers add to a visit, sealed like a company''s evidence. The agency''s own.';
create index visit_file_visit on visit_file (visit_id, criterion);

alter table work_log alter column application_id drop not null,
  add column validation_id uuid references validation,
  add constraint logged_for_one check ((application_id is null) <> (validation_id is null));
create index work_log_validation on work_log (validation_id, worked_on) where validation_id is not null;

-- Findings and the report -----------------------------------------------------------------

create sequence finding_number;
grant usage on sequence finding_number to portal_app;

create table finding (
  id            uuid primary key default gen_random_uuid(),
  reference     text not null unique,
  validation_id uuid not null references validation,
  visit_id      uuid references visit,
  site_id       uuid references site,
  company_id    uuid not null references company,
  office_id     uuid not null references office,
  programme     text not null,
  entity_type   text not null,
  criterion     text not null,
  kind          text not null check (kind in ('action_required', 'recommendation', 'best_practice')),
  title         text not null check (length(title) between 1 and 200),
  facts         text not null check (length(facts) between 1 and 8000),
  wanted        text not null default '' check (length(wanted) <= 4000),
  elements      jsonb not null default '{}',
  cause         text not null default '',
  status        text not null check (status in ('draft', 'open', 'answered', 'accepted', 'escalated', 'withdrawn')),
  escalated     boolean not null default false,
  created_at    timestamptz not null,
  created_by    uuid references person,
  author        text not null,
  sent_at       timestamptz,
  answered_at   timestamptz,
  closed_at     timestamptz,
  closing_note  text not null default '' check (length(closing_note) <= 4000),
  version       int not null default 1,
  constraint sent_before_open check (status in ('draft', 'withdrawn') or sent_at is not null),
  constraint closed_when_done check ((status in ('accepted', 'withdrawn')) = (closed_at is not null))
);
comment on table finding is 'What a validation found, tied to a criterion and a place. A draft is the agency''s own until the report is issued or it is sent before.';
comment on column finding.elements is 'Of a best practice: what shows each of the five elements, by its code in the programme''s data.';
create index finding_validation on finding (validation_id);
create index finding_company on finding (company_id, status);
create index finding_open on finding (office_id, status, sent_at, id) where closed_at is null;
create index finding_criterion on finding (programme, criterion, kind) where sent_at is not null;

create table finding_entry (
  id          uuid primary key default gen_random_uuid(),
  finding_id  uuid not null references finding,
  company_id  uuid not null references company,
  what        text not null check (what in ('answer', 'accept', 'reopen', 'extension_asked', 'extended', 'extension_refused', 'escalate', 'note')),
  by_company  boolean not null,
  body        text not null default '' check (length(body) <= 8000),
  author      text not null,
  person_id   uuid,
  at          timestamptz not null
);
comment on table finding_entry is 'What was said and decided about a finding, in order. Append-only.';
create index finding_entry_finding on finding_entry (finding_id, at);
create trigger finding_entry_append_only before update or delete on finding_entry for each row execute function refuse_change();

create table finding_proof (
  entry_id    uuid not null references finding_entry,
  finding_id  uuid not null references finding,
  company_id  uuid not null references company,
  evidence_id uuid not null references evidence,
  version_id  uuid references evidence_version,
  primary key (entry_id, evidence_id)
);
comment on table finding_proof is 'The evidence, in the version of that day, that an answer to a finding shows.';
create index finding_proof_finding on finding_proof (finding_id);
create index finding_proof_evidence on finding_proof (evidence_id);

create table report (
  validation_id uuid primary key references validation,
  company_id    uuid not null references company,
  status        text not null check (status in ('draft', 'submitted', 'returned', 'commenting', 'approved', 'issued')),
  sections      jsonb not null,
  tier          text not null default '',
  outcome       text not null default '',
  outcome_reason text not null default '' check (length(outcome_reason) <= 4000),
  written_by    uuid references person,
  submitted_at  timestamptz,
  submitted_by  uuid references person,
  approved_at   timestamptz,
  approved_by   uuid references person,
  return_note   text not null default '' check (length(return_note) <= 4000),
  issued_at     timestamptz,
  version       int not null default 1,
  constraint report_four_eyes check (approved_by is null or approved_by <> submitted_by),
  constraint issued_once_issued check ((status = 'issued') = (issued_at is not null))
);
comment on table report is 'The report of a validation while it is written. What each step froze is in report_version.';

create table report_comment (
  validation_id uuid primary key references validation,
  company_id    uuid not null references company,
  asked_at      timestamptz not null,
  comment_by    timestamptz not null,
  body          text not null default '' check (length(body) <= 8000),
  commented_at  timestamptz,
  commented_by  uuid,
  commenter     text not null default '',
  version       int not null default 1
);
comment on table report_comment is 'The company''s word on the draft that was shared with it.';

create table report_version (
  id            uuid primary key default gen_random_uuid(),
  validation_id uuid not null references validation,
  company_id    uuid not null references company,
  number        int not null check (number > 0),
  step          text not null check (step in ('submitted', 'sent_for_comment', 'issued')),
  body          text not null,
  sha256        text not null,
  made_at       timestamptz not null,
  author        text not null,
  person_id     uuid,
  shared        boolean not null,
  unique (validation_id, number)
);
comment on table report_version is 'What a report said at a step, byte for byte: canonical JSON and its hash. Append-only.';
comment on column report_version.shared is 'The company may read this version.';
create trigger report_version_append_only before update or delete on report_version for each row execute function refuse_change();

-- Feeds -----------------------------------------------------------------------------------

create table calendar_feed (
  id         uuid primary key default gen_random_uuid(),
  person_id  uuid not null references person,
  scope      text not null check (scope in ('mine', 'office', 'company')),
  company_id uuid references company,
  office_id  uuid references office,
  token_hash bytea not null unique,
  created_at timestamptz not null,
  used_at    timestamptz,
  revoked_at timestamptz,
  version    int not null default 1,
  check ((scope = 'company') = (company_id is not null)),
  check ((scope = 'office') = (office_id is not null))
);
comment on table calendar_feed is 'A private address of a calendar. The token is shown once; its SHA-256 is kept.';
create unique index one_live_feed on calendar_feed (person_id, scope, coalesce(company_id, office_id)) nulls not distinct where revoked_at is null;

-- E-mails that carry an invitation.
alter table mail add column calendar text not null default '', add column method text not null default '' check (method in ('', 'REQUEST', 'CANCEL'));
comment on column mail.calendar is 'An iCalendar object that goes with the message, with its method (RFC 6047).';

alter table clock drop constraint clock_subject_kind_check;
alter table clock add constraint clock_subject_kind_check
  check (subject_kind in ('application', 'membership', 'change_notice', 'profile', 'validation', 'finding'));

-- The fence -------------------------------------------------------------------------------

grant select, insert, update on validation_plan, plan_item, officer, validation, visit, booking, proposal, slot, visit_document,
  visit_observer, verification, visit_file, finding, report, report_comment, calendar_feed to portal_app;
grant select, insert, update, delete on visit_officer to portal_app;
grant select, insert on visit_time, finding_entry, finding_proof, report_version to portal_app;

-- Whether the observer's agency may see a visit: looks past the fence on purpose.
create function observes(in_visit uuid) returns boolean
  language sql stable set search_path = public set portal.scope = 'system'
  as $$ select exists (select from visit_observer where visit_id = in_visit and agency_id = looking_agency() and consent = 'given' and withdrawn_at is null) $$;

-- +goose StatementBegin
do $$
declare t text;
begin
  -- Shared between a company and the agency.
  foreach t in array array['proposal', 'slot', 'visit_time', 'finding_entry', 'finding_proof', 'report_comment'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format($p$create policy fence on %I
      using ((select looking()) in ('system', 'staff')
          or ((select looking()) = 'company' and company_id = (select looking_company())))$p$, t);
  end loop;
  -- The agency's own.
  foreach t in array array['validation_plan', 'plan_item', 'officer', 'booking', 'verification', 'visit_file', 'report'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format($p$create policy fence on %I using ((select looking()) in ('system', 'staff'))$p$, t);
  end loop;
end $$;
-- +goose StatementEnd

-- A validation that the company has not been told of is the agency's own, with its visits; so
-- are drafts of findings, and versions of a report that were not shared.
alter table validation enable row level security;
alter table validation force row level security;
create policy fence on validation using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company()) and notified_at is not null));
-- Whether the company was told of a validation. The fence of validation itself answers.
create function told_of(in_validation uuid) returns boolean
  language sql stable set search_path = public
  as $$ select exists (select from validation where id = in_validation) $$;
alter table visit enable row level security;
alter table visit force row level security;
create policy fence on visit using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company()) and told_of(validation_id))
  or ((select looking()) = 'partner' and observes(id)));
alter table visit_document enable row level security;
alter table visit_document force row level security;
create policy fence on visit_document using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company()) and exists (select from visit v where v.id = visit_id)));
alter table finding enable row level security;
alter table finding force row level security;
create policy fence on finding using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company()) and sent_at is not null));
alter table report_version enable row level security;
alter table report_version force row level security;
create policy fence on report_version using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company()) and shared));
alter table visit_officer enable row level security;
alter table visit_officer force row level security;
create policy fence on visit_officer using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company())));
alter table visit_observer enable row level security;
alter table visit_observer force row level security;
create policy fence on visit_observer using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company()))
  or ((select looking()) = 'partner' and agency_id = (select looking_agency())));
alter table calendar_feed enable row level security;
alter table calendar_feed force row level security;
create policy fence on calendar_feed using ((select looking()) in ('system', 'staff') or person_id = (select looking_person()));
