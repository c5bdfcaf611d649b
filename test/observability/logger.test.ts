/** What a log line tells of an error, and what it never tells. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { crashFields, errorFields } from '../../src/observability/error-fields.ts';

const logger = join(import.meta.dirname, '..', '..', 'src', 'observability', 'logger.ts');

/** Runs a script that has a `logger`; what it writes. */
function logged(script: string, pretty = false): string {
  const code = `
    import { createLogger } from ${JSON.stringify(logger)};
    const logger = createLogger({ level: 'info', role: 'front', worker: 3, pretty: ${pretty} });
    ${script}`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
}

/** As pg makes one: the row is in `message`, `detail` and `where`. */
const postgresError = `Object.assign(new Error('value "patient 4711"', { cause: new Error('below') }), {
  name: 'error', severity: 'ERROR', code: '22P02', routine: 'r', table: 'usages', detail: 'patient 4711', where: 'COPY 4711' })`;

test('an event is one JSON line with level, time, role, worker and event', () => {
  const line = JSON.parse(logged(`logger.info('role_started', { ofPid: 7 });`));
  assert.equal(line.level, 'info');
  assert.match(line.time, /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual([line.role, line.worker, line.event, line.ofPid], ['front', 3, 'role_started', 7]);
});

test("of Postgres' error the code and place are told, never its text", () => {
  for (const pretty of [false, true]) {
    const text = logged(`logger.error('role_failed', { err: ${postgresError} });`, pretty);
    assert.match(text, /22P02/);
    assert.match(text, /below/);
    assert.doesNotMatch(text, /4711/);
  }
});

test('an error of ours is told with its message, stack and causes', () => {
  const fields = errorFields(new TypeError('cannot open', { cause: new Error('no space') }));
  const { type, message, cause } = fields as { type: string; message: string; cause: { message: string } };
  assert.deepEqual([type, message, cause.message], ['TypeError', 'cannot open', 'no space']);
});

test('a circular cause ends; what is no error is named by its type alone', () => {
  const error = new Error('round');
  error.cause = error;
  assert.ok(JSON.stringify(errorFields(error)).length < 20_000);
  assert.deepEqual(errorFields('patient 4711'), { type: 'string' });
});

test('an error that nobody expected is told without its message', () => {
  const text = JSON.stringify(crashFields(new Error('patient 4711\n  on two lines')));
  assert.doesNotMatch(text, /4711|two lines/);
  assert.match(text, /observability\/logger/);
});
