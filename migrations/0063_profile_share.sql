-- +goose Up
-- One security profile for several memberships of a company: a follower relies on the profile of
-- the lead from a day on, and can be taken apart again. Both are cases of changing a membership.

alter table change_case drop constraint change_case_kind_check;
alter table change_case add constraint change_case_kind_check check (kind in ('withdrawal', 'merger', 'split', 'sale', 'type_change', 'share', 'unshare'));
alter table change_case add column lead_id uuid references membership;
alter table change_case add constraint lead_is_another check (lead_id <> membership_id);
comment on column change_case.lead_id is 'Of a shared profile: the membership whose profile it is.';
create index change_case_lead on change_case (lead_id) where lead_id is not null;

create table profile_share (
  id           uuid primary key,
  company_id   uuid not null references company,
  lead_id      uuid not null references membership,
  follower_id  uuid not null references membership,
  from_on      date not null,
  to_on        date,
  case_id      uuid not null unique references change_case,
  end_case_id  uuid references change_case,
  end_reason   text not null default '' check (end_reason in ('', 'unshared', 'lead_ended', 'follower_ended')),
  recorded_at  timestamptz not null,
  ended_at     timestamptz,
  own_again_at timestamptz,
  check (lead_id <> follower_id),
  check (to_on >= from_on),
  constraint whole_end check ((to_on is null) = (ended_at is null) and (to_on is null) = (end_reason = '') and (own_again_at is null or to_on is not null))
);
comment on table profile_share is 'Since when a membership relies on the security profile of another one of the same company and programme.';
comment on column profile_share.from_on is 'First day on which it counts, civil in the zone of the office in charge.';
comment on column profile_share.to_on is 'First day on which it no longer counts; empty: it counts.';
comment on column profile_share.own_again_at is 'When the follower got a yearly review of its own again. Empty while it has ended as a membership.';
create unique index one_shared_profile on profile_share (follower_id) where to_on is null;
create index profile_share_lead on profile_share (lead_id, from_on);
create index profile_share_follower on profile_share (follower_id, from_on);
create index profile_share_company on profile_share (company_id);
create index profile_share_end_case on profile_share (end_case_id) where end_case_id is not null;

-- What was, stays: only the end is added, once.
-- +goose StatementBegin
create function end_share_once() returns trigger language plpgsql as $$
begin
  if (old.id, old.company_id, old.lead_id, old.follower_id, old.from_on, old.case_id, old.recorded_at)
      is distinct from (new.id, new.company_id, new.lead_id, new.follower_id, new.from_on, new.case_id, new.recorded_at)
    or old.to_on is not null and (old.to_on, old.end_case_id, old.end_reason, old.ended_at) is distinct from (new.to_on, new.end_case_id, new.end_reason, new.ended_at)
    or old.own_again_at is not null and old.own_again_at is distinct from new.own_again_at then
    raise exception 'a shared profile is history: only its end is added, once';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger profile_share_end_once before update on profile_share for each row execute function end_share_once();
create trigger profile_share_no_delete before delete on profile_share for each row execute function refuse_change();
create trigger profile_share_no_truncate before truncate on profile_share for each statement execute function refuse_change();

alter table profile_share enable row level security;
alter table profile_share force row level security;
create policy fence on profile_share using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and company_id = (select looking_company())));
grant select, insert, update on profile_share to portal_app;

alter table profile_cycle add column also_types text[] not null default '{}' check (cardinality(also_types) <= 10);
comment on column profile_cycle.also_types is 'Kinds of member of the memberships that share this profile: what they are asked is asked as well.';

-- As before, but a page is made from the form of all kinds of member that the profile asks.
-- +goose StatementBegin
create or replace function profile_save(p_cycle uuid, p_company uuid, p_hash text, p_entity text, p_person uuid, p_author text, p_editor boolean, p_now timestamptz,
  p_criterion text, p_question text, p_site uuid, p_value jsonb, p_choice text, p_complete boolean, p_version int, p_newly boolean, p_lost jsonb,
  out result text, out version int, out saved_at timestamptz, out author text, out theirs text, out common text) language plpgsql as $$
declare
  k record;
  a record;
begin
  -- Whoever submits locks the cycle, so a text comes before the snapshot and is in it, or after and is refused.
  select c.status, c.edition_hash, array_to_string(c.entity_type || c.also_types, '+') as form into k from profile_cycle c where c.id = p_cycle and c.company_id = p_company for key share;
  if not found then
    result := 'missing';
    return;
  elsif (k.edition_hash, k.form) <> (p_hash, p_entity) then
    result := 'form';
    return;
  elsif not p_editor and not exists (select from profile_criterion n where n.cycle_id = p_cycle and n.criterion = p_criterion and n.assignee_id = p_person) then
    result := 'forbidden';
    return;
  elsif k.status = 'returned' then
    if not p_newly and not exists (select from profile_return_item i join profile_return r on r.id = i.return_id
        where r.cycle_id = p_cycle and r.answered_at is null and r.cancelled_at is null and i.criterion = p_criterion) then
      result := 'locked';
      return;
    end if;
  elsif k.status <> 'open' then
    result := 'locked';
    return;
  end if;
  if p_site is not null and not exists (select from site s where s.id = p_site and s.company_id = p_company and s.closed_on is null) then
    result := 'site';
    return;
  end if;
  loop
    exit when p_value is null;
    select x.value, x.version, x.updated_at, x.author into a from profile_answer x
      where x.cycle_id = p_cycle and x.question = p_question and x.site_id is not distinct from p_site for update;
    if found then
      version := a.version;
      saved_at := a.updated_at;
      author := a.author;
      if a.value = p_value then
        result := 'same';
        exit;
      elsif a.version <> p_version then
        result := 'conflict';
        theirs := a.value::text;
        select p.value::text into common from profile_answer_past p
          where p.cycle_id = p_cycle and p.question = p_question and p.site_id is not distinct from p_site and p.version = p_version and not p.lost
          order by p.id desc limit 1;
        return;
      end if;
      insert into profile_answer_past (cycle_id, company_id, question, site_id, value, version, updated_at, updated_by, author, replaced_at)
        select x.cycle_id, x.company_id, x.question, x.site_id, x.value, x.version, x.updated_at, x.updated_by, x.author, p_now from profile_answer x
        where x.cycle_id = p_cycle and x.question = p_question and x.site_id is not distinct from p_site;
      update profile_answer x set value = p_value, choice = p_choice, complete = p_complete, carried = false, version = x.version + 1,
        updated_at = p_now, updated_by = p_person, author = p_author
        where x.cycle_id = p_cycle and x.question = p_question and x.site_id is not distinct from p_site;
      version := a.version + 1;
      result := 'saved';
      exit;
    end if;
    if p_value = '{}' then
      result := 'same';
      version := 0;
      exit;
    elsif p_version <> 0 then -- an exception that a colleague has dropped meanwhile
      result := 'conflict';
      version := 0;
      select p.value::text, p.replaced_at, p.author into common, saved_at, author from profile_answer_past p
        where p.cycle_id = p_cycle and p.question = p_question and p.site_id is not distinct from p_site and p.version = p_version and not p.lost
        order by p.id desc limit 1;
      return;
    end if;
    -- The versions of an answer that was dropped and comes back go on where they ended.
    insert into profile_answer as x (cycle_id, company_id, criterion, question, site_id, value, choice, complete, version, updated_at, updated_by, author)
      values (p_cycle, p_company, p_criterion, p_question, p_site, p_value, p_choice, p_complete,
        1 + coalesce((select max(p.version) from profile_answer_past p
          where p.cycle_id = p_cycle and p.question = p_question and p.site_id is not distinct from p_site), 0),
        p_now, p_person, p_author)
      on conflict on constraint profile_answer_once do nothing returning x.version into version;
    if found then
      result := 'saved';
      exit;
    end if;
  end loop;
  if p_lost is not null then
    insert into profile_answer_past (cycle_id, company_id, question, site_id, value, version, updated_at, updated_by, author, lost, replaced_at)
      values (p_cycle, p_company, p_question, p_site, p_lost->'value', (p_lost->>'based')::int, p_now, p_person, p_author, true, p_now);
    result := coalesce(nullif(result, 'same'), 'kept');
  end if;
  if result <> 'saved' then
    return;
  end if;
  if k.status = 'returned' then
    update profile_return_item i set answered_at = p_now, answered_by = p_person, answerer = p_author, version = i.version + 1
      from profile_return r
      where r.cycle_id = p_cycle and r.answered_at is null and r.cancelled_at is null and i.return_id = r.id and i.criterion = p_criterion and i.answered_at is null;
  end if;
  saved_at := p_now;
  author := p_author;
end $$;
-- +goose StatementEnd
