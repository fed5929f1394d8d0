-- +goose Up
-- Mutual recognition: the life of arrangements, what members ask of partners and agree to,
-- their numbers in partners' systems, and the record of every check.

create table arrangement_event (
  id          uuid primary key,
  arrangement text not null check (arrangement ~ '^[a-z0-9-]{2,60}$'),
  kind        text not null check (kind in ('phase', 'signed', 'in_force', 'suspended', 'resumed', 'ended', 'overturned')),
  phase       text not null default '',
  on_day      date not null,
  recorded_at timestamptz not null,
  recorded_by uuid references person,
  recorder    text not null,
  approved_by uuid references person,
  approver    text not null default '',
  source      text not null check (length(source) between 1 and 1000),
  note        text not null default '' check (length(note) <= 4000),
  undoes      uuid references arrangement_event,
  check ((kind = 'phase') = (phase <> '')),
  check ((kind = 'overturned') = (undoes is not null)),
  check (approved_by is null or approved_by is distinct from recorded_by)
);
comment on table arrangement_event is 'Dated facts in law about an arrangement, in two axes of time: the day of effect, and when the portal learned of it. Never changed; a later event overturns one.';
comment on column arrangement_event.on_day is 'First day of its effect, civil at headquarters.';
create unique index arrangement_event_undone_once on arrangement_event (undoes) where undoes is not null;
create index arrangement_event_life on arrangement_event (arrangement, on_day, recorded_at);
create trigger arrangement_event_append_only before update or delete on arrangement_event for each row execute function refuse_change();
create trigger arrangement_event_no_truncate before truncate on arrangement_event for each statement execute function refuse_change();

create table arrangement_agency (
  arrangement text not null check (arrangement ~ '^[a-z0-9-]{2,60}$'),
  agency_id   uuid not null references agency,
  since       timestamptz not null,
  until       timestamptz check (until > since),
  primary key (arrangement, agency_id, since)
);
comment on table arrangement_agency is 'Which agency is the partner of an arrangement.';
create unique index one_live_partner on arrangement_agency (arrangement, agency_id) where until is null;
create index arrangement_agency_agency on arrangement_agency (agency_id);

create table recognition (
  id              uuid primary key,
  company_id      uuid not null references company,
  membership_id   uuid not null references membership,
  arrangement     text not null check (arrangement ~ '^[a-z0-9-]{2,60}$'),
  agency_id       uuid not null references agency,
  status          text not null check (status in ('asked', 'sent', 'acknowledged', 'recognised', 'refused', 'ended')),
  reason          text not null default '' check (length(reason) <= 60),
  partner_ref     text not null default '' check (length(partner_ref) <= 60),
  asked_at        timestamptz not null,
  asked_by        uuid references person,
  sent_at         timestamptz,
  acknowledged_at timestamptz,
  answered_at     timestamptz,
  ended_at        timestamptz,
  end_reason      text not null default '' check (length(end_reason) <= 60),
  version         int not null default 1,
  check ((status = 'ended') = (ended_at is not null)),
  check (status not in ('recognised', 'refused') or answered_at is not null),
  check (status <> 'acknowledged' or acknowledged_at is not null),
  check (status <> 'sent' or sent_at is not null)
);
comment on table recognition is 'A member asks a partner for recognition under an arrangement, and what the partner did with it.';
create unique index one_live_recognition on recognition (membership_id, arrangement) where ended_at is null;
create index recognition_company on recognition (company_id, asked_at desc);
create index recognition_agency on recognition (agency_id, status, asked_at);

create table recognition_consent (
  id           uuid primary key,
  company_id   uuid not null references company,
  arrangement  text not null check (arrangement = '*' or arrangement ~ '^[a-z0-9-]{2,60}$'),
  given_at     timestamptz not null,
  given_by     uuid references person,
  giver        text not null,
  text_version text not null check (length(text_version) between 1 and 60),
  elements     text[] not null,
  withdrawn_at timestamptz check (withdrawn_at >= given_at),
  withdrawn_by uuid references person,
  withdrawer   text not null default ''
);
comment on table recognition_consent is 'A member lets partners see its status: under one arrangement, or * where consent is general. Never deleted: what was allowed when stays provable.';
comment on column recognition_consent.elements is 'Codes of the data elements that are exchanged.';
create unique index one_live_recognition_consent on recognition_consent (company_id, arrangement) where withdrawn_at is null;

create table partner_number (
  id          uuid primary key,
  company_id  uuid not null references company,
  arrangement text not null default '' check (arrangement ~ '^([a-z0-9-]{2,60})?$'),
  scheme      text not null check (length(scheme) between 1 and 40),
  value       text not null check (length(value) between 1 and 60),
  search_key  text not null check (length(search_key) between 1 and 60),
  site_id     uuid references site,
  address     text not null default '' check (length(address) <= 500),
  valid_from  date not null,
  valid_until date check (valid_until >= valid_from),
  created_at  timestamptz not null,
  created_by  uuid references person,
  removed_at  timestamptz,
  removed_by  uuid references person,
  version     int not null default 1
);
comment on table partner_number is 'A number of a member in a partner''s system. One operator has many MIDs, each tied to an address. Empty arrangement: it is used with every partner.';
create index partner_number_company on partner_number (company_id, scheme);
create index partner_number_search on partner_number (search_key) where removed_at is null;
create unique index partner_number_once on partner_number (company_id, arrangement, scheme, search_key) where removed_at is null;

create table consultation (
  id           uuid not null,
  number       text not null,
  at           timestamptz not null,
  agency_id    uuid not null references agency,
  person_id    uuid references person,
  client_id    text not null default '',
  arrangement  text not null,
  purpose      text not null,
  own_ref      text not null default '',
  batch_id     uuid,
  row          int,
  scheme       text not null,
  asked        text not null,
  as_of        date not null,
  known_at     timestamptz not null,
  company_id   uuid,
  outcome      text not null,
  answer       jsonb not null,
  writer       uuid not null,
  seq          bigint not null,
  hash         bytea not null,
  primary key (id)
);
comment on table consultation is 'Every check by a partner agency, written and on disk before its answer leaves. Never changed.';
comment on column consultation.known_at is 'The answer is what the portal knew at that instant.';
comment on column consultation.company_id is 'The company that the identifier belongs to, also when nothing was disclosed; never shown to partners.';
comment on column consultation.writer is 'Each process of the portal keeps a chain of its own: writer, position, and the hash over the record and the hash before it.';
create unique index consultation_number on consultation (number);
create unique index consultation_chain on consultation (writer, seq);
create index consultation_agency on consultation (agency_id, at desc, id desc);
create index consultation_company on consultation (company_id, at desc) where company_id is not null;
create index consultation_batch on consultation (batch_id, row) where batch_id is not null;
create trigger consultation_append_only before update or delete on consultation for each row execute function refuse_change();
create trigger consultation_no_truncate before truncate on consultation for each statement execute function refuse_change();

alter table recognition enable row level security;
alter table recognition force row level security;
create policy fence on recognition using ((select looking_inside())
  or ((select looking()) = 'company' and company_id = (select looking_company()))
  or ((select looking()) = 'partner' and agency_id = (select looking_agency())));
alter table recognition_consent enable row level security;
alter table recognition_consent force row level security;
create policy fence on recognition_consent using ((select looking_inside())
  or ((select looking()) = 'company' and company_id = (select looking_company())));
alter table partner_number enable row level security;
alter table partner_number force row level security;
create policy fence on partner_number using ((select looking_inside())
  or ((select looking()) = 'company' and company_id = (select looking_company())));
alter table consultation enable row level security;
alter table consultation force row level security;
create policy fence on consultation using ((select looking_inside())
  or ((select looking()) = 'company' and company_id = (select looking_company()))
  or ((select looking()) = 'partner' and agency_id = (select looking_agency())));
grant select, insert on arrangement_event to portal_app;
grant select, insert, update on arrangement_agency to portal_app;
grant select, insert, update on recognition to portal_app;
grant select, insert, update on recognition_consent to portal_app;
grant select, insert, update on partner_number to portal_app;
grant select, insert on consultation to portal_app;
