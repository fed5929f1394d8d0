-- +goose Up
-- Claims of members that a benefit was not given, and what partners abroad say to them.

create sequence claim_number;

create table claim (
  id            uuid primary key,
  reference     text not null unique,
  company_id    uuid not null references company,
  membership_id uuid not null references membership,
  office_id     uuid not null references office,
  programme     text not null,
  benefit       text not null check (benefit ~ '^[a-z0-9_-]{2,60}$'),
  status        text not null check (status in ('open', 'in_hand', 'asked', 'answered', 'withdrawn')),
  first_on      date not null,
  last_on       date not null,
  tier          text not null default '',
  place         text not null default '' check (length(place) <= 200),
  arrangement   text not null default '' check (length(arrangement) <= 60),
  refs  text not null default '' check (length(refs) <= 2000),
  happened      text not null check (length(happened) between 1 and 4000),
  round         int not null default 1 check (round between 1 and 2),
  opened_at     timestamptz not null,
  opened_by     uuid not null references person,
  opener        text not null,
  officer_id    uuid references person,
  taken_at      timestamptz,
  outcome       text not null default '' check (outcome in ('', 'not_given', 'given', 'not_owed')),
  reason        text not null default '' check (length(reason) <= 60),
  answer        text not null default '' check (length(answer) <= 4000),
  answered_at   timestamptz,
  answered_by   uuid references person,
  withdrawn_at  timestamptz,
  version       int not null default 1,
  constraint claim_of_days check (first_on <= last_on and last_on - first_on <= 92),
  constraint claim_somewhere check ((place = '') <> (arrangement = '')),
  constraint answered_whole check ((status = 'answered') = (answered_at is not null) and (status = 'answered') = (outcome <> '')),
  constraint withdrawn_whole check ((status = 'withdrawn') = (withdrawn_at is not null)),
  constraint in_hand_of_somebody check (status not in ('in_hand', 'asked', 'answered') or officer_id is not null)
);
comment on table claim is 'A member says that a benefit to which it was entitled was not given.';
comment on column claim.arrangement is 'Of a benefit abroad: the arrangement whose partner should have given it.';
comment on column claim.tier is 'The tier of the membership on the first day, as known when the claim was made.';
comment on column claim.round is '2: the member has asked again, with new facts. It may once.';
create unique index one_open_claim on claim (membership_id, benefit, first_on, last_on, place, arrangement) where status in ('open', 'in_hand', 'asked');
create index claim_queue on claim (opened_at, id) where status in ('open', 'in_hand', 'asked');
create index claim_done on claim (opened_at desc, id desc);
create index claim_company on claim (company_id, opened_at desc, id desc);
create index claim_membership on claim (membership_id);
create index claim_office on claim (office_id);
create index claim_officer on claim (officer_id) where officer_id is not null;
create index claim_opener on claim (opened_by);
create index claim_answerer on claim (answered_by) where answered_by is not null;

create table claim_step (
  id         uuid primary key,
  claim_id   uuid not null references claim,
  company_id uuid not null references company,
  kind       text not null check (kind in ('open', 'take', 'ask', 'recall', 'partner_answer', 'answer', 'withdraw', 'again')),
  body       text not null default '' check (length(body) <= 4000),
  outcome    text not null default '' check (outcome in ('', 'not_given', 'given', 'not_owed', 'unknown')),
  reason     text not null default '' check (length(reason) <= 60),
  side       text not null check (side in ('company', 'agency', 'partner')),
  author     text not null,
  person_id  uuid references person,
  at         timestamptz not null
);
comment on table claim_step is 'What happened to a claim, step by step. The company reads who of its own and of the partner did something, and of the agency only that it did.';
create index claim_step_claim on claim_step (claim_id, at);
create index claim_step_company on claim_step (company_id);
create index claim_step_person on claim_step (person_id) where person_id is not null;
create trigger claim_step_append_only before update or delete on claim_step for each row execute function refuse_change();
create trigger claim_step_no_truncate before truncate on claim_step for each statement execute function refuse_change();

create table claim_request (
  id             uuid primary key,
  claim_id       uuid not null references claim,
  recognition_id uuid not null references recognition,
  agency_id      uuid not null references agency,
  arrangement    text not null,
  number         text not null,
  first_on       date not null,
  last_on        date not null,
  refs   text not null default '' check (length(refs) <= 2000),
  question       text not null check (length(question) between 1 and 2000),
  told           text not null default '' check (length(told) <= 4000),
  status         text not null check (status in ('asked', 'answered', 'recalled')),
  asked_at       timestamptz not null,
  asked_by       uuid not null references person,
  outcome        text not null default '' check (outcome in ('', 'not_given', 'given', 'unknown')),
  reason         text not null default '' check (length(reason) <= 60),
  done           text not null default '' check (length(done) <= 2000),
  answered_at    timestamptz,
  answered_by    uuid references person,
  answerer       text not null default '',
  recalled_at    timestamptz,
  version        int not null default 1,
  constraint request_answered_whole check ((status = 'answered') = (answered_at is not null) and (status = 'answered') = (outcome <> '')),
  constraint request_recalled_whole check ((status = 'recalled') = (recalled_at is not null))
);
comment on table claim_request is 'What a partner agency is asked about a claim, and its answer. It holds everything that the partner sees but the name of the member, which is read while the member consents.';
comment on column claim_request.told is 'What the member said happened, if the officer chose to send it. Files are never sent.';
create unique index one_open_claim_request on claim_request (claim_id) where status = 'asked';
create index claim_request_claim on claim_request (claim_id, asked_at);
create index claim_request_agency on claim_request (agency_id, status, asked_at, id);
create index claim_request_recognition on claim_request (recognition_id);
create index claim_request_asker on claim_request (asked_by);
create index claim_request_answerer on claim_request (answered_by) where answered_by is not null;

alter table claim enable row level security;
alter table claim force row level security;
create policy fence on claim using ((select looking_inside())
  or ((select looking()) = 'company' and company_id = (select looking_company())));
alter table claim_step enable row level security;
alter table claim_step force row level security;
create policy fence on claim_step using ((select looking_inside())
  or ((select looking()) = 'company' and company_id = (select looking_company())));
alter table claim_request enable row level security;
alter table claim_request force row level security;
create policy fence on claim_request using ((select looking_inside())
  or ((select looking()) = 'partner' and agency_id = (select looking_agency())));
grant select, insert, update on claim, claim_request to portal_app;
grant select, insert on claim_step to portal_app;
grant usage on sequence claim_number to portal_app;

-- A claim has a clock for its answer, and the member shows documents with it.
alter table clock drop constraint clock_subject_kind_check;
alter table clock add constraint clock_subject_kind_check
  check (subject_kind in ('application', 'membership', 'change_notice', 'profile', 'validation', 'finding', 'incident', 'enforcement', 'appeal', 'succession', 'questionnaire', 'claim'));
alter table enclosure drop constraint enclosure_subject_kind_check;
alter table enclosure add constraint enclosure_subject_kind_check check (subject_kind in ('incident', 'enforcement', 'appeal', 'claim'));

-- A member that takes its claim back takes the question to the partner back, which it does not see.
create function claim_unask(which uuid, at timestamptz) returns void
  language sql set search_path = public set portal.scope = 'system'
  as $$ update claim_request r set status = 'recalled', recalled_at = at, version = r.version + 1 where r.claim_id = which and r.status = 'asked'
    and exists (select from claim c where c.id = which and c.status = 'withdrawn') $$;
