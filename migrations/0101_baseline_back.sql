-- +goose Up
-- Who brought a file can take it back while nobody has decided on it.
alter table baseline
  add column taken_back_at timestamptz,
  drop constraint baseline_status_check,
  drop constraint baseline_check,
  add constraint baseline_status_check check (status in ('waiting', 'signed', 'refused', 'withdrawn', 'taken_back')),
  add constraint baseline_decided check ((status in ('waiting', 'taken_back')) = (decided_by is null)),
  add constraint baseline_taken_back check ((status = 'taken_back') = (taken_back_at is not null));
comment on column baseline.taken_back_at is 'When who brought the file took it back. It never counted.';
