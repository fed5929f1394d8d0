-- +goose Up
-- The security profile: catalogue editions, yearly cycles of answers, evidence, what was
-- submitted, the review per criterion, and the risk assessment.

create table catalogue_edition (
  programme  text not null,
  edition    text not null,
  hash       text not null,
  status     text not null check (status in ('draft', 'published', 'retired')),
  valid_from date not null,
  body       text not null,
  stored_at  timestamptz not null,
  primary key (programme, edition)
);
comment on table catalogue_edition is 'Every edition of criteria that this installation ever published, kept so that a cycle begun under it can always be read.';
comment on column catalogue_edition.body is 'Canonical JSON; hash is its SHA-256. Neither changes once the edition is published.';
-- +goose StatementBegin
create function keep_published_edition() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or old.status <> 'draft' and (new.hash, new.body, new.edition, new.programme, new.valid_from) is distinct from (old.hash, old.body, old.edition, old.programme, old.valid_from)
      or old.status <> 'draft' and new.status = 'draft' then
    raise exception 'edition % of % is published and cannot change', old.edition, old.programme using errcode = 'insufficient_privilege';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger published_is_immutable before update or delete on catalogue_edition
  for each row execute function keep_published_edition();

create sequence profile_number;
grant usage on sequence profile_number to portal_app;

create table profile_cycle (
  id             uuid primary key default gen_random_uuid(),
  reference      text not null unique,
  company_id     uuid not null references company,
  programme      text not null,
  entity_type    text not null,
  kind           text not null check (kind in ('initial', 'annual', 'revalidation')),
  number         int not null check (number > 0),
  edition        text not null,
  edition_hash   text not null,
  office_id      uuid not null references office,
  application_id uuid references application,
  membership_id  uuid references membership,
  previous_id    uuid references profile_cycle,
  status         text not null check (status in ('open', 'submitted', 'in_review', 'returned', 'accepted', 'ended')),
  opened_at      timestamptz not null,
  submitted_at   timestamptz,
  accepted_at    timestamptz,
  accepted_by    uuid references person,
  ended_at       timestamptz,
  end_reason     text not null default '',
  overdue_at     timestamptz,
  assignee_id    uuid references person,
  assigned_at    timestamptz,
  round          int not null default 0,
  version        int not null default 1,
  unique (company_id, programme, entity_type, number),
  foreign key (programme, edition) references catalogue_edition,
  constraint begun_by_one check ((kind = 'initial') = (application_id is not null) and (kind = 'initial') = (membership_id is null)),
  constraint submitted_once_sent check (status in ('open', 'ended') or submitted_at is not null),
  constraint accepted_once_accepted check ((status = 'accepted') = (accepted_at is not null)),
  constraint ended_once_ended check ((status = 'ended') = (ended_at is not null))
);
comment on table profile_cycle is 'One security profile to fill in: the first with the application, then one for each review. It keeps its edition for life.';
comment on column profile_cycle.number is 'Counts the cycles of one kind of member of one company: 1 is the first.';
comment on column profile_cycle.previous_id is 'The cycle whose answers were carried over.';
comment on column profile_cycle.round is 'How often it was submitted.';
create index profile_cycle_company on profile_cycle (company_id, opened_at desc);
create unique index one_profile_per_application on profile_cycle (application_id) where application_id is not null;
create index profile_cycle_membership on profile_cycle (membership_id, number desc) where membership_id is not null;
create index profile_cycle_queue on profile_cycle (office_id, status, submitted_at, id);
create index profile_cycle_assignee on profile_cycle (assignee_id, status, submitted_at, id) where assignee_id is not null;
create index profile_cycle_status on profile_cycle (status, submitted_at, id);

create table profile_answer (
  cycle_id   uuid not null references profile_cycle,
  company_id uuid not null references company,
  criterion  text not null,
  question   text not null,
  site_id    uuid references site,
  value      jsonb not null,
  choice     text not null default '',
  complete   boolean not null,
  carried    boolean not null default false,
  version    int not null default 1,
  updated_at timestamptz not null,
  updated_by uuid,
  author     text not null,
  constraint profile_answer_once unique nulls not distinct (cycle_id, question, site_id)
);
comment on table profile_answer is 'The present answer to one question, for the company or as an exception for one site.';
comment on column profile_answer.choice is 'yes, no, na or the code that was chosen, so that lists and conditions need not read the value.';
comment on column profile_answer.complete is 'The value says everything that the question asks of it (a no has its reason or plan).';
comment on column profile_answer.carried is 'Came from the last cycle and has not been touched since.';

create table profile_answer_past (
  id          bigint generated always as identity primary key,
  cycle_id    uuid not null references profile_cycle,
  company_id  uuid not null references company,
  question    text not null,
  site_id     uuid,
  value       jsonb not null,
  version     int not null,
  updated_at  timestamptz not null,
  updated_by  uuid,
  author      text not null,
  lost        boolean not null default false,
  replaced_at timestamptz not null
);
comment on table profile_answer_past is 'Every earlier wording of an answer. Append-only.';
comment on column profile_answer_past.lost is 'A text that somebody entered and that lost against a colleague''s: version is the one it was based on.';
create index profile_answer_past_question on profile_answer_past (cycle_id, question);
create trigger past_append_only before update or delete on profile_answer_past for each row execute function refuse_change();
create trigger past_no_truncate before truncate on profile_answer_past for each statement execute function refuse_change();

create table profile_criterion (
  cycle_id     uuid not null references profile_cycle,
  company_id   uuid not null references company,
  criterion    text not null,
  assignee_id  uuid references person,
  assignee     text not null default '',
  due_on       date,
  assigned_at  timestamptz,
  confirmed_at timestamptz,
  confirmed_by uuid,
  confirmer    text not null default '',
  version      int not null default 1,
  primary key (cycle_id, criterion)
);
comment on table profile_criterion is 'What a company notes about one criterion: who fills it in until when, and that last cycle''s answers are still true.';

create table profile_presence (
  cycle_id   uuid not null references profile_cycle,
  company_id uuid not null references company,
  criterion  text not null,
  person_id  uuid not null references person,
  name       text not null,
  since      timestamptz not null,
  seen_at    timestamptz not null,
  primary key (cycle_id, criterion, person_id)
);
comment on table profile_presence is 'Who has a criterion open. Old rows mean nothing and are cleared.';

create table profile_submission (
  id             uuid primary key default gen_random_uuid(),
  cycle_id       uuid not null references profile_cycle,
  company_id     uuid not null references company,
  round          int not null,
  body           text not null,
  sha256         text not null,
  submitted_by   uuid not null,
  submitted_at   timestamptz not null,
  attested_name  text not null,
  attested_title text not null,
  voided_at      timestamptz,
  unique (cycle_id, round)
);
comment on table profile_submission is 'What was submitted, byte for byte: canonical JSON and its hash.';
comment on column profile_submission.voided_at is 'When a return made the signature void.';

create table evidence (
  id              uuid primary key default gen_random_uuid(),
  company_id      uuid not null references company,
  kind            text not null check (kind in ('file', 'link', 'record')),
  title           text not null check (length(title) between 1 and 200),
  about           text not null default '' check (length(about) <= 2000),
  url             text not null default '',
  owner           text not null default '' check (length(owner) <= 200),
  issued_on       date,
  expires_on      date,
  lang            text not null default '',
  confidentiality text not null default 'company' check (confidentiality in ('public', 'company', 'restricted')),
  created_at      timestamptz not null,
  created_by      uuid,
  author          text not null,
  removed_at      timestamptz,
  version         int not null default 1,
  check ((kind = 'link') = (url <> '')),
  check (expires_on is null or issued_on is null or expires_on >= issued_on)
);
comment on table evidence is 'A company''s library of evidence: a file, a link, or a record that the portal made.';
create index evidence_company on evidence (company_id, created_at desc, id);

create table evidence_version (
  id          uuid primary key default gen_random_uuid(),
  evidence_id uuid not null references evidence,
  company_id  uuid not null references company,
  number      int not null check (number > 0),
  file_name   text not null check (length(file_name) between 1 and 200),
  media_type  text not null,
  size        bigint not null check (size >= 0),
  sha256      text not null,
  blob_key    text not null unique,
  scan        text not null check (scan in ('waiting', 'clean', 'not_scanned', 'quarantined')),
  scan_detail text not null default '',
  scanned_at  timestamptz,
  uploaded_at timestamptz not null,
  uploaded_by uuid,
  author      text not null,
  version     int not null default 1,
  unique (evidence_id, number)
);
comment on table evidence_version is 'One version of a file. Its content lies in the store under blob_key and never changes.';
comment on column evidence_version.scan is 'not_scanned: no scanner is configured, and the installation''s policy decides whether it may be opened.';
create index evidence_version_company on evidence_version (company_id);
create index evidence_version_scan on evidence_version (uploaded_at) where scan = 'waiting';

create table evidence_upload (
  id          uuid primary key default gen_random_uuid(),
  company_id  uuid not null references company,
  person_id   uuid not null references person,
  file_name   text not null check (length(file_name) between 1 and 200),
  size        bigint not null check (size > 0),
  received    bigint not null default 0,
  evidence_id uuid references evidence,
  started_at  timestamptz not null,
  seen_at     timestamptz not null,
  version     int not null default 1
);
comment on table evidence_upload is 'A file on its way in. Finished ones are deleted, forgotten ones are swept with their parts.';

create table evidence_link (
  cycle_id    uuid not null references profile_cycle,
  company_id  uuid not null references company,
  criterion   text not null,
  site_id     uuid references site,
  evidence_id uuid not null references evidence,
  linked_at   timestamptz not null,
  linked_by   uuid,
  author      text not null,
  carried     boolean not null default false,
  constraint evidence_link_once unique nulls not distinct (cycle_id, criterion, site_id, evidence_id)
);
comment on table evidence_link is 'What shows that a criterion is met, for the company or for one site. Its newest version counts until the profile is submitted.';
create index evidence_link_evidence on evidence_link (evidence_id);

create table evidence_pin (
  submission_id uuid not null references profile_submission,
  company_id    uuid not null references company,
  cycle_id      uuid not null references profile_cycle,
  criterion     text not null,
  site_id       uuid,
  evidence_id   uuid not null references evidence,
  version_id    uuid references evidence_version,
  constraint evidence_pin_once unique nulls not distinct (submission_id, criterion, site_id, evidence_id)
);
comment on table evidence_pin is 'Which version of which evidence was submitted. Append-only; a link has no version.';
create index evidence_pin_cycle on evidence_pin (cycle_id, criterion);
create index evidence_pin_evidence on evidence_pin (evidence_id);
create trigger pin_append_only before update or delete on evidence_pin for each row execute function refuse_change();

create table company_key (
  company_id uuid primary key references company,
  wrapped    bytea not null,
  made_at    timestamptz not null
);
comment on table company_key is 'The key that seals a company''s evidence, itself sealed with the installation''s. Without it the files are noise.';

create table profile_return (
  id           uuid primary key default gen_random_uuid(),
  cycle_id     uuid not null references profile_cycle,
  company_id   uuid not null references company,
  round        int not null,
  message      text not null check (length(message) between 1 and 4000),
  sent_at      timestamptz not null,
  sent_by      uuid references person,
  answered_at  timestamptz,
  cancelled_at timestamptz,
  version      int not null default 1,
  unique (cycle_id, round)
);
comment on table profile_return is 'A submission sent back: one message that lists the criteria it unlocks.';
create unique index one_open_return on profile_return (cycle_id) where answered_at is null and cancelled_at is null;

create table profile_return_item (
  return_id   uuid not null references profile_return,
  cycle_id    uuid not null references profile_cycle,
  company_id  uuid not null references company,
  criterion   text not null,
  remark      text not null check (length(remark) between 1 and 4000),
  answered_at timestamptz,
  answered_by uuid,
  answerer    text not null default '',
  version     int not null default 1,
  primary key (return_id, criterion)
);
create index profile_return_item_cycle on profile_return_item (cycle_id, criterion);

create table profile_verdict (
  cycle_id    uuid not null references profile_cycle,
  company_id  uuid not null references company,
  criterion   text not null,
  site_id     uuid references site,
  verdict     text not null check (verdict in ('not_reviewed', 'meets', 'meets_with_recommendation', 'more_information', 'does_not_meet', 'not_applicable', 'best_practice')),
  remark      text not null default '' check (length(remark) <= 4000),
  round       int not null,
  reviewed_by uuid not null references person,
  reviewer    text not null,
  reviewed_at timestamptz not null,
  sent_at     timestamptz,
  version     int not null default 1,
  constraint profile_verdict_once unique nulls not distinct (cycle_id, criterion, site_id)
);
comment on table profile_verdict is 'The specialists'' verdict on a criterion, private until it is sent.';

create table profile_result (
  id         bigint generated always as identity primary key,
  cycle_id   uuid not null references profile_cycle,
  company_id uuid not null references company,
  criterion  text not null,
  site_id    uuid,
  verdict    text not null,
  remark     text not null,
  round      int not null,
  sent_at    timestamptz not null
);
comment on table profile_result is 'Verdicts as the company was told of them. Append-only.';
create index profile_result_cycle on profile_result (cycle_id, criterion);
create trigger result_append_only before update or delete on profile_result for each row execute function refuse_change();

create table profile_message (
  id          uuid primary key default gen_random_uuid(),
  company_id  uuid not null references company,
  programme   text not null,
  entity_type text not null,
  criterion   text not null,
  cycle_id    uuid not null references profile_cycle,
  side        text not null check (side in ('company', 'agency')),
  internal    boolean not null default false,
  body        text not null check (length(body) between 1 and 8000),
  author      text not null,
  written_by  uuid references person,
  written_at  timestamptz not null,
  sent_at     timestamptz,
  about       jsonb not null default '{}',
  resolved_at timestamptz,
  resolved_by uuid,
  resolver    text not null default '',
  version     int not null default 1,
  check (not internal or side = 'agency')
);
comment on table profile_message is 'The thread of a criterion, which stays with it from cycle to cycle. sent_at empty: a draft that only the agency sees.';
comment on column profile_message.about is 'Versions of the answers that it speaks of: {question: version}.';
create index profile_message_thread on profile_message (company_id, programme, entity_type, criterion, written_at);
create index profile_message_cycle on profile_message (cycle_id);

create table risk_assessment (
  id          uuid primary key default gen_random_uuid(),
  company_id  uuid not null references company,
  title       text not null check (length(title) between 1 and 200),
  method      text not null default '' check (length(method) <= 4000),
  lead        text not null default '' check (length(lead) <= 200),
  status      text not null check (status in ('draft', 'finished')),
  previous_id uuid references risk_assessment,
  begun_at    timestamptz not null,
  begun_by    uuid,
  finished_at timestamptz,
  finished_by uuid,
  finisher    text not null default '',
  evidence_id uuid references evidence,
  version     int not null default 1,
  check ((status = 'finished') = (finished_at is not null))
);
comment on table risk_assessment is 'The five-step risk assessment. A finished one is never changed; the next year''s begins as a copy.';
create index risk_assessment_company on risk_assessment (company_id, begun_at desc);
create unique index one_draft_assessment on risk_assessment (company_id) where status = 'draft';

create table risk_lane (
  id            uuid primary key default gen_random_uuid(),
  assessment_id uuid not null references risk_assessment,
  company_id    uuid not null references company,
  position      int not null,
  name          text not null check (length(name) between 1 and 200),
  goods         text not null default '' check (length(goods) <= 500),
  origin        char(2) not null,
  destination   char(2) not null,
  shipments     int check (shipments between 0 and 10000000),
  created_at    timestamptz not null,
  removed_at    timestamptz,
  version       int not null default 1
);
create index risk_lane_assessment on risk_lane (assessment_id, position);

create table risk_leg (
  id         uuid primary key default gen_random_uuid(),
  lane_id    uuid not null references risk_lane,
  company_id uuid not null references company,
  position   int not null,
  place      text not null check (length(place) between 1 and 200),
  country    char(2) not null,
  mode       text not null check (mode in ('road', 'rail', 'sea', 'air', 'inland_water', 'storage', 'handling')),
  party      text not null default '' check (length(party) <= 200),
  role       text not null default '' check (length(role) <= 120),
  trusted    boolean not null default false,
  created_at timestamptz not null,
  removed_at timestamptz,
  version    int not null default 1
);
comment on column risk_leg.trusted is 'The party is in CTPAT or holds a recognised AEO status.';
create index risk_leg_lane on risk_leg (lane_id, position);

create table risk_rating (
  id            uuid primary key default gen_random_uuid(),
  assessment_id uuid not null references risk_assessment,
  company_id    uuid not null references company,
  lane_id       uuid not null references risk_lane,
  leg_id        uuid references risk_leg,
  factor        text not null,
  kind          text not null check (kind in ('threat', 'vulnerability')),
  rating        int not null check (rating between 1 and 3),
  note          text not null default '' check (length(note) <= 2000),
  rated_at      timestamptz not null,
  rated_by      uuid,
  version       int not null default 1,
  constraint risk_rating_once unique nulls not distinct (lane_id, leg_id, factor)
);
comment on column risk_rating.rating is '1 low, 2 medium, 3 high.';
create index risk_rating_assessment on risk_rating (assessment_id);

create table risk_action (
  id            uuid primary key default gen_random_uuid(),
  assessment_id uuid not null references risk_assessment,
  company_id    uuid not null references company,
  lane_id       uuid references risk_lane,
  criterion     text not null default '',
  what          text not null check (length(what) between 1 and 2000),
  owner         text not null check (length(owner) between 1 and 200),
  due_on        date not null,
  done_on       date,
  outcome       text not null default '' check (length(outcome) <= 2000),
  created_at    timestamptz not null,
  removed_at    timestamptz,
  version       int not null default 1
);
create index risk_action_assessment on risk_action (assessment_id, due_on);

alter table clock drop constraint clock_subject_kind_check;
alter table clock add constraint clock_subject_kind_check
  check (subject_kind in ('application', 'membership', 'change_notice', 'profile'));

grant select, insert, update on catalogue_edition, profile_cycle, profile_submission, evidence, evidence_version,
  profile_return, profile_return_item, profile_verdict, profile_message, profile_criterion, company_key,
  risk_assessment, risk_lane, risk_leg, risk_rating, risk_action to portal_app;
grant select, insert, update, delete on profile_answer, profile_presence, evidence_upload, evidence_link to portal_app;
grant select, insert on profile_answer_past, evidence_pin, profile_result to portal_app;

-- What a company and the agency share is fenced by company; the agency's own work is the agency's.
-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['profile_cycle', 'profile_answer', 'profile_answer_past', 'profile_criterion', 'profile_presence',
      'profile_submission', 'evidence', 'evidence_version', 'evidence_upload', 'evidence_link', 'evidence_pin', 'company_key',
      'profile_return', 'profile_return_item', 'profile_result',
      'risk_assessment', 'risk_lane', 'risk_leg', 'risk_rating', 'risk_action'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format($p$create policy fence on %I
      using ((select looking()) in ('system', 'staff')
          or ((select looking()) = 'company' and company_id = (select looking_company())))$p$, t);
  end loop;
  alter table profile_verdict enable row level security;
  alter table profile_verdict force row level security;
  create policy fence on profile_verdict using ((select looking()) in ('system', 'staff'));
  alter table profile_message enable row level security;
  alter table profile_message force row level security;
  create policy fence on profile_message
    using ((select looking()) in ('system', 'staff')
        or ((select looking()) = 'company' and company_id = (select looking_company()) and not internal and sent_at is not null));
end $$;
-- +goose StatementEnd
