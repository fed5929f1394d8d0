-- +goose Up
-- Saving answers: one call does all of it, so that a browser that saves while a person
-- types costs the portal one statement. Row level security holds in it, for it runs with
-- the rights of whoever calls.

-- Answers grow a little each time they are saved; room on the page keeps an update there.
alter table profile_answer set (fillfactor = 85);

-- result is one of
--   saved      version, saved_at and author are those of the new wording
--   same       nothing was to do: this is what is kept already
--   kept       only the lost text was put away
--   conflict   a colleague was faster: theirs, and common, on which both had begun
--   missing, form, forbidden, locked, site   why nothing was saved
-- p_lost is a text that does not hold, with the version on which it was based: it is put
-- away with what is saved, or alone when there is no value to save.
-- +goose StatementBegin
create function profile_save(p_cycle uuid, p_company uuid, p_hash text, p_entity text, p_person uuid, p_author text, p_editor boolean, p_now timestamptz,
  p_criterion text, p_question text, p_site uuid, p_value jsonb, p_choice text, p_complete boolean, p_version int, p_newly boolean, p_lost jsonb,
  out result text, out version int, out saved_at timestamptz, out author text, out theirs text, out common text) language plpgsql as $$
declare
  k record;
  a record;
begin
  -- Whoever submits locks the cycle, so a text comes before the snapshot and is in it, or after and is refused.
  select c.status, c.edition_hash, c.entity_type into k from profile_cycle c where c.id = p_cycle and c.company_id = p_company for key share;
  if not found then
    result := 'missing';
    return;
  elsif (k.edition_hash, k.entity_type) <> (p_hash, p_entity) then
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
comment on function profile_save is 'Saves one answer unless a colleague was faster, and puts the wording that it replaces away.';

-- What one or more criteria look like after a save, for the states of criteria. It is a
-- function of its own so that it sees what was saved a moment ago in the same statement.
-- +goose StatementBegin
create function profile_glance(p_cycle uuid, p_company uuid, p_criteria text[], p_triggers text[], p_now timestamptz) returns text language plpgsql as $$
begin
  return (select jsonb_build_object(
    'status', c.status, 'country', k.country,
    'sites', coalesce((select jsonb_agg(jsonb_build_object('id', s.id, 'activity', s.activity, 'country', s.country)) from site s where s.company_id = p_company and s.closed_on is null), '[]'),
    'choices', coalesce((select jsonb_object_agg(a.question, a.choice) from profile_answer a
      where a.cycle_id = p_cycle and a.question = any(p_triggers) and a.site_id is null and a.choice <> ''), '{}'),
    'answers', coalesce((select jsonb_agg(jsonb_build_object('criterion', a.criterion, 'question', a.question, 'site', a.site_id, 'choice', a.choice, 'complete', a.complete,
        'carried', a.carried, 'version', a.version, 'at', a.updated_at, 'author', a.author))
      from profile_answer a where a.cycle_id = p_cycle and a.criterion = any(p_criteria)), '[]'),
    'confirmed', coalesce((select jsonb_agg(n.criterion) from profile_criterion n where n.cycle_id = p_cycle and n.criterion = any(p_criteria) and n.confirmed_at is not null), '[]'),
    'evidence', coalesce((select jsonb_object_agg(x.criterion, x.items) from (select l.criterion, count(distinct l.evidence_id) as items
      from evidence_link l join evidence e on e.id = l.evidence_id
      where l.cycle_id = p_cycle and l.criterion = any(p_criteria)
        and (e.expires_on is null or e.expires_on >= (p_now at time zone o.zone)::date) group by l.criterion) x), '{}'),
    'returned', coalesce((select jsonb_agg(jsonb_build_object('criterion', i.criterion, 'answered', i.answered_at is not null))
      from profile_return_item i join profile_return r on r.id = i.return_id
      where r.cycle_id = p_cycle and r.answered_at is null and r.cancelled_at is null and i.criterion = any(p_criteria)), '[]'))::text
    from profile_cycle c join company k on k.id = c.company_id join office o on o.id = c.office_id where c.id = p_cycle and c.company_id = p_company);
end $$;
-- +goose StatementEnd
comment on function profile_glance is 'What the states of some criteria depend on, as of now.';
