-- +goose Up
-- Security questionnaires to business partners that are not members, answered by one link.
-- Source: criteria 3.5 to 3.9.

create sequence questionnaire_number;
grant usage on sequence questionnaire_number to portal_app;

create table questionnaire (
  id          uuid primary key,
  reference   text not null unique,
  company_id  uuid not null references company,
  partner_id  uuid not null references business_partner,
  programme   text not null,
  template    text not null,
  edition     text not null,
  status      text not null check (status in ('sent', 'opened', 'begun', 'answered', 'returned', 'accepted', 'expired', 'refused', 'cancelled')),
  to_name     text not null check (length(to_name) <= 200),
  to_email    text not null check (length(to_email) between 3 and 254),
  lang        text not null check (length(lang) between 2 and 20),
  note        text not null default '' check (length(note) <= 2000),
  token_hash  bytea not null unique,
  round       int not null default 1 check (round > 0),
  link_until  timestamptz not null,
  due_on      date not null,
  reminded    int not null default 0 check (reminded between 0 and 3),
  sent_at     timestamptz not null,
  sent_by     uuid references person,
  sender      text not null,
  opened_at   timestamptz,
  begun_at    timestamptz,
  answered_at timestamptz,
  closed_at   timestamptz,
  answerer    text not null default '' check (length(answerer) <= 200),
  position    text not null default '' check (length(position) <= 200),
  reason      text not null default '' check (length(reason) <= 2000),
  score       int check (score between 0 and 100),
  band        text not null default '',
  version     int not null default 1,
  constraint answered_once_answered check (status not in ('answered', 'returned', 'accepted') or answered_at is not null),
  constraint scored_when_answered check (status not in ('answered', 'accepted') or (answerer <> '' and band <> ''))
);
comment on table questionnaire is 'Questions that a member sent to one of its business partners. The link''s SHA-256 is kept, and never the link.';
comment on column questionnaire.round is 'How many links there were: a new one ends the one before.';
comment on column questionnaire.reminded is 'How many of the three reminders have gone out.';
comment on column questionnaire.reason is 'Why the partner refused, or why the member called it off.';
create unique index one_open_questionnaire on questionnaire (partner_id, template) where status in ('sent', 'opened', 'begun', 'answered', 'returned');
create index questionnaire_partner on questionnaire (partner_id, sent_at desc);
create index questionnaire_company on questionnaire (company_id, status, due_on);
create index questionnaire_due on questionnaire (due_on) where status in ('sent', 'opened', 'begun', 'returned');
create index questionnaire_mailbox on questionnaire (lower(to_email), template) where answered_at is not null;
create index questionnaire_sender on questionnaire (sent_by) where sent_by is not null;

create table questionnaire_answer (
  questionnaire_id uuid not null references questionnaire,
  company_id       uuid not null references company,
  question         text not null check (length(question) <= 40),
  answer           text not null check (answer in ('', 'yes', 'partly', 'no', 'not_applicable')),
  note             text not null default '' check (length(note) <= 2000),
  returned         text not null default '' check (length(returned) <= 2000),
  carried          boolean not null default false,
  mended           boolean not null default false,
  saved_at         timestamptz not null,
  version          int not null default 1,
  primary key (questionnaire_id, question)
);
comment on column questionnaire_answer.returned is 'What the member asks about this answer; empty once the answers were sent again.';
comment on column questionnaire_answer.mended is 'It was saved anew after the member asked about it.';
comment on column questionnaire_answer.carried is 'Taken from an earlier answer of the partner, with its permission.';
create index questionnaire_answer_company on questionnaire_answer (company_id);

create table questionnaire_entry (
  id               uuid primary key default gen_random_uuid(),
  questionnaire_id uuid not null references questionnaire,
  company_id       uuid not null references company,
  what             text not null check (what in ('sent', 'reminded', 'opened', 'begun', 'reused', 'unused', 'answered', 'refused', 'returned', 'accepted', 'renewed', 'expired', 'cancelled', 'kept')),
  body             text not null default '' check (length(body) <= 4000),
  author           text not null,
  at               timestamptz not null
);
comment on table questionnaire_entry is 'What happened to a questionnaire, in order. Append-only.';
create index questionnaire_entry_of on questionnaire_entry (questionnaire_id, at);
create index questionnaire_entry_company on questionnaire_entry (company_id);
create trigger questionnaire_entry_append_only before update or delete on questionnaire_entry for each row execute function refuse_change();

create table questionnaire_action (
  id               uuid primary key,
  questionnaire_id uuid not null references questionnaire,
  company_id       uuid not null references company,
  question         text not null default '' check (length(question) <= 40),
  what             text not null check (length(what) between 1 and 2000),
  due_on           date not null,
  done_on          date,
  proof            text not null default '' check (length(proof) <= 2000),
  created_at       timestamptz not null,
  author           text not null,
  version          int not null default 1,
  check ((done_on is null) = (proof = ''))
);
comment on table questionnaire_action is 'What a partner is to correct, by when, and what shows that it did (criterion 3.6).';
create index questionnaire_action_of on questionnaire_action (questionnaire_id, due_on);
create index questionnaire_action_company on questionnaire_action (company_id, due_on) where done_on is null;

create table questionnaire_reuse (
  questionnaire_id uuid primary key references questionnaire,
  source_id        uuid not null references questionnaire,
  given_at         timestamptz not null,
  revoked_at       timestamptz
);
comment on table questionnaire_reuse is 'That a partner uses its earlier answers for another member that asks the same. The member that has the earlier ones learns nothing of it, nor this one whose they were.';
create index questionnaire_reuse_source on questionnaire_reuse (source_id);

grant select, insert, update on questionnaire, questionnaire_action, questionnaire_reuse to portal_app;
grant select, insert, update, delete on questionnaire_answer to portal_app;
grant select, insert on questionnaire_entry to portal_app;
-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['questionnaire', 'questionnaire_action', 'questionnaire_entry'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format($p$create policy fence on %I
      using ((select looking()) in ('system', 'staff')
          or ((select looking()) = 'company' and company_id = (select looking_company())))$p$, t);
  end loop;
end $$;
-- +goose StatementEnd

-- Whether a questionnaire was handed in: until then its answers are the partner's own. The
-- fence of questionnaire itself answers.
create function handed_in(in_questionnaire uuid) returns boolean
  language sql stable set search_path = public
  as $$ select exists (select from questionnaire where id = in_questionnaire and status in ('answered', 'returned', 'accepted')) $$;
alter table questionnaire_answer enable row level security;
alter table questionnaire_answer force row level security;
create policy fence on questionnaire_answer using ((select looking()) = 'system'
  or ((select looking()) = 'staff' and handed_in(questionnaire_id))
  or ((select looking()) = 'company' and company_id = (select looking_company()) and handed_in(questionnaire_id)));
-- Permissions to use answers again are between the partner and the portal.
alter table questionnaire_reuse enable row level security;
alter table questionnaire_reuse force row level security;
create policy fence on questionnaire_reuse using ((select looking()) = 'system');
