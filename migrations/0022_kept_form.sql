-- +goose Up
alter table kept_form add column person_id uuid references person;
comment on column kept_form.person_id is 'Who sent the form, shown by the session that had ended: only they get it back. Null: kept by a portal older than this column, given to nobody.';
create index kept_form_person on kept_form (person_id);
create index session_csrf on session (csrf);
