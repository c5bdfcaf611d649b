import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSqlFile, SqlFileError } from '../../src/commands/sql-file.ts';

test('statements stay as they are, with the line they begin at', () => {
  assert.deepEqual(parseSqlFile('select 1;\nselect 2;\n'), [
    { kind: 'sql', text: 'select 1;\nselect 2;\n', line: 1 },
  ]);
});

test('psql: echo is obeyed, looks are passed over', () => {
  const file = "\\set ON_ERROR_STOP on\n\\pset null '-'\n\\echo 'it''s here'\n\nselect 1;\n\\echo\n";
  assert.deepEqual(parseSqlFile(file), [
    { kind: 'echo', text: "it's here" },
    { kind: 'sql', text: '\nselect 1;', line: 4 },
    { kind: 'echo', text: '' },
  ]);
});

test('what would change the result if it were left out is refused, by line and name', () => {
  for (const line of [
    '\\copy usages to out.csv',
    '\\set patient 100',
    '\\i other.sql',
    '\\d',
    '\\gset',
    '\\',
  ]) {
    assert.throws(
      () => parseSqlFile(`select 1;\n  ${line}\n`),
      (error) => error instanceof SqlFileError && error.message.startsWith('line 2: \\'),
      line,
    );
  }
});
