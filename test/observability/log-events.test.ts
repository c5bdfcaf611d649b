/** The table of log events and the code that logs, held together both ways. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type LogEvent, logEvents, troubles } from '../../src/observability/log-events.ts';

const folder = join(import.meta.dirname, '..', '..', 'src');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('log-events.ts'))
  .map((name) => ({
    name,
    text: readFileSync(join(folder, name), 'utf8').replace(/^\s*(\*|\/\/).*$/gm, ''),
  }));

test('every event of the table is logged somewhere', () => {
  const code = files.map(({ text }) => text).join('\n');
  const isNamed = (event: string) => code.includes(`'${event}'`);
  const isOver = (event: string) =>
    Object.entries(troubles).some(([began, { over }]) => over === event && isNamed(began));
  assert.deepEqual(
    Object.keys(logEvents).filter((event) => !isNamed(event) && !isOver(event)),
    [],
  );
});

test('every event that is logged is in the table', () => {
  let found = 0;
  for (const { name, text } of files)
    for (const [, event] of text.matchAll(/ogger\.(?:debug|info|warn|error)\(\s*'([^']*)'/g)) {
      found++;
      assert.ok(event! in logEvents, `${name} logs ${event}`);
    }
  assert.ok(found > 40, `only ${found} places that log were found`);
});

/** What is told when these are over, by whoever tells that they began. */
const overElsewhere: Partial<Record<LogEvent, LogEvent>> = {
  role_exited: 'role_started',
  kafka_away: 'kafka_reached',
  kafka_misconfigured: 'kafka_reached',
  kafka_weak: 'kafka_sound',
  kafka_group_left: 'kafka_group_joined',
  relay_stopped: 'relay_resumed',
  postgres_exited: 'postgres_restarted',
  postgres_start_failed: 'postgres_restarted',
  postgres_away: 'postgres_back',
  log_gap_found: 'log_gap_accepted',
  writer_blocker_unknown: 'store_recovered',
  partition_stopped: 'partition_resumed',
  log_not_writable: 'log_writable',
};

test('whatever is tried again has an event that tells when it works', () => {
  const tried = Object.entries(logEvents)
    .filter(([, text]) => /tried again|tries again|taken again|started again|told once/.test(text))
    .map(([event]) => event);
  assert.ok(tried.length >= Object.keys(troubles).length, 'the words of the table were not found');
  assert.deepEqual(
    tried.filter((event) => !(event in troubles) && !(event in overElsewhere)),
    [],
  );
  for (const over of Object.values(overElsewhere)) assert.ok(over in logEvents, over);
});
