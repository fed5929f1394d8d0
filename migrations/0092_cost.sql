-- +goose Up
-- What a company says that an examination and its membership cost it. Only the company sees it.

create table exam_cost (
  id              uuid primary key,
  company_id      uuid not null references company,
  mode            text collate "C" not null,
  from_month      date not null check (extract(day from from_month) = 1),
  currency        text not null check (currency ~ '^[A-Z]{3}$'),
  per_exam        numeric(14, 2) not null check (per_exam >= 0),
  storage_per_day numeric(14, 2) not null check (storage_per_day >= 0),
  hold_minutes    int check (hold_minutes between 0 and 525600),
  note            text not null default '' check (length(note) <= 500),
  saver           text not null check (length(saver) <= 200),
  saved_at        timestamptz not null,
  version         int not null default 1,
  unique (company_id, mode, from_month)
);
comment on table exam_cost is 'What one examination costs a company from a month on, until its next row of the same mode.';
comment on column exam_cost.mode is 'Empty: every mode that has no row of its own in force.';
comment on column exam_cost.per_exam is 'Fees and transport for one examination.';
comment on column exam_cost.storage_per_day is 'Storage and demurrage for each day of 24 hours that goods are held.';
comment on column exam_cost.hold_minutes is 'What the company uses instead of the median hold of the baseline; null: the baseline''s.';

create table membership_cost (
  id         uuid primary key,
  company_id uuid not null references company,
  year       int not null check (year between 1990 and 2200),
  item       text collate "C" not null check (item ~ '^[a-z_]{2,40}$'),
  currency   text not null check (currency ~ '^[A-Z]{3}$'),
  amount     numeric(14, 2) not null check (amount >= 0),
  note       text not null default '' check (length(note) <= 500),
  saver      text not null check (length(saver) <= 200),
  saved_at   timestamptz not null,
  version    int not null default 1
);
comment on table membership_cost is 'What membership cost a company in a year, by item of config/figures.';
create index membership_cost_list on membership_cost (company_id, year desc, item, id);

grant select, insert, update, delete on exam_cost, membership_cost to portal_app;
-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['exam_cost', 'membership_cost'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format($p$create policy fence on %I
      using ((select looking()) = 'system' or ((select looking()) = 'company' and company_id = (select looking_company())))$p$, t);
  end loop;
end $$;
-- +goose StatementEnd
