-- Usages that were dropped because another one with the same identity (patient_id, used_at, id) and other content was
-- stored before. Plain repeats are not kept.
-- Up Migration
create table usage_conflicts (
  found_at timestamptz not null default now(),
  id uuid not null,
  patient_id text collate "C" not null,
  medication text collate "C" not null,
  used_at timestamptz not null,
  utc_offset smallint,
  received_at timestamptz not null,
  attributes jsonb
);

-- A log that is read again brings the same ones.
create unique index usage_conflicts_once on usage_conflicts (
  patient_id, used_at, id, received_at,
  md5(medication || '|' || coalesce(utc_offset::text, '') || '|' || coalesce(attributes::text, ''))
);
