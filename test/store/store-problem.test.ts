import assert from 'node:assert/strict';
import { it } from 'node:test';
import pg from 'pg';
import { namedLine, refusalText, storeProblem } from '../../src/store/store-problem.ts';

function error(fields: { code?: string; where?: string; constraint?: string; column?: string }): Error {
  return Object.assign(new pg.DatabaseError('Secret value', 1, 'error'), fields);
}

it('takes only the data for poison', () => {
  assert.equal(storeProblem(error({ code: '22P02' })), 'poison');
  assert.equal(storeProblem(error({ code: '23502' })), 'poison');
  assert.equal(storeProblem(error({ code: '23514', constraint: 'c' })), 'poison');
  assert.equal(storeProblem(error({ code: '23514' })), 'no_partition');
  assert.equal(storeProblem(error({ code: '23505' })), 'repeat');
  assert.equal(storeProblem(error({ code: '57014' })), 'cancelled');
  assert.equal(storeProblem(error({ code: '55P03' })), 'locked');
  for (const code of ['23503', '42501', '53100', '57P01', 'XX000', 'P0001', '40001', '54000', '0A000']) {
    assert.equal(storeProblem(error({ code })), 'other', code);
  }
  assert.equal(storeProblem(Object.assign(new Error(), { code: '22P02' })), 'other');
});

it('reads the line that COPY names, in any language, and never a value', () => {
  assert.equal(namedLine(error({ where: 'COPY usages, line 17, column id: "3"' })), 17);
  assert.equal(namedLine(error({ where: 'COPY usages, line 4: "99 x"' })), 4);
  assert.equal(namedLine(error({ where: 'COPY usages_staged, Zeile 12, Spalte id: "5"' })), 12);
  assert.equal(namedLine(error({ where: 'COPY usages, 行 8: "x"' })), 8);
  assert.equal(namedLine(error({ where: 'PL/pgSQL function f() line 3\nCOPY usages, line 5: "x"' })), 5);
  assert.equal(namedLine(error({ where: 'COPY usages: "7"' })), null);
  assert.equal(namedLine(error({})), null);
});

it('says why without a value', () => {
  const columns = ['id', 'patient_id', 'used_at'];
  const where = 'COPY usages, line 1, column used_at: "Secret, column id:"';
  assert.equal(refusalText(error({ code: '22007', where }), columns), '22007 column used_at');
  assert.equal(refusalText(error({ code: '23502', column: 'id' }), columns), '23502 column id');
  assert.equal(refusalText(error({ code: '23514', constraint: 'c' }), columns), '23514 constraint c');
  assert.equal(
    refusalText(error({ code: '22P04', where: 'COPY usages, line 1: "Secret"' }), columns),
    '22P04',
  );
});
