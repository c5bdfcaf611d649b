-- Who may send. Of a key's secret only its SHA-256 is kept; a key is never removed, since usages name its number.
-- Up Migration
create table api_keys (
  -- Stands in every key as text, and is no secret.
  id text collate "C" not null,
  number integer generated always as identity,
  name text not null,
  secret_sha256 bytea not null,
  -- Usages per second over the whole instance; null: no limit.
  rate integer,
  -- Usages that may come at once; null: as many as a second's.
  burst integer,
  created_at timestamptz not null default now(),
  -- Null: it does not expire.
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  constraint api_keys_pkey primary key (id),
  constraint api_keys_number_key unique (number),
  constraint api_keys_secret_sha256_check check (octet_length(secret_sha256) = 32)
);

-- Which key sent a usage; null where the server asked for none.
alter table usages add column key_number integer;

-- What operators did: keys made and revoked, gaps accepted, dead letters replayed.
create table audit_log (
  id bigint generated always as identity,
  at timestamptz not null default now(),
  -- The operating system's user, or the name of a token.
  actor text not null,
  action text not null,
  subject text not null,
  detail jsonb not null,
  constraint audit_log_pkey primary key (id)
);

create function audit_log_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'audit_log is append-only' using errcode = 'insufficient_privilege';
end
$$;

create trigger audit_log_append_only before update or delete or truncate on audit_log
  for each statement execute function audit_log_is_append_only();
