-- +goose Up
-- The offices below one, itself included. A function, so that the statement that
-- recognises a session prepares the walk down the tree only for those who have an office.
create function offices_below(top uuid) returns uuid[]
  language sql stable
  as $$ select array(
    with recursive below as (
      select id from office where id = top
      union select o.id from office o join below b on o.parent_id = b.id)
    select id from below) $$;
