-- +goose Up
-- The machine door of partner agencies: clients with their keys, tokens, what they watch, the
-- answers that a repeated request gets again, daily files, and reports of irregularities.

create table api_client (
  id         uuid primary key,
  agency_id  uuid not null references agency,
  name       text not null check (length(name) between 1 and 100),
  cert_hash  text not null default '' check (cert_hash ~ '^([0-9a-f]{64})?$'),
  created_at timestamptz not null,
  created_by uuid references person,
  creator    text not null,
  closed_at  timestamptz,
  closed_by  uuid references person,
  version    int not null default 1
);
comment on table api_client is 'A program of a partner agency. Its id is the client_id of OAuth 2.0.';
comment on column api_client.cert_hash is 'SHA-256 of the TLS certificate that a trusted proxy must report; empty: any.';
create index api_client_agency on api_client (agency_id, created_at);

create table api_grant (
  client_id   uuid not null references api_client,
  agency_id   uuid not null references agency,
  arrangement text not null check (arrangement ~ '^[a-z0-9-]{2,60}$'),
  scopes      text[] not null check (scopes <@ array['status:read', 'feed:read', 'irregularity:write']),
  primary key (client_id, arrangement)
);
comment on table api_grant is 'What a client may do under an arrangement.';

create table api_key (
  id         uuid primary key,
  client_id  uuid not null references api_client,
  agency_id  uuid not null references agency,
  kid        text not null check (length(kid) between 1 and 100),
  alg        text not null check (alg in ('ES256', 'EdDSA', 'RS256')),
  jwk        jsonb not null,
  added_at   timestamptz not null,
  added_by   uuid references person,
  adder      text not null,
  retired_at timestamptz,
  retired_by uuid references person
);
comment on table api_key is 'Public keys of a client; at most two are live.';
create unique index api_key_kid on api_key (client_id, kid) where retired_at is null;

create table api_token (
  hash       bytea primary key,
  client_id  uuid not null references api_client,
  agency_id  uuid not null references agency,
  grants     jsonb not null,
  issued_at  timestamptz not null,
  expires_at timestamptz not null check (expires_at <= issued_at + interval '10 minutes')
);
comment on table api_token is 'Access tokens, kept as hashes.';
create index api_token_expiry on api_token (expires_at);

create table api_assertion (
  client_id  uuid not null references api_client,
  jti        bytea not null,
  expires_at timestamptz not null,
  primary key (client_id, jti)
);
comment on table api_assertion is 'Assertions of clients that were used: each is good once, on whichever replica.';
create index api_assertion_expiry on api_assertion (expires_at);

create table api_answer (
  client_id uuid not null references api_client,
  key       text not null check (length(key) between 1 and 100),
  request   bytea not null,
  status    int,
  kind      text not null default '',
  body      text not null default '',
  at        timestamptz not null,
  primary key (client_id, key)
);
comment on table api_answer is 'What a request with an Idempotency-Key was answered, for a day. No status: it is still being worked on.';
create index api_answer_at on api_answer (at);

create table api_watch (
  client_id   uuid not null references api_client,
  ref         text not null check (ref ~ '^[A-Za-z0-9._-]{1,60}$'),
  agency_id   uuid not null references agency,
  arrangement text not null check (arrangement ~ '^[a-z0-9-]{2,60}$'),
  scheme      text not null check (length(scheme) between 1 and 40),
  value       text not null check (length(value) between 1 and 60),
  search_key  text not null check (length(search_key) between 1 and 60),
  own_ref     text not null default '' check (length(own_ref) <= 60),
  created_at  timestamptz not null,
  primary key (client_id, ref)
);
comment on table api_watch is 'Operators that a client watches, by a number. One that nobody has looks like one that is not disclosed.';
create index api_watch_key on api_watch (search_key);

create table api_irregularity (
  id          uuid primary key,
  number      text not null unique,
  agency_id   uuid not null references agency,
  client_id   uuid not null references api_client,
  arrangement text not null check (arrangement ~ '^[a-z0-9-]{2,60}$'),
  scheme      text not null check (length(scheme) between 1 and 40),
  value       text not null check (length(value) between 1 and 60),
  search_key  text not null,
  kind        text not null check (kind in ('security', 'customs_offence', 'documents', 'goods', 'identity', 'other')),
  occurred_on date not null,
  text        text not null check (length(text) between 1 and 4000),
  own_ref     text not null default '' check (length(own_ref) <= 60),
  received_at timestamptz not null,
  taken_at    timestamptz,
  taken_by    uuid references person,
  taker       text not null default '',
  note        text not null default '' check (length(note) <= 2000),
  version     int not null default 1
);
comment on table api_irregularity is 'What a partner reports about an operator of ours. Headquarters takes it in hand.';
create index api_irregularity_list on api_irregularity (received_at desc, id desc);
create index api_irregularity_agency on api_irregularity (agency_id);

create table api_file (
  id          uuid primary key,
  arrangement text not null check (arrangement ~ '^[a-z0-9-]{2,60}$'),
  agency_id   uuid not null references agency,
  day         date not null,
  kind        text not null check (kind in ('full', 'delta')),
  count       int not null check (count >= 0),
  sha256      text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  body        text not null,
  made_at     timestamptz not null,
  unique (agency_id, arrangement, day, kind)
);
comment on table api_file is 'The members that a partner may see under an arrangement, whole and as what changed, day by day. Kept for some weeks.';
create index api_file_day on api_file (agency_id, day desc);

-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['api_client', 'api_grant', 'api_key', 'api_token', 'api_watch', 'api_irregularity', 'api_file'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy fence on %I using ((select looking_inside()) or ((select looking()) = ''partner'' and agency_id = (select looking_agency())))', t);
  end loop;
  foreach t in array array['api_assertion', 'api_answer'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy fence on %I using ((select looking_inside()))', t);
  end loop;
end $$;
-- +goose StatementEnd
grant select, insert, update on api_client, api_key, api_irregularity to portal_app;
grant select, insert, update, delete on api_grant, api_token, api_assertion, api_answer, api_watch, api_file to portal_app;
