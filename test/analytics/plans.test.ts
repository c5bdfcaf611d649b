/**
 * How the scripts of analytics/ are carried out on made-up data over 24 months: partitions outside their time are
 * never read. ANALYTICS_DATABASE_URL names a database that `npm run seed` filled (10 million rows, say), on which
 * each must then also answer within 2 seconds: of one Postgres
 * process's CPU where that can be read (a server on this machine, data in memory), so that whatever else runs here
 * does not count; else of the clock.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import pg from 'pg';
import { insertMadeUsages } from '../../analytics/made-usages.ts';
import { analyticsScripts, connect, explain, statementsOf } from '../support/analytics.ts';
import { startTestPostgres } from '../support/postgres.ts';

const given = process.env.ANALYTICS_DATABASE_URL;
const answerMsMax = 2_000;
const rows = 60_000;
/** Up to this size a month is cheaper to read whole than by its index: the root, a leaf and a page of the table. */
const wholeBytesMax = 3 * 8_192;
/** Most partitions that each may read: the months that its days can touch, the next ones included. */
const partitionsMax: Record<string, number> = {
  'duplicates-and-dead-letters.sql': 3,
  'ingest-lag.sql': 3,
  'late-arrivals.sql': 3,
  'medication-mix.sql': 4,
  'night-use.sql': 3,
  'rescue-overuse.sql': 3,
  'silent-patients.sql': 5,
  'uses-per-patient-and-day.sql': 3,
};

const url = given ?? (await seeded());

async function seeded(): Promise<string> {
  const database = await (await startTestPostgres()).createDatabase();
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  const progress: number[] = [];
  try {
    await insertMadeUsages(client, { rows, months: 24, patients: 500, seed: 1 }, (n) => progress.push(n));
  } finally {
    await client.end();
  }
  assert.deepEqual(progress, [50_000, 60_000]);
  return database;
}

test('the made-up usages are as many as asked for, and as varied', {
  skip: given !== undefined,
}, async (t) => {
  const client = await connect(url, t);
  const { rows: counted } = await client.query(`
    select count(*)::int as usages, count(distinct patient_id)::int as patients,
      count(distinct date_trunc('month', used_at))::int as months,
      bool_and(used_at < now() and received_at <= now() and received_at >= used_at) as in_order,
      avg((utc_offset is null)::int)::float as without_zone, avg((attributes is null)::int)::float as bare
    from usages`);
  const { usages, patients, months, in_order, without_zone, bare } = counted[0];
  assert.deepEqual({ usages, patients, in_order }, { usages: rows, patients: 500, in_order: true });
  assert.ok(months >= 24 && months <= 26, `${months} months`);
  assert.ok(without_zone > 0.05 && without_zone < 0.15, `${without_zone} without a zone`);
  assert.ok(bare > 0.75 && bare < 0.85, `${bare} without attributes`);
});

test('each script reads the partitions of its time and prunes all others', async (t) => {
  const client = await connect(url, t);
  for (const name of analyticsScripts) {
    const statement = statementsOf(name)[0]!;
    const plan = await explain(client, statement);
    const { rows: all } = await client.query(
      "select count(*)::int as n from pg_inherits where inhparent = 'usages'::regclass",
    );
    const { n } = all[0];
    assert.ok(n >= 24, `${n} partitions`);
    assert.ok(plan.read >= 1 && plan.read <= partitionsMax[name]!, `${name} reads ${plan.read} partitions`);
    assert.equal(plan.read + plan.pruned, n, `${name}: ${plan.nodes.join(', ')}`);
    t.diagnostic(`${name}: ${plan.read} of ${n} partitions, ${Math.round(plan.executionMs)} ms`);
    if (given) {
      const { cpuMs, clockMs } = await timeAlone(client, statement);
      t.diagnostic(`${name}: ${cpuMs ?? '?'} ms of CPU, ${Math.round(clockMs)} ms by the clock`);
      assert.ok((cpuMs ?? clockMs) < answerMsMax, `${name} took ${cpuMs} ms of CPU, ${clockMs} ms`);
    }
  }
});

test("a patient's history is read by the primary key alone, but for months that are smaller than a way through it", async (t) => {
  const client = await connect(url, t);
  const plan = await explain(
    client,
    statementsOf('uses-per-patient-and-day.sql')[0]!.replace(
      /used_at >= now\(\) - interval '7 days'/,
      "patient_id = 'seed-0000042'",
    ),
  );
  const scans = plan.nodes.filter((node) => node.includes('Scan'));
  assert.ok(scans.length >= 24);
  const { rows: small } = await client.query<{ name: string }>(
    `select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid
     where inhparent = 'usages'::regclass and pg_relation_size(inhrelid) <= $1`,
    [wholeBytesMax],
  );
  // The first month and the last: on some days they hold a day's usages, or those of a few early time zones.
  assert.ok(small.length <= 3, `${small.length} small months`);
  const whole = small.map(({ name }) => `Seq Scan ${name}`);
  const otherwise = scans.filter((scan) => !/usages_\d{4}_\d\d_pkey$|^Bitmap Heap Scan/.test(scan));
  assert.deepEqual(
    otherwise.filter((scan) => !whole.includes(scan)),
    [],
  );
});

/** What a statement takes without parallel workers; `cpuMs` is null where the server runs elsewhere. */
async function timeAlone(client: pg.Client, statement: string) {
  await client.query('set max_parallel_workers_per_gather = 0');
  const { rows: found } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const startedAt = performance.now();
  const before = cpuMsOf(found[0]!.pid);
  await client.query(statement);
  const after = cpuMsOf(found[0]!.pid);
  await client.query('reset max_parallel_workers_per_gather');
  return {
    cpuMs: before === null || after === null ? null : after - before,
    clockMs: performance.now() - startedAt,
  };
}

/** User and system time of a Postgres process; Linux counts it in hundredths of a second. */
function cpuMsOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    if (!stat.includes('(postgres)')) return null;
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return null;
  }
}
