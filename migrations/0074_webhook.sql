-- +goose Up
-- Webhooks of partner agencies: where they are told that something happened, and what became
-- of each message. The feed of events is the truth; a webhook only says that it is worth a look.

create table webhook (
  id         uuid primary key,
  agency_id  uuid not null references agency,
  url        text not null check (length(url) between 1 and 500),
  seq        bigint not null default 0,
  created_at timestamptz not null,
  created_by uuid references person,
  creator    text not null,
  closed_at  timestamptz,
  closed_by  uuid references person
);
comment on column webhook.seq is 'The last event of the feed for which a message was made.';
create index webhook_agency on webhook (agency_id, created_at);
create index webhook_live on webhook (agency_id) where closed_at is null;

create table webhook_secret (
  id         uuid primary key,
  webhook_id uuid not null references webhook,
  agency_id  uuid not null references agency,
  sealed     bytea not null,
  added_at   timestamptz not null,
  retired_at timestamptz
);
comment on table webhook_secret is 'Secrets that sign messages, sealed with the key of the installation. Two are live while one replaces the other.';
create index webhook_secret_live on webhook_secret (webhook_id) where retired_at is null;

create table webhook_delivery (
  id           uuid primary key,
  webhook_id   uuid not null references webhook,
  agency_id    uuid not null references agency,
  event_id     uuid,
  kind         text not null check (length(kind) between 1 and 40),
  status       text not null check (status in ('waiting', 'delivered', 'dead')),
  attempts     int not null default 0,
  created_at   timestamptz not null,
  tried_at     timestamptz,
  next_at      timestamptz,
  last_status  int,
  last_error   text not null default '' check (length(last_error) <= 300),
  unique (webhook_id, event_id)
);
comment on table webhook_delivery is 'Messages of webhooks and what became of them. Without an event: a test.';
create index webhook_delivery_log on webhook_delivery (agency_id, created_at desc, id desc);

-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['webhook', 'webhook_secret', 'webhook_delivery'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy fence on %I using ((select looking_inside()) or ((select looking()) = ''partner'' and agency_id = (select looking_agency())))', t);
  end loop;
end $$;
-- +goose StatementEnd
grant select, insert, update on webhook, webhook_secret, webhook_delivery to portal_app;
