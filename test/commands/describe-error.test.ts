import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { describePostgresError, isSqlState } from '../../src/commands/describe-error.ts';

const seed = process.env.TEST_SEED ? Number(process.env.TEST_SEED) : Date.now() % 2 ** 31;

test(`no value of a row comes through, whatever the error (TEST_SEED=${seed})`, () => {
  const secret = 'SECRET-patient-17';
  fc.assert(
    fc.property(
      fc.constantFrom('22P02', '23505', '23514', 'XX000', 'P0001', '99999', 'ECONNRESET', undefined),
      fc.subarray(['message', 'detail', 'where', 'hint', 'internalQuery', 'dataType', 'column']),
      (code, fields) => {
        const values = Object.fromEntries(fields.map((field) => [field, `x ${secret} y`]));
        const error = Object.assign(new Error(secret, { cause: secret }), values, code ? { code } : {});
        assert.doesNotMatch(JSON.stringify(describePostgresError(error)), /SECRET/);
      },
    ),
    { seed },
  );
  for (const value of [secret, null, undefined, 5, { message: secret }]) {
    assert.doesNotMatch(JSON.stringify(describePostgresError(value)), /SECRET/);
  }
});

test('keeps what helps: code, severity, routine, table, constraint', () => {
  const error = Object.assign(new Error('duplicate key'), {
    code: '23505',
    severity: 'ERROR',
    routine: '_bt_check_unique',
    table: 'usages_2016_11',
    constraint: 'usages_2016_11_pkey',
  });
  assert.deepEqual(describePostgresError(error), {
    code: '23505',
    severity: 'ERROR',
    routine: '_bt_check_unique',
    table: 'usages_2016_11',
    constraint: 'usages_2016_11_pkey',
    message: 'a row with this key is there already',
  });
});

test('tells the codes of the system from those of the server', () => {
  for (const code of ['23505', 'XX000', '57P01', '0A000']) assert.equal(isSqlState(code), true, code);
  for (const code of ['EPIPE', 'ECONNRESET', '', undefined, null])
    assert.equal(isSqlState(code), false, String(code));
});
