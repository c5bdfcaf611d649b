-- Lines that Postgres refused, and records that are none of ours, as they were in the log.
-- Up Migration
create table dead_letters (
  id bigint generated always as identity,
  source text collate "C" not null,
  partition text collate "C" not null,
  position bigint not null,
  line bytea not null,
  error text not null,
  failed_at timestamptz not null default now(),
  replayed_at timestamptz,
  constraint dead_letters_pkey primary key (id)
);
