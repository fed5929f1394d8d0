-- +goose Up
-- What follows when a whole arrangement is suspended, resumed or ended: every member under it
-- and its partner are told, in pieces that may stop and go on.
alter table recognition add column resting boolean not null default false;
comment on column recognition.resting is 'Its company was told that the whole arrangement is suspended, and not yet that it was resumed.';

create table arrangement_told (
  event_id  uuid not null references arrangement_event,
  agency_id uuid not null references agency,
  told_at   timestamptz not null,
  primary key (event_id, agency_id)
);
comment on table arrangement_told is 'Which partner agency was told of which step of a whole arrangement.';
create index arrangement_told_agency on arrangement_told (agency_id, told_at desc);
alter table arrangement_told enable row level security;
alter table arrangement_told force row level security;
create policy fence on arrangement_told using ((select looking_inside())
  or ((select looking()) = 'partner' and agency_id = (select looking_agency())));
grant select, insert on arrangement_told to portal_app;

-- What headquarters was alarmed of and is still open.
create index recognition_ack_late on recognition_ack (agency_id) where alarmed_at is not null and acknowledged_at is null;
