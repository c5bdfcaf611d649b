/** A gap in the spool as the relay settles it with an operator: kept once, passed only where this very one was accepted. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogGapError } from '../../src/log/log.ts';
import { createSpoolGaps } from '../../src/relay/spool-gaps.ts';
import { makeTempDir } from '../support/local-log.ts';
import { loggedEvents } from '../support/logged-events.ts';
import { query, startTestPostgres } from '../support/postgres.ts';

const postgres = await startTestPostgres();
const gapAt = (from: number) => new LogGapError(from, from + 100, 'damaged', 'a damaged record');
const never = new AbortController().signal;

function spoolGaps(databaseUrl: string | undefined, dataDir: string) {
  const logger = loggedEvents();
  let added = 0;
  const gaps = createSpoolGaps({
    settings: { DATA_DIR: dataDir, DATABASE_URL: databaseUrl },
    source: () => 'local:test',
    logger,
    onAdded: () => added++,
  });
  return { gaps, logger, added: () => added };
}

const accept = (databaseUrl: string, where: string, to: string) =>
  query(databaseUrl, `update log_gaps set accepted_at = now(), to_position = ${to} where ${where}`);

test('one row a gap, and on after exactly the one that was accepted', async (t) => {
  const databaseUrl = await postgres.createDatabase();
  const { gaps, added } = spoolGaps(databaseUrl, await makeTempDir(t));
  const settle = (partition: string, from: number) => gaps.settle(partition, gapAt(from), never);
  assert.deepEqual(await Promise.all([settle('a', 500), settle('b', 500), settle('a', 500)]), [
    null,
    null,
    null,
  ]);
  assert.equal(added(), 2);
  await accept(databaseUrl, "partition = 'b'", 'from_position + 100');
  assert.deepEqual([await settle('a', 500), await settle('b', 500)], [null, 600]);
  assert.equal(await settle('b', 900), null, 'another gap of the same partition waits');
  assert.equal(added(), 3);
  await accept(databaseUrl, "partition = 'a'", 'from_position');
  assert.equal(
    await settle('a', 500),
    null,
    'accepted with a position that does not pass it: it is still there',
  );
  assert.equal(added(), 4);
  await accept(databaseUrl, "partition = 'a' and accepted_at is null", '750');
  assert.equal(await settle('a', 500), 750, "on at the operator's own position");
});

test('a database that is away: it waits, told once, and is kept when the database is back', async (t) => {
  const server = await startTestPostgres({ t });
  const { gaps, logger, added } = spoolGaps(await server.createDatabase(), await makeTempDir(t));
  await server.stop();
  for (let look = 0; look < 2; look++) assert.equal(await gaps.settle('a', gapAt(500), never), null);
  assert.deepEqual([logger.count('log_gap_unkept'), added()], [1, 0]);
  await server.restart();
  assert.equal(await gaps.settle('a', gapAt(500), never), null);
  assert.equal(added(), 1);
});

test('no database at all: it waits, and says what to set', async (t) => {
  const { gaps, logger } = spoolGaps(undefined, await makeTempDir(t));
  assert.equal(await gaps.settle('a', gapAt(500), never), null);
  assert.equal(logger.count('log_gap_unkept'), 1);
});
