/** Each script of analytics/ on a few usages whose answers can be counted on fingers. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import pg from 'pg';
import { sqlCommand } from '../../src/commands/sql.ts';
import { settingsSchema } from '../../src/config/settings.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { connectionOf } from '../../src/postgres/sql-client.ts';
import { createMonths } from '../../src/store/months.ts';
import { sessionOf } from '../../src/store/sessions.ts';
import { dayMs, utcMonth } from '../../src/usage/calendar.ts';
import { analyticsScripts, runScript, scriptPath, scriptText } from '../support/analytics.ts';
import { keptStreams } from '../support/command-streams.ts';
import { startTestPostgres } from '../support/postgres.ts';
import { randomFromEnvironment } from '../support/random.ts';

const hourMs = 3_600_000;
const postgres = await startTestPostgres();
/** Today's UTC midnight: all times below are local times of a day before it. */
const today = Math.floor(Date.now() / dayMs) * dayMs;
/** What the scripts take for now: at some moment of that day, whatever time it is and becomes while this runs. */
const nowMs = today + randomFromEnvironment().integer(0, dayMs - 1);

interface Given {
  patient: string;
  /** Days before today, and the device's local time. */
  daysAgo: number;
  time: string;
  /** Minutes east of UTC, null where unknown (then `time` is UTC's). */
  offset?: number | null;
  medication?: string;
  delaySeconds?: number;
}

function instantOf({ daysAgo, time, offset }: Given): number {
  const [hours, minutes] = time.split(':').map(Number);
  return today - daysAgo * dayMs + hours! * hourMs + minutes! * 60_000 - (offset ?? 0) * 60_000;
}

/** A day before today, as the scripts print it. */
const day = (daysAgo: number) => new Date(today - daysAgo * dayMs).toISOString().slice(0, 10);

/** A fresh database with these usages, through the writer's own partitions. */
async function databaseWith(given: readonly Given[], t: { after(f: () => Promise<void>): void }) {
  const client = new pg.Client({ connectionString: await postgres.createDatabase() });
  await client.connect();
  t.after(() => client.end());
  await client.query("set timezone = 'UTC'");
  await setClock(client);
  const months = createMonths({ logger: silentLogger, lockTimeoutMs: 10_000 });
  await months.ensure(
    sessionOf(connectionOf(client)),
    new Set([
      ...given.map((usage) => utcMonth(instantOf(usage))),
      utcMonth(nowMs),
      utcMonth(nowMs - 90 * dayMs),
    ]),
  );
  for (const usage of given) {
    const usedAt = instantOf(usage);
    await client.query(
      'insert into usages (id, patient_id, medication, used_at, utc_offset, received_at) values ($1, $2, $3, $4, $5, $6)',
      [
        randomUUID(),
        usage.patient,
        usage.medication ?? 'Albuterol',
        new Date(usedAt),
        usage.offset === undefined ? 0 : usage.offset,
        new Date(usedAt + (usage.delaySeconds ?? 1) * 1_000),
      ],
    );
  }
  return client;
}

/** The session's now() is `nowMs`: a function that is found before Postgres' own. */
async function setClock(client: pg.Client): Promise<void> {
  await client.query('create schema clock');
  await client.query(
    `create function clock.now() returns timestamptz stable language sql return to_timestamp(${nowMs} / 1000.0)`,
  );
  await client.query('set search_path = clock, public, pg_catalog');
}

test('every script begins with what it answers, and needs nothing that only psql can do', () => {
  assert.equal(analyticsScripts.length, 8);
  for (const name of analyticsScripts) {
    const text = scriptText(name);
    assert.match(text, /^-- .*\?|^-- [A-Z].*:/, name);
    assert.doesNotMatch(text, /^\s*\\/m, name);
    assert.doesNotMatch(text, /(?<![:\w]):["']?\w+/m, `${name} has a psql variable`);
  }
});

test('uses per patient and day: in local days, and in UTC days where the offset is not known', async (t) => {
  const client = await databaseWith(
    [
      // 23:30 in UTC-5 is the next day in UTC, and counts for the day on which the patient lived it.
      { patient: 'a', daysAgo: 3, time: '08:00', offset: -300 },
      { patient: 'a', daysAgo: 3, time: '23:30', offset: -300, medication: 'Fluticasone' },
      { patient: 'a', daysAgo: 2, time: '00:30', offset: 330 },
      { patient: 'b', daysAgo: 3, time: '23:30', offset: null },
      { patient: 'b', daysAgo: 9, time: '12:00' },
    ],
    t,
  );
  const [rows] = await runScript(client, 'uses-per-patient-and-day.sql');
  assert.deepEqual(rows, [
    { patient_id: 'a', day: day(3), day_in: 'local', uses: '2', medications: '2' },
    { patient_id: 'a', day: day(2), day_in: 'local', uses: '1', medications: '1' },
    { patient_id: 'b', day: day(3), day_in: 'UTC', uses: '1', medications: '1' },
  ]);
});

test('rescue overuse: over 8 days of the last 28, whatever the case of the name', async (t) => {
  const daily = (patient: string, days: number, medication: string): Given[] =>
    Array.from({ length: days }, (_, index) => ({
      patient,
      medication,
      daysAgo: index + 1,
      time: '12:00',
      offset: index === 0 ? null : 60,
    }));
  const client = await databaseWith(
    [
      ...daily('nine days', 9, 'ALBUTEROL'),
      { patient: 'nine days', daysAgo: 1, time: '13:00', offset: 60 },
      ...daily('eight days', 8, 'Albuterol'),
      ...daily('controller', 20, 'Fluticasone'),
      ...Array.from({ length: 20 }, (_, index) => ({
        patient: 'one bad day',
        daysAgo: 5,
        time: `12:${10 + index}`,
      })),
      ...Array.from({ length: 20 }, (_, index) => ({
        patient: 'long ago',
        daysAgo: 30 + index,
        time: '12:00',
      })),
    ],
    t,
  );
  const [rows] = await runScript(client, 'rescue-overuse.sql');
  assert.deepEqual(
    rows!.map(({ patient_id, days, uses, uses_a_day, uses_in_utc }) => [
      patient_id,
      days,
      uses,
      uses_a_day,
      uses_in_utc,
    ]),
    [['nine days', '9', '10', '0.4', '1']],
  );
});

test('night use: 23:00 to 6:00 local, a night belongs to its evening, unknown offsets are told apart', async (t) => {
  const client = await databaseWith(
    [
      { patient: 'a', daysAgo: 3, time: '23:00', offset: -300 },
      { patient: 'a', daysAgo: 2, time: '05:59', offset: -300 }, // the same night
      { patient: 'a', daysAgo: 2, time: '06:00', offset: -300 }, // morning
      { patient: 'a', daysAgo: 2, time: '22:59', offset: -300 }, // evening
      { patient: 'a', daysAgo: 1, time: '03:00', offset: null },
      { patient: 'b', daysAgo: 5, time: '02:00', offset: 330 }, // 20:30 the day before in UTC
      { patient: 'c', daysAgo: 5, time: '02:00', offset: null },
      { patient: 'd', daysAgo: 40, time: '02:00' },
    ],
    t,
  );
  const [rows] = await runScript(client, 'night-use.sql');
  const row = (patient_id: string, ...counts: string[]) => {
    const [nights, night_uses, placeable_uses, unplaceable_uses] = counts;
    return { patient_id, nights, night_uses, placeable_uses, unplaceable_uses };
  };
  assert.deepEqual(rows, [row('a', '1', '2', '4', '1'), row('b', '1', '1', '1', '0')]);
});

test('medication mix: uses and shares beside the 28 days before', async (t) => {
  const uses = (medication: string, count: number, daysAgo: number): Given[] =>
    Array.from({ length: count }, (_, index) => ({
      patient: `p${index}`,
      medication,
      daysAgo,
      time: '12:00',
    }));
  const client = await databaseWith(
    [
      ...uses('Albuterol', 6, 3),
      ...uses('Albuterol', 3, 35),
      ...uses('Fluticasone', 3, 3),
      ...uses('Fluticasone', 9, 35),
      ...uses('Tiotropium', 1, 3),
      ...uses('Tiotropium', 5, 70),
    ],
    t,
  );
  const [rows] = await runScript(client, 'medication-mix.sql');
  assert.deepEqual(
    rows!.map((row) => Object.values(row)),
    [
      ['Albuterol', '6', '3', '100.0', '60.0', '35.0'],
      ['Fluticasone', '3', '9', '-66.7', '30.0', '-45.0'],
      ['Tiotropium', '1', '0', null, '10.0', '10.0'],
    ],
  );
});

test('late arrivals: percentiles of the delay, and clocks that are ahead', async (t) => {
  // One week of use: three days whose Monday is the same.
  const monday = today - ((new Date(today).getUTCDay() + 6) % 7) * dayMs - 7 * dayMs;
  const daysAgo = (today - monday) / dayMs;
  const delays = [-30, 1, 1, 1, 1, 2, 3, 7_200, 90_000, 172_800];
  const client = await databaseWith(
    delays.map((delaySeconds, index) => ({
      patient: `p${index}`,
      daysAgo: daysAgo - (index % 3),
      time: '12:00',
      delaySeconds,
    })),
    t,
  );
  const [rows] = await runScript(client, 'late-arrivals.sql');
  assert.deepEqual(
    rows!.map((row) => Object.values(row)),
    [
      [
        new Date(monday).toISOString().slice(0, 10),
        '10',
        '1.0',
        '90000.0',
        '172800.0',
        '172800.0',
        '3',
        '2',
        '1',
      ],
    ],
  );
});

test('silent patients: used regularly, and nothing for 14 days', async (t) => {
  const every = (patient: string, stepDays: number, lastDaysAgo: number, count: number): Given[] =>
    Array.from({ length: count }, (_, index) => ({
      patient,
      daysAgo: lastDaysAgo + index * stepDays,
      time: '00:00',
    }));
  const client = await databaseWith(
    [
      ...every('silent', 2, 20, 10),
      ...every('weekly and silent', 7, 30, 5),
      ...every('still there', 2, 3, 10),
      ...every('seldom', 10, 20, 3),
      ...every('gone for long', 2, 100, 10),
    ],
    t,
  );
  const [rows] = await runScript(client, 'silent-patients.sql');
  assert.deepEqual(
    rows!.map(({ patient_id, silent_days, usual_days, uses }) => [patient_id, silent_days, usual_days, uses]),
    [
      ['silent', '20', '2.0', '10'],
      ['weekly and silent', '30', '7.0', '5'],
    ],
  );
});

test('duplicates: one usage under two ids; dead letters by error', async (t) => {
  const client = await databaseWith(
    [
      { patient: 'a', daysAgo: 3, time: '08:00' },
      { patient: 'a', daysAgo: 3, time: '08:00' },
      { patient: 'a', daysAgo: 3, time: '08:00' },
      { patient: 'b', daysAgo: 3, time: '09:00' },
      { patient: 'b', daysAgo: 3, time: '09:00' },
      { patient: 'c', daysAgo: 3, time: '09:00' },
      { patient: 'd', daysAgo: 3, time: '09:00', medication: 'Albuterol' },
      { patient: 'd', daysAgo: 3, time: '09:00', medication: 'Fluticasone' },
    ],
    t,
  );
  await client.query(
    `insert into dead_letters (source, partition, position, line, error, failed_at, replayed_at) values
      ('local:x', '0', 1, 'x', '23514 usages_medication_check', $1, null),
      ('local:x', '0', 2, 'x', '23514 usages_medication_check', $1, $1),
      ('local:x', '0', 3, 'x', 'not a record', $1, null)`,
    [new Date(today - dayMs)],
  );
  const [doubled, dead] = await runScript(client, 'duplicates-and-dead-letters.sql');
  assert.deepEqual(doubled, [{ day: day(3), doubled_usages: '2', extra_rows: '3' }]);
  assert.deepEqual(
    dead!.map((row) => Object.values(row)),
    [
      [day(1), '23514 usages_medication_check', '2', '1'],
      [day(1), 'not a record', '1', '1'],
    ],
  );
});

test('ingest lag: the newest usage received, and where each partition stands', async (t) => {
  const client = await databaseWith([{ patient: 'a', daysAgo: 1, time: '12:00', delaySeconds: 5 }], t);
  await client.query(
    `insert into log_positions (source, partition, position, updated_at) values
      ('local:x', 'moving', 100, now() - interval '30 seconds'),
      ('local:x', 'at a gap', 50, now() - interval '3 days'),
      ('local:x', 'ended', 900, now() - interval '3 days')`,
  );
  await client.query(
    `insert into log_gaps (source, partition, from_position, reason, accepted_at) values
      ('local:x', 'at a gap', 50, 'damaged', null), ('local:x', 'at a gap', 10, 'damaged', now())`,
  );
  const [newest, partitions] = await runScript(client, 'ingest-lag.sql');
  const { newest_received, seconds_ago, received_in_the_last_hour } = newest![0]!;
  assert.equal(Date.parse(newest_received!), today - dayMs + 12 * hourMs + 5_000);
  assert.equal(Number(seconds_ago), Math.round((nowMs - Date.parse(newest_received!)) / 1_000));
  assert.equal(received_in_the_last_hour, '0');
  assert.deepEqual(
    partitions!.map(({ partition, position, open_gaps }) => [partition, position, open_gaps]),
    [
      ['moving', '100', '0'],
      ['at a gap', '50', '1'],
    ],
  );
});

test('on an empty database every script answers, through usage-ingest sql too', async (t) => {
  const url = await postgres.createDatabase();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  t.after(() => client.end());
  const settings = settingsSchema.parse({ DATABASE_URL: url });
  for (const name of analyticsScripts) {
    const results = await runScript(client, name);
    const streams = keptStreams();
    assert.equal(await sqlCommand(settings, scriptPath(name), streams), 0, streams.said.stderr);
    const { stdout } = streams.said;
    assert.equal(stdout.match(/^\(\d+ rows?\)$/gm)?.length, results.length, `${name}:\n${stdout}`);
  }
});
