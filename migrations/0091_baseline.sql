-- +goose Up
-- What others meet: files in which the agency says how often goods of cohorts of non-members
-- were examined. A second person signs each file off before a company is compared with it.

create table baseline (
  id          uuid primary key,
  programme   text not null check (programme ~ '^[a-z0-9-]{2,40}$'),
  file_name   text not null check (length(file_name) between 1 and 200),
  sha256      text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  size        bigint not null check (size > 0),
  source      text not null check (length(source) between 20 and 2000),
  as_of       date not null,
  status      text not null check (status in ('waiting', 'signed', 'refused', 'withdrawn')),
  first_month date not null check (extract(day from first_month) = 1),
  last_month  date not null check (extract(day from last_month) = 1),
  cohorts     int not null check (cohorts > 0),
  left_out    int not null default 0 check (left_out >= 0),
  brought_by  uuid not null references person,
  bringer     text not null check (length(bringer) <= 200),
  brought_at  timestamptz not null,
  decided_by  uuid references person,
  decider     text not null default '' check (length(decider) <= 200),
  decided_at  timestamptz,
  reason      text not null default '' check (length(reason) <= 2000),
  withdrawer  text not null default '' check (length(withdrawer) <= 200),
  withdrawn_at timestamptz,
  version     int not null default 1,
  constraint baseline_of_a_period check (first_month <= last_month),
  constraint baseline_signed_by_another check (decided_by is null or decided_by <> brought_by),
  check ((status = 'waiting') = (decided_by is null)),
  check ((decided_by is null) = (decided_at is null)),
  check ((status = 'withdrawn') = (withdrawn_at is not null)),
  check (status not in ('refused', 'withdrawn') or reason <> '')
);
comment on table baseline is 'A file of cohorts of non-members. It counts while its status is signed; where two files cover a month, the one signed last counts.';
comment on column baseline.source is 'Where the numbers come from and how they were counted, for anybody who reads a figure.';
comment on column baseline.left_out is 'Rows that were not kept since fewer than five companies are behind them.';
create index baseline_list on baseline (brought_at desc, id desc);
create index baseline_signed on baseline (programme, decided_at desc) where status = 'signed';

create table baseline_cohort (
  baseline_id  uuid not null references baseline on delete cascade,
  n            int not null,
  first_month  date not null check (extract(day from first_month) = 1),
  last_month   date not null check (extract(day from last_month) = 1),
  mode         text collate "C" not null check (mode <> ''),
  port_group   text collate "C" not null check (port_group <> ''),
  entity_type  text collate "C" not null check (entity_type <> ''),
  shipments    bigint not null check (shipments > 0),
  exams        bigint not null,
  companies    int not null,
  hold_minutes int check (hold_minutes between 0 and 525600),
  primary key (baseline_id, n),
  constraint cohort_of_five check (companies >= 5),
  constraint cohort_of_a_period check (first_month <= last_month),
  check (exams between 0 and shipments),
  check (companies <= shipments)
);
comment on table baseline_cohort is 'How often goods of non-members were examined: a period, a mode, a group of ports and a kind of company each.';
comment on column baseline_cohort.port_group is 'A group of config/imports, "other" for ports that none names, or "all".';
comment on column baseline_cohort.hold_minutes is 'Median from hold to release of what was examined; null: not known.';
create index baseline_cohort_cell on baseline_cohort (baseline_id, entity_type, first_month);

grant select, insert, update on baseline to portal_app;
grant select, insert on baseline_cohort to portal_app;
alter table baseline enable row level security;
alter table baseline force row level security;
create policy fence on baseline using ((select looking()) in ('system', 'staff') or ((select looking()) = 'company' and status in ('signed', 'withdrawn')));
alter table baseline_cohort enable row level security;
alter table baseline_cohort force row level security;
create policy fence on baseline_cohort using ((select looking()) in ('system', 'staff')
  or ((select looking()) = 'company' and exists (select from baseline b where b.id = baseline_id and b.status in ('signed', 'withdrawn'))));
