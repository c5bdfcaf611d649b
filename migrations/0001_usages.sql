-- Every use of an inhaler. The first stored of (patient_id, used_at, id) wins; one B-tree serves identity and
-- a patient's history. Monthly partitions are made by the writer: there is no DEFAULT one on purpose.
-- Up Migration
create table usages (
  id uuid not null,
  patient_id text collate "C" not null,
  medication text collate "C" not null,
  used_at timestamptz not null,
  -- Minutes east of UTC; null where the sender's zone is unknown.
  utc_offset smallint,
  received_at timestamptz not null,
  -- Whatever else the device sent; null where there was nothing.
  attributes jsonb,
  constraint usages_pkey primary key (patient_id, used_at, id)
) partition by range (used_at);

create index usages_used_at_brin on usages using brin (used_at);
