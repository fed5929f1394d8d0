-- +goose Up
-- Whoever signs in for another agency of the same government has other pages than customs
-- abroad: the session says for which kind of agency a person acts.
drop function recognise_session;
-- +goose StatementBegin
create function recognise_session(secret bytea, at timestamp with time zone, idle interval) RETURNS TABLE(session_id uuid, person_id uuid, right_id uuid, csrf text, provider text, audience text, name text, email text, lang text, zone text, role text, company_id uuid, office_id uuid, agency_id uuid, company text, agency text, offices uuid[], rights integer, unread integer, idle_until timestamp with time zone, expires_at timestamp with time zone, other_agency boolean)
    LANGUAGE plpgsql
    SET search_path TO 'public'
    SET "portal.scope" TO 'system'
    AS $$
#variable_conflict use_column
begin
  return query
  with s as (
    select id, person_id, right_id, csrf, provider, audience, agency_id, last_seen_at, idle_until, expires_at
    from session where secret_hash = secret and ended_at is null and idle_until > at and expires_at > at
  ), touch as (
    update session set last_seen_at = at, idle_until = least(at + idle, expires_at)
    where id = (select id from s where last_seen_at <= at - least(interval '1 minute', idle / 20)) and ended_at is null
    returning idle_until
  ), held as (
    select r.id, r.person_id, r.role, r.company_id, r.office_id, r.agency_id,
      coalesce(c.name, '') as company, coalesce(a.name, '') as agency, coalesce(o.zone, a.zone, 'UTC') as zone, a.kind = 'other_agency' as other_agency
    from s join person_right r on r.person_id = s.person_id and r.audience = s.audience
      and (r.audience <> 'partner' or r.agency_id = s.agency_id)
    left join company c on c.id = r.company_id
    left join office o on o.id = coalesce(r.office_id, c.office_id)
    left join agency a on a.id = r.agency_id
    where r.ended_at is null
      and (at at time zone coalesce(o.zone, a.zone, 'UTC'))::date between r.starts_on and coalesce(r.ends_on, 'infinity')
  )
  select s.id as session_id, s.person_id, h.id as right_id, s.csrf, s.provider, s.audience, p.name, p.email, p.lang,
    coalesce(nullif(p.zone, ''), h.zone, 'UTC') as zone, coalesce(h.role, '') as role, h.company_id, h.office_id, coalesce(h.agency_id, s.agency_id) as agency_id,
    coalesce(h.company, '') as company, coalesce(h.agency, '') as agency,
    case when h.office_id is null then '{}'::uuid[] else offices_below(h.office_id) end as offices,
    (select count(*)::int from held) as rights,
    case when h.company_id is null then 0 else (select count(*)::int from message m where m.company_id = h.company_id and m.direction = 'to_company'
      and not exists (select from message_read x where x.message_id = m.id and x.person_id = s.person_id)) end as unread,
    coalesce((select idle_until from touch), s.idle_until) as idle_until, s.expires_at, coalesce(h.other_agency, false) as other_agency
  from s join person p on p.id = s.person_id left join held h on h.id = s.right_id;
end $$;
-- +goose StatementEnd
