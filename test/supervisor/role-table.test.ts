/** Which roles an instance has. */

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadSettings } from '../../src/config/load.ts';
import { roleTable } from '../../src/supervisor/role-table.ts';
import { makeTempDir } from '../support/local-log.ts';

test('a relay runs on Kafka with a spool, and without one while there is a local log to drain', async (t) => {
  const dataDir = await makeTempDir(t);
  const relay = roleTable.find(({ role }) => role === 'relay')!;
  const count = (environment: Record<string, string>) =>
    relay.count(loadSettings({ DATA_DIR: dataDir, ...environment }));
  const kafka = { KAFKA_BROKERS: '127.0.0.1:9092' };
  const withoutSpool = { ...kafka, USAGE_SPOOL: 'off' };
  assert.deepEqual([count({}), count(kafka), count(withoutSpool)], [0, 1, 0]);
  await mkdir(join(dataDir, 'log'));
  assert.equal(count(withoutSpool), 0);
  await mkdir(join(dataDir, 'log', '0-01890000-0000-7000-8000-000000000001'));
  assert.deepEqual([count({}), count(withoutSpool)], [0, 1]);
});
