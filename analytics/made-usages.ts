/**
 * Made-up usages for trying queries at size, made inside Postgres. The same numbers give the same data, but for
 * the ids. Patients are called seed-..., so that they are never taken for real ones.
 */

import type pg from 'pg';
import { silentLogger } from '../src/observability/logger.ts';
import { connectionOf } from '../src/postgres/sql-client.ts';
import { createMonths } from '../src/store/months.ts';
import { sessionOf } from '../src/store/sessions.ts';
import { dayMs, utcMonth } from '../src/usage/calendar.ts';

export interface MadeUsages {
  readonly rows: number;
  /** They are spread evenly over as many days as these months have, ending yesterday. */
  readonly months: number;
  readonly patients: number;
  /** Another seed, other data. */
  readonly seed: number;
}

const daysAMonth = 30.4375;
/** Rows of one statement: short enough for the progress to move. */
const chunkRows = 50_000;
const lockTimeoutMs = 10_000;

/**
 * Inserts them, and brings the planner's statistics up to date.
 * @param onProgress called with the rows inserted so far
 */
export async function insertMadeUsages(
  client: pg.Client,
  { rows, months, patients, seed }: MadeUsages,
  onProgress: (inserted: number) => void = () => {},
): Promise<void> {
  const days = Math.ceil(months * daysAMonth);
  // The database's clock alone, and once: ours may differ, and midnight may pass between two statements.
  const { rows: read } = await client.query<{ now: Date }>('select now()');
  const { now } = read[0]!;
  await makeMonths(client, now, days);
  await client.query('set synchronous_commit = off');
  for (let from = 0; from < rows; from += chunkRows) {
    const to = Math.min(from + chunkRows, rows);
    await client.query(insertChunk, [from, to - 1, rows, days, patients, seed, now]);
    onProgress(to);
  }
  await client.query('vacuum (analyze) usages');
}

/** A day more on either side: local days reach into the neighbouring UTC ones. */
async function makeMonths(client: pg.Client, now: Date, days: number): Promise<void> {
  const needed = new Set<number>();
  for (let day = -1; day <= days + 1; day += 1) needed.add(utcMonth(now.getTime() - day * dayMs));
  const partitions = createMonths({ logger: silentLogger, lockTimeoutMs });
  await partitions.ensure(sessionOf(connectionOf(client)), needed);
}

/**
 * $1 to $2 of $3 rows over $4 days before $7 and $5 patients, seed $6. Few patients use much and many little; one in ten
 * has a device that does not tell its zone; one use in twelve is at night; one in fifty arrives days late.
 */
const insertChunk = `
insert into usages (id, patient_id, medication, used_at, utc_offset, received_at, attributes)
with drawn as (
  select
    n,
    (hashint8extended(n, $6::bigint) & 1048575) / 1048576.0::float8 as a,
    (hashint8extended(n, $6::bigint + 1) & 1048575) / 1048576.0::float8 as b,
    (hashint8extended(n, $6::bigint + 2) & 1048575) / 1048576.0::float8 as c,
    (hashint8extended(n, $6::bigint + 3) & 1048575) / 1048576.0::float8 as d
  from generate_series($1::bigint, $2::bigint) as n
),
people as (
  select *, floor(a * a * $5::int)::int as patient from drawn
),
placed as (
  select
    *,
    case when patient % 10 = 9 then null
      else (array[-480, -360, -300, 0, 60, 60, 120, 330])[1 + patient % 8] end::smallint as utc_offset,
    date_trunc('day', $7::timestamptz at time zone 'UTC') at time zone 'UTC' - make_interval(days => $4::int)
      + make_interval(days => floor(n::float8 * $4::int / $3::bigint)::int)
      + make_interval(secs => floor(
          case when b < 0.08 then ((23 * 3600 + b / 0.08 * 7 * 3600)::numeric % 86400)::float8
            else 6 * 3600 + (b - 0.08) / 0.92 * 17 * 3600 end * 1000) / 1000) as local_time
  from people
),
timed as (
  select *, local_time - make_interval(mins => coalesce(utc_offset, 0)) as instant from placed
),
used as (
  select *, case when instant >= $7::timestamptz then instant - interval '1 day' else instant end as used_at from timed
)
select
  gen_random_uuid(),
  'seed-' || lpad(patient::text, 7, '0'),
  (array['Albuterol', 'Albuterol', 'Albuterol', 'Salbutamol', 'Fluticasone', 'Fluticasone',
    'Budesonide/Formoterol', 'Tiotropium', 'Montelukast', 'Levalbuterol'])[1 + floor(c * 10)::int],
  used_at,
  utc_offset,
  least($7::timestamptz, used_at + make_interval(secs =>
    case when d < 0.02 then d * 50 * 864000 when d < 0.1 then (d - 0.02) * 540000 else 0.2 + d * 4 end)),
  case when d < 0.2 then jsonb_build_object('device', jsonb_build_object('battery', floor(d * 500))) end
from used`;
