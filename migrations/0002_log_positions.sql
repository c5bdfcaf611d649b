-- Up to where each partition of a log is stored. Moves by compare-and-set in the transaction that stores the
-- rows: that alone fences a second writer.
-- Up Migration
create table log_positions (
  source text collate "C" not null,
  partition text collate "C" not null,
  position bigint not null,
  -- CRC-32 of the last stored record; null where none was stored yet.
  last_crc bigint,
  updated_at timestamptz not null default now(),
  constraint log_positions_pkey primary key (source, partition)
);

-- Records that a log should hold and does not: the partition stops until an operator accepts it.
create table log_gaps (
  id bigint generated always as identity,
  source text collate "C" not null,
  partition text collate "C" not null,
  from_position bigint not null,
  -- Null where it is not known at which position reading can go on.
  to_position bigint,
  reason text not null,
  found_at timestamptz not null default now(),
  accepted_at timestamptz,
  accepted_by text,
  constraint log_gaps_pkey primary key (id)
);
