-- +goose Up
-- What is kept of partners' programs for a time only: messages of webhooks, their old secrets,
-- and reports of irregularities that were taken in hand.
grant delete on webhook_delivery, webhook_secret, api_irregularity to portal_app;
create index webhook_delivery_old on webhook_delivery (created_at) where status <> 'waiting';
create index webhook_secret_old on webhook_secret (retired_at) where retired_at is not null;
create index api_irregularity_old on api_irregularity (arrangement, received_at) where taken_at is not null;
