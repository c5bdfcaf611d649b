import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTrouble, onChange } from '../../src/observability/told.ts';
import { loggedEvents } from '../support/logged-events.ts';

test('a state is told when it is another one', () => {
  const told: [string, number][] = [];
  const tell = onChange<string, [number]>('up', (state, detail) => told.push([state, detail]));
  tell('up', 1);
  tell('down', 2);
  tell('down', 3);
  tell('up', 4);
  assert.deepEqual(told, [
    ['down', 2],
    ['up', 4],
  ]);
});

test('a trouble is told when it begins and when it is over, each time', () => {
  const logger = loggedEvents();
  const trouble = createTrouble(logger, 'backlog_unknown', { partition: '0-a' });
  const error = new Error('away');
  trouble.over();
  for (const step of ['failed', 'failed', 'over', 'over', 'failed'] as const) trouble[step](error);
  const { entries } = logger;
  assert.deepEqual(entries, [
    { level: 'warn', event: 'backlog_unknown', fields: { partition: '0-a', err: error } },
    { level: 'info', event: 'backlog_known', fields: { partition: '0-a' } },
    { level: 'warn', event: 'backlog_unknown', fields: { partition: '0-a', err: error } },
  ]);
});
