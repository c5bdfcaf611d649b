/**
 * A process killed exactly between two steps loses and doubles nothing: in the log but not answered, copied
 * but not committed, committed but the log not told, and between two segments.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import type { FailpointName } from '../../src/system/failpoint.ts';
import { createInstance, type Instance } from '../support/instance.ts';
import { storedCount } from '../support/ledger.ts';
import { until } from '../support/until.ts';

const usages = Array.from({ length: 400 }, (_, index) => ({
  id: randomUUID(),
  patientId: `patient-${index}`,
  medication: 'Albuterol',
  timestamp: Date.UTC(2016, 10, 1, 14, 11, 51) + index,
}));

/** Starts with the failpoint on, lets it kill, starts without it, repeats all: each usage is stored once. */
async function killAt(
  t: TestContext,
  failpoint: FailpointName,
  role: 'front' | 'writer',
  env: Record<string, string> = {},
) {
  const instance = await createInstance({ USAGE_FRONTS: '1', ...env });
  t.after(() => instance.close());
  await instance.start({ FAILPOINT: failpoint });
  await postUntilKilled(instance, role);
  assert.equal(await instance.stop(), 0);
  await instance.start();
  for (const batch of batches()) {
    // A busy machine may answer 503; repeating with the same ids is what a client then does.
    await until(async () => (await post(instance, batch))?.status === 201, { what: 'the batch is accepted' });
  }
  await storedExactlyOnce(instance);
  assert.equal(await instance.stop(), 0);
}

test('a front killed after the append and before the answer', async (t) => {
  await killAt(t, 'appended', 'front');
});

test('a front killed between two segments', async (t) => {
  await killAt(t, 'rolling', 'front', { USAGE_LOG_SEGMENT_BYTES: '4096' });
});

test('a writer killed after the copy and before the commit', async (t) => {
  await killAt(t, 'copied', 'writer');
});

test('a writer killed after the commit and before the log is told', async (t) => {
  await killAt(t, 'committed', 'writer');
});

function batches() {
  return Array.from({ length: 20 }, (_, index) => usages.slice(index * 20, index * 20 + 20));
}

async function postUntilKilled(instance: Instance, role: string) {
  for (const batch of batches()) await post(instance, batch);
  await until(async () => (await instance.metric('usage_role_restarts_total', { role })) > 0, {
    what: `the ${role} was killed at its failpoint`,
  });
}

async function post(instance: Instance, batch: object[]): Promise<Response | null> {
  try {
    return await fetch(`${instance.url}/api/usages`, { method: 'POST', body: JSON.stringify(batch) });
  } catch {
    return null; // the front died with the request in its hands
  }
}

async function storedExactlyOnce(instance: Instance) {
  const database = new pg.Client({ connectionString: await instance.databaseUrl() });
  await database.connect();
  await until(async () => (await storedCount(database)) >= usages.length, { what: 'all usages are stored' });
  await until(async () => (await instance.metric('usage_log_backlog_records')) === 0, {
    what: 'the backlog is 0',
  });
  const { rows } = await database.query('SELECT id, patient_id FROM usages');
  await database.end();
  const expected = usages.map((usage) => `${usage.id} ${usage.patientId}`);
  assert.deepEqual(rows.map((row) => `${row.id} ${row.patient_id}`).sort(), expected.sort());
}
