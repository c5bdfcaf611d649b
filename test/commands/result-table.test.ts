import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { writeTable } from '../../src/commands/result-table.ts';

function print(columns: { name: string; numeric: boolean }[], rows: (string | null)[][]): string {
  let text = '';
  const out = new Writable({
    write(chunk, _, done) {
      text += chunk;
      done();
    },
  });
  writeTable(out, columns, rows);
  return text;
}

test('columns are aligned, numbers to the right, NULL is said', () => {
  const columns = [
    { name: 'medication', numeric: false },
    { name: 'uses', numeric: true },
  ];
  assert.equal(
    print(columns, [
      ['Albuterol', '12'],
      [null, '1234567'],
      ['吸入器', null],
    ]),
    [
      ' medication |    uses',
      '------------+---------',
      ' Albuterol  |      12',
      ' NULL       | 1234567',
      ' 吸入器     |    NULL',
      '',
    ].join('\n'),
  );
});

test('a value cannot steer the terminal or break the table', () => {
  const text = print([{ name: 'a', numeric: false }], [['red \u001b[31m'], ['two\nlines'], ['tab\there']]);
  assert.equal(text.split('\n').length, 6);
  assert.ok(!text.includes('\u001b'));
  assert.match(text, /two\\nlines/);
});
