-- +goose Up
-- What partners are told of members that they recognise, what they say to it, and steps of the
-- register of arrangements that need a second person.

create table recognition_event (
  id             uuid primary key,
  seq            bigint generated always as identity unique,
  agency_id      uuid not null references agency,
  arrangement    text not null check (arrangement ~ '^[a-z0-9-]{2,60}$'),
  recognition_id uuid not null references recognition,
  membership_id  uuid not null references membership,
  company_id     uuid not null references company,
  kind           text not null check (kind in ('gained', 'lost', 'suspended', 'reinstated', 'identity_changed', 'expiring')),
  reason         text not null default '' check (length(reason) <= 60),
  effective_on   date not null,
  effective_at   timestamptz not null,
  occurred_at    timestamptz not null,
  payload        jsonb not null,
  check (occurred_at >= effective_at)
);
comment on table recognition_event is 'What a partner agency is told of a member that takes part in an arrangement. Written in the transaction of what happened, or by the clock when its day comes; never changed.';
comment on column recognition_event.seq is 'Cursor of the partner''s feed. Writers take turns, so a number is never seen before a smaller one.';
comment on column recognition_event.effective_at is 'When it took effect: the start of its day, or the moment at which the portal learned of it if that was later.';
comment on column recognition_event.occurred_at is 'When it left: from then on it is in the partner''s feed and on its page.';
comment on column recognition_event.payload is 'Facts for machines. No personal data.';
create index recognition_event_feed on recognition_event (agency_id, seq);
create index recognition_event_arrangement on recognition_event (arrangement, agency_id, occurred_at);
create index recognition_event_recognition on recognition_event (recognition_id, seq);
create index recognition_event_membership on recognition_event (membership_id, seq);
create index recognition_event_company on recognition_event (company_id);
create trigger recognition_event_append_only before update or delete on recognition_event for each row execute function refuse_change();
create trigger recognition_event_no_truncate before truncate on recognition_event for each statement execute function refuse_change();

create table recognition_ack (
  event_id        uuid primary key references recognition_event,
  agency_id       uuid not null references agency,
  delivered_at    timestamptz,
  delivered_by    text not null default '' check (delivered_by in ('', 'page', 'feed', 'file', 'webhook')),
  acknowledged_at timestamptz check (acknowledged_at >= delivered_at),
  acknowledged_by uuid references person,
  acknowledger    text not null default '' check (length(acknowledger) <= 200),
  alarmed_at      timestamptz,
  check (acknowledged_at is null or delivered_at is not null)
);
comment on table recognition_ack is 'What became of an event at its partner: seen, acknowledged, or an alarm to headquarters because it was not.';
create index recognition_ack_agency on recognition_ack (agency_id) where acknowledged_at is null;

alter table recognition add column told text not null default 'active' check (told in ('active', 'suspended', 'ended'));
comment on column recognition.told is 'What the membership was when the partner was last told. The clock compares it with what the membership is.';

create table arrangement_proposal (
  id            uuid primary key,
  arrangement   text not null check (arrangement ~ '^[a-z0-9-]{2,60}$'),
  kind          text not null check (kind in ('suspended', 'resumed', 'ended')),
  on_day        date not null,
  source        text not null check (length(source) between 1 and 1000),
  note          text not null default '' check (length(note) <= 4000),
  proposed_at   timestamptz not null,
  proposed_by   uuid not null references person,
  proposer      text not null,
  decided_at    timestamptz,
  decided_by    uuid references person,
  decider       text not null default '',
  decision      text not null default '' check (decision in ('', 'approved', 'refused', 'taken_back')),
  decision_note text not null default '' check (length(decision_note) <= 4000),
  event_id      uuid references arrangement_event,
  version       int not null default 1,
  check ((decision = '') = (decided_at is null)),
  check ((decision = 'approved') = (event_id is not null)),
  constraint second_person check (decision in ('', 'taken_back') or decided_by is distinct from proposed_by)
);
comment on table arrangement_proposal is 'Suspending, resuming or ending an arrangement: one person of headquarters proposes, another decides.';
create unique index one_open_arrangement_proposal on arrangement_proposal (arrangement) where decided_at is null;
create index arrangement_proposal_list on arrangement_proposal (arrangement, proposed_at desc);

alter table recognition_event enable row level security;
alter table recognition_event force row level security;
create policy fence on recognition_event using ((select looking_inside())
  or ((select looking()) = 'company' and company_id = (select looking_company()))
  or ((select looking()) = 'partner' and agency_id = (select looking_agency())));
alter table recognition_ack enable row level security;
alter table recognition_ack force row level security;
create policy fence on recognition_ack using ((select looking_inside())
  or ((select looking()) = 'partner' and agency_id = (select looking_agency())));
alter table arrangement_proposal enable row level security;
alter table arrangement_proposal force row level security;
create policy fence on arrangement_proposal using ((select looking_inside()));
grant select, insert on recognition_event to portal_app;
grant select, insert, update on recognition_ack to portal_app;
grant select, insert, update on arrangement_proposal to portal_app;
