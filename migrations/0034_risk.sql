-- +goose Up
-- What the five steps of a risk assessment need besides their tables: who took part and when
-- it is reviewed, where cargo rests, ratings that a person has still to look at. A finished
-- assessment never changes, whoever tries.
alter table risk_assessment
  add column participants text not null default '' check (length(participants) <= 2000),
  add column schedule     text not null default '' check (length(schedule) <= 2000),
  add column edits        int not null default 0;
comment on column risk_assessment.schedule is 'When and why it is reviewed: yearly, and earlier when something changes.';
comment on column risk_assessment.edits is 'Counts the changes of all its parts: whoever finishes it has seen this one.';

alter table risk_leg add column rest_hours int check (rest_hours between 0 and 8760);
comment on column risk_leg.rest_hours is 'How long cargo usually stands still there, in hours; null: it does not.';

alter table risk_rating
  add column carried boolean not null default false,
  drop constraint risk_rating_rating_check,
  add constraint risk_rating_rating_check check (rating between 1 and 3 or rating = 0 and kind = 'vulnerability'),
  add constraint rating_with_reason check (rating in (1, 2) or note <> ''),
  add constraint threats_of_lanes check ((kind = 'threat') = (leg_id is null));
comment on column risk_rating.rating is '1 low, 2 medium, 3 high; 0: the category does not apply to the leg.';
comment on column risk_rating.carried is 'Copied from the last assessment, and nobody has said yet that it still holds.';

alter table risk_action
  add column carried boolean not null default false,
  add constraint done_with_outcome check (done_on is null or outcome <> '');
comment on column risk_action.carried is 'Was not done when the last assessment was finished.';

-- +goose StatementBegin
create function keep_finished_assessment() returns trigger language plpgsql as $$
begin
  if old.status = 'finished' then
    raise exception 'risk assessment % is finished and cannot change', old.id using errcode = 'insufficient_privilege';
  end if;
  return case tg_op when 'DELETE' then old else new end;
end $$;
-- +goose StatementEnd
create trigger finished_is_immutable before update or delete on risk_assessment
  for each row execute function keep_finished_assessment();

-- +goose StatementBegin
create function keep_finished_part() returns trigger language plpgsql as $$
declare
  part jsonb := to_jsonb(case tg_op when 'DELETE' then old else new end);
  whole uuid := part ->> 'assessment_id';
begin
  if whole is null then
    select assessment_id into whole from risk_lane where id = (part ->> 'lane_id')::uuid;
  end if;
  if exists (select from risk_assessment where id = whole and status = 'finished') then
    raise exception '% of a finished risk assessment: % refused', tg_table_name, tg_op using errcode = 'insufficient_privilege';
  end if;
  return case tg_op when 'DELETE' then old else new end;
end $$;
-- +goose StatementEnd
create trigger finished_is_immutable before insert or update or delete on risk_lane for each row execute function keep_finished_part();
create trigger finished_is_immutable before insert or update or delete on risk_leg for each row execute function keep_finished_part();
create trigger finished_is_immutable before insert or update or delete on risk_rating for each row execute function keep_finished_part();
create trigger finished_is_immutable before insert or update or delete on risk_action for each row execute function keep_finished_part();
