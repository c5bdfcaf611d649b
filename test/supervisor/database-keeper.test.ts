/** When the embedded Postgres is started again, over a server that a test ends at will. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Logger } from '../../src/observability/logger.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createDatabaseKeeper } from '../../src/supervisor/database-keeper.ts';
import { firstPauseMs } from '../../src/supervisor/restart-pause.ts';
import { until } from '../support/until.ts';

/** A keeper whose server fails `failures` times, then runs until `end` is called. */
function keep(healthyMs: number, isFinal = false) {
  const server = { starts: 0, failures: 0, end: () => {} };
  /** The pause before each try that followed a failed one, milliseconds. */
  const pausesMs: number[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (_, fields) => pausesMs.push((fields as { retryInMs: number }).retryInMs),
  };
  const keeper = createDatabaseKeeper({
    create(onExit) {
      server.end = onExit;
      return {
        async start() {
          server.starts++;
          if (server.failures-- > 0) throw new Error('told to fail');
          return { url: 'postgres://somewhere' };
        },
        expectEnd() {},
        stop: async () => {},
      };
    },
    isFinal: () => isFinal,
    logger,
    healthyMs,
  });
  return { keeper, server, pausesMs };
}

const startsAgain = (server: { starts: number }, starts: number) =>
  until(() => server.starts >= starts, { what: `start ${starts}` });

test('a server that ran long enough is started again after a short pause, however often it ended before', async () => {
  const { keeper, server, pausesMs } = keep(0);
  assert.equal(await keeper.start(), 'postgres://somewhere');
  for (const failures of [2, 1]) {
    server.failures = failures;
    const { starts } = server;
    server.end();
    await startsAgain(server, starts + failures + 1);
  }
  // The first pause of each end is not told, those after a failed start are.
  assert.deepEqual(pausesMs, [2 * firstPauseMs, 4 * firstPauseMs, 2 * firstPauseMs]);
  await keeper.stop();
});

test('one that ends soon after each start is started again ever later', async () => {
  const { keeper, server, pausesMs } = keep(3_600_000);
  await keeper.start();
  for (const starts of [2, 3]) {
    server.end();
    await startsAgain(server, starts);
  }
  server.failures = 1;
  server.end();
  await startsAgain(server, 5);
  assert.deepEqual(pausesMs, [8 * firstPauseMs]);
  await keeper.stop();
});

test('a first start that fails is tried a few times, and not where that mends nothing', async () => {
  const patient = keep(0);
  patient.server.failures = 100;
  await assert.rejects(patient.keeper.start(), /told to fail/);
  assert.equal(patient.server.starts, 5);
  const final = keep(0, true);
  final.server.failures = 100;
  await assert.rejects(final.keeper.start(), /told to fail/);
  assert.equal(final.server.starts, 1);
});
