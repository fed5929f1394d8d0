-- +goose Up
-- The yearly life of a membership: clocks that repeat, and the review of each year.

alter table clock add column anchor_on date;
comment on column clock.anchor_on is 'Of a turn that follows on another: the day of the first event, from which its months and years are counted.';
update clock k set anchor_on = coalesce(
    (select (x.started_at at time zone x.zone)::date from clock x
      where x.subject_kind = k.subject_kind and x.subject_id = k.subject_id and x.code = k.code and x.start_event <> k.start_event and x.started_at < k.started_at
      order by x.started_at desc limit 1),
    (k.started_at at time zone k.zone)::date)
  where k.start_event = 'clock.repeated';
alter table clock add constraint follows_from_an_anchor check ((start_event = 'clock.repeated') = (anchor_on is not null));

alter table profile_cycle add column anniversary date;
comment on column profile_cycle.anniversary is 'Of a yearly review: the day by which it is due, unless its clock was paused. It is one of the anniversaries of the certification.';
alter table profile_cycle add constraint reviewed_for_a_year check (anniversary is null or kind = 'annual');
create unique index one_review_per_year on profile_cycle (membership_id, anniversary) where anniversary is not null;
