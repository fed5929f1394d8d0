-- +goose Up
-- What the review of a security profile reads again and again, kept ready.

-- A submission is long: what counted in it is read from it once, when it is kept.
-- +goose StatementBegin
create function profile_counted(body text) returns jsonb language sql immutable strict as $$
  select coalesce(jsonb_object_agg(c->>'id', coalesce((select jsonb_agg(q->'id') from jsonb_array_elements(c->'questions') q where (q->>'counts')::boolean), '[]')), '{}')
  from jsonb_array_elements(body::jsonb->'criteria') c where (c->>'counts')::boolean
$$;
-- +goose StatementEnd
alter table profile_submission add column counted jsonb not null generated always as (profile_counted(body)) stored;
comment on column profile_submission.counted is 'The criteria that counted when it was submitted, each with the questions of it that counted: {criterion: [question]}.';

-- Answers of single sites that are no longer there, which nobody sees in profile_answer.
create index profile_answer_past_site on profile_answer_past (cycle_id) where site_id is not null;

-- The queue of profiles, the longest wait first: what was submitted, and reviews that are late.
create index profile_cycle_waiting on profile_cycle (coalesce(submitted_at, overdue_at), id)
  where status in ('submitted', 'in_review', 'returned') or status = 'open' and overdue_at is not null;

-- Drafts of messages are few and looked for at each send.
create index profile_message_draft on profile_message (cycle_id) where sent_at is null;

-- A return that was taken back does not count: another one may follow in the same round.
alter table profile_return drop constraint profile_return_cycle_id_round_key;
create unique index profile_return_round on profile_return (cycle_id, round) where cancelled_at is null;
