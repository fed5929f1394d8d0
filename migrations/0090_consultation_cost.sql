-- +goose Up
-- A check is written before it is answered, so that every microsecond here is waited for. The
-- answer is kept as the text that was sent and hashed: nobody asks inside of it, and making
-- jsonb of it cost as much as two indexes. The place in its chain is a record's key already;
-- the index over ids served nothing.
alter table consultation alter column answer type json using answer::json;
alter table consultation drop constraint consultation_pkey;
drop index consultation_chain;
alter table consultation add primary key (writer, seq);

-- +goose Down
alter table consultation drop constraint consultation_pkey;
create unique index consultation_chain on consultation (writer, seq);
alter table consultation add primary key (id);
alter table consultation alter column answer type jsonb using answer::jsonb;
