-- +goose Up
-- Business partners of a member: the list, connections between members, and links by which
-- outsiders verify a membership. Source: criteria 3.1-3.9; the Status Verification Interface.

create table business_partner (
  id          uuid primary key default gen_random_uuid(),
  company_id  uuid not null references company,
  name        text not null check (length(name) between 1 and 200),
  country     char(2) not null,
  role        text not null check (length(role) between 1 and 40),
  reference   text not null default '' check (length(reference) <= 60),
  contact     text not null default '' check (length(contact) <= 200),
  email       text not null default '' check (length(email) <= 254),
  lang        text not null default 'en' check (length(lang) between 2 and 20),
  risk        text not null check (risk in ('high', 'medium', 'low')),
  identifiers text not null default '' check (length(identifiers) <= 1000),
  notes       text not null default '' check (length(notes) <= 4000),
  assessed_on date,
  due_on      date,
  created_at  timestamptz not null,
  created_by  uuid references person,
  ended_at    timestamptz,
  end_reason  text not null default '' check (length(end_reason) <= 1000),
  version     int not null default 1,
  check (ended_at is not null or end_reason = '')
);
comment on table business_partner is 'A company in a member''s supply chain, as the member keeps it. One that has ended stays.';
comment on column business_partner.role is 'Code of config/questionnaires/partners.yaml.';
comment on column business_partner.assessed_on is 'Day on which an answered questionnaire was last accepted.';
comment on column business_partner.due_on is 'By when the next assessment is due, by risk; null: none was made yet.';
create unique index one_partner_reference on business_partner (company_id, lower(reference)) where reference <> '' and ended_at is null;
create unique index one_partner_name on business_partner (company_id, lower(name), country) where ended_at is null;
create index business_partner_list on business_partner (company_id, lower(name), id);
create index business_partner_due on business_partner (company_id, due_on) where ended_at is null;
create index business_partner_author on business_partner (created_by) where created_by is not null;

create table partner_import (
  id         uuid primary key,
  company_id uuid not null references company,
  person_id  uuid not null references person,
  file_name  text not null check (length(file_name) between 1 and 200),
  body       jsonb not null,
  created_at timestamptz not null,
  expires_at timestamptz not null check (expires_at > created_at)
);
comment on table partner_import is 'A list of partners that was read and waits for its person to take it over. Rows that are over mean nothing and are cleared.';
create index partner_import_company on partner_import (company_id, person_id);
create index partner_import_person on partner_import (person_id);
create index partner_import_expires on partner_import (expires_at);

-- Connections between members -------------------------------------------------------------

create table partner_consent (
  company_id   uuid primary key references company,
  given_at     timestamptz not null,
  given_by     uuid references person,
  withdrawn_at timestamptz,
  version      int not null default 1
);
comment on table partner_consent is 'That a company agrees to be found by its membership number, and to show its status to members that it is connected with.';
create index partner_consent_person on partner_consent (given_by) where given_by is not null;

create table partner_connection (
  id               uuid primary key,
  asker_id         uuid not null references company,
  asker_member_id  uuid not null references membership,
  number           text not null check (length(number) between 1 and 40),
  other_id         uuid references company,
  other_member_id  uuid references membership,
  asker_partner_id uuid references business_partner,
  other_partner_id uuid references business_partner,
  status           text not null check (status in ('asked', 'connected', 'refused', 'withdrawn', 'ended')),
  purpose          text not null default '' check (length(purpose) <= 500),
  asked_at         timestamptz not null,
  asked_by         uuid references person,
  answered_at      timestamptz,
  answered_by      uuid references person,
  ended_at         timestamptz,
  ended_by         uuid references company,
  version          int not null default 1,
  check ((other_id is null) = (other_member_id is null)),
  check (other_id is not null or status in ('asked', 'withdrawn')),
  check (asker_id is distinct from other_id),
  check (status not in ('connected', 'refused') or answered_at is not null)
);
comment on table partner_connection is 'Two members that show each other their status. What was asked of a number that nobody consents under is kept alike, so that the asker cannot tell.';
comment on column partner_connection.number is 'The membership number as the asker typed it.';
create unique index one_live_connection on partner_connection (least(asker_member_id, other_member_id), greatest(asker_member_id, other_member_id))
  where status in ('asked', 'connected') and other_id is not null;
create unique index asked_once on partner_connection (asker_id, lower(number)) where status = 'asked';
create index partner_connection_asker on partner_connection (asker_id, asked_at desc);
create index partner_connection_other on partner_connection (other_id, asked_at desc);
create index partner_connection_asker_member on partner_connection (asker_member_id);
create index partner_connection_other_member on partner_connection (other_member_id);
create index partner_connection_asker_partner on partner_connection (asker_partner_id) where asker_partner_id is not null;
create index partner_connection_other_partner on partner_connection (other_partner_id) where other_partner_id is not null;
create index partner_connection_people on partner_connection (asked_by);
create index partner_connection_answerer on partner_connection (answered_by) where answered_by is not null;
create index partner_connection_ender on partner_connection (ended_by) where ended_by is not null;

-- Monitoring ------------------------------------------------------------------------------

create table partner_cursor (
  name    text primary key,
  seq     bigint not null,
  ahead   bigint not null check (ahead >= seq),
  horizon xid8 not null
);
comment on table partner_cursor is 'How far the legal events of memberships were read for those who are connected.';
comment on column partner_cursor.seq is 'No event up to here can appear any more.';
comment on column partner_cursor.ahead is 'What seq becomes once every transaction before the horizon has ended: events get their number before they are committed.';
insert into partner_cursor (name, seq, ahead, horizon) select 'standing', coalesce(max(seq), 0), coalesce(max(seq), 0), pg_snapshot_xmax(pg_current_snapshot()) from standing_event;

create table partner_news (
  event_id      uuid primary key references standing_event,
  membership_id uuid not null references membership,
  at            timestamptz not null,
  done_at       timestamptz
);
comment on table partner_news is 'Legal events of memberships that were read, and when connected members are told: at the start of the first day of each.';
create index partner_news_at on partner_news (at) where done_at is null;
create index partner_news_membership on partner_news (membership_id);

create table partner_told (
  event_id      uuid not null references standing_event,
  connection_id uuid not null references partner_connection,
  company_id    uuid not null references company,
  at            timestamptz not null,
  primary key (event_id, connection_id, company_id)
);
comment on table partner_told is 'Which company was told of which legal event of a member that it is connected with. Each is told once.';
create index partner_told_connection on partner_told (connection_id);
create index partner_told_company on partner_told (company_id, at desc);

-- Links for outsiders ---------------------------------------------------------------------

create table verification_link (
  id            uuid primary key,
  company_id    uuid not null references company,
  membership_id uuid not null references membership,
  purpose       text not null check (length(purpose) between 1 and 200),
  token_hash    bytea not null unique,
  created_at    timestamptz not null,
  created_by    uuid references person,
  author        text not null,
  expires_at    timestamptz not null check (expires_at > created_at),
  revoked_at    timestamptz,
  looks         int not null default 0,
  looked_at     timestamptz,
  version       int not null default 1
);
comment on table verification_link is 'A link by which whoever has it sees the status of a membership now. The token is shown once; its SHA-256 is kept.';
create index verification_link_company on verification_link (company_id, created_at desc);
create index verification_link_membership on verification_link (membership_id);
create index verification_link_person on verification_link (created_by) where created_by is not null;

create table verification_look (
  id         bigint generated always as identity primary key,
  link_id    uuid not null references verification_link,
  company_id uuid not null references company,
  at         timestamptz not null
);
comment on table verification_look is 'Each look through a verification link. Who looked is not known and not asked.';
create index verification_look_link on verification_look (link_id, at desc);
create index verification_look_company on verification_look (company_id);
create trigger verification_look_append_only before update or delete on verification_look for each row execute function refuse_change();

-- The fence -------------------------------------------------------------------------------

grant select, insert, update on business_partner, partner_consent, partner_connection, verification_link to portal_app;
grant select, insert, delete on partner_import to portal_app;
grant select, insert, update on partner_cursor, partner_news to portal_app;
grant select, insert on partner_told, verification_look to portal_app;

-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['business_partner', 'partner_consent', 'partner_told', 'verification_link', 'verification_look'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format($p$create policy fence on %I
      using ((select looking()) in ('system', 'staff')
          or ((select looking()) = 'company' and company_id = (select looking_company())))$p$, t);
  end loop;
  foreach t in array array['partner_cursor', 'partner_news'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format($p$create policy fence on %I using ((select looking()) = 'system')$p$, t);
  end loop;
end $$;
-- +goose StatementEnd
alter table partner_import enable row level security;
alter table partner_import force row level security;
create policy fence on partner_import using ((select looking()) = 'system'
  or ((select looking()) = 'company' and company_id = (select looking_company())));
alter table partner_connection enable row level security;
alter table partner_connection force row level security;
create policy fence on partner_connection using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and (select looking_company()) in (asker_id, other_id)));

-- What a member may know of another: only while both consent and the connection lives, and
-- no more than name, kind of member, status and since when. Looks past the fence on
-- purpose; whose connections they are follows from who is looking.
create function connected_members(in_now timestamptz)
  returns table (connection_id uuid, name text, programme text, entity_type text, type text, state text, tier text, how text, since date)
  language sql stable set search_path = public set portal.scope = 'system'
  as $$
    select x.id, c.name, m.programme, m.entity_type, s.type, s.state, s.tier, s.how,
      coalesce((select max(upper(b.valid)) from standing b where b.membership_id = s.membership_id and b.type = s.type and upper_inf(b.known)
          and b.state <> s.state and upper(b.valid) <= lower(s.valid)),
        (select min(lower(f.valid)) from standing f where f.membership_id = s.membership_id and f.type = s.type and upper_inf(f.known)))
    from partner_connection x
      join membership m on m.id = case when x.asker_id = looking_company() then x.other_member_id else x.asker_member_id end
      join company c on c.id = m.company_id
      join application a on a.id = m.application_id join office o on o.id = a.office_id
      left join standing s on s.membership_id = m.id and upper_inf(s.known) and s.valid @> (in_now at time zone o.zone)::date
    where looking_company() in (x.asker_id, x.other_id) and x.status = 'connected'
      and exists (select from partner_consent k where k.company_id = x.asker_id and k.withdrawn_at is null)
      and exists (select from partner_consent k where k.company_id = x.other_id and k.withdrawn_at is null)
  $$;

-- Who asks the company that is looking for a connection.
create function asking_members()
  returns table (connection_id uuid, name text, programme text, entity_type text)
  language sql stable set search_path = public set portal.scope = 'system'
  as $$
    select x.id, c.name, m.programme, m.entity_type
    from partner_connection x join membership m on m.id = x.asker_member_id join company c on c.id = m.company_id
    where x.other_id = looking_company() and x.status = 'asked'
      and exists (select from partner_consent k where k.company_id = x.asker_id and k.withdrawn_at is null)
  $$;
