/**
 * A function fits a screen. A `create…` function holds the small ones that share its state, so what counts are a
 * function's own lines, without those of the functions in it; and a file ends where a second thing would begin.
 */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';

const src = join(import.meta.dirname, '..', '..', 'src');
const ownLinesMax = 70;
/** Shorter ones inside, such as a callback of a line, count as the function's own. */
const innerLinesMin = 4;
/** Says beside a longer one why it is. */
const reason = /As long as it is because/;

interface Measured {
  readonly name: string;
  readonly ownLines: number;
}

function isFunction(node: ts.Node): node is ts.FunctionLikeDeclaration {
  return (
    (ts.isFunctionDeclaration(node) ||
      ts.isMethodDeclaration(node) ||
      ts.isArrowFunction(node) ||
      ts.isFunctionExpression(node)) &&
    node.body !== undefined
  );
}

/** Every function of a file that gives no reason for its length. */
function functionsOf(fileName: string, text: string): Measured[] {
  const file = ts.createSourceFile(fileName, text, ts.ScriptTarget.Latest, true);
  const lineOf = (position: number) => file.getLineAndCharacterOfPosition(position).line;
  const lines = (node: ts.Node) => lineOf(node.end) - lineOf(node.getStart(file)) + 1;

  function innerLines(node: ts.Node): number {
    let sum = 0;
    ts.forEachChild(node, (child) => {
      if (!isFunction(child)) sum += innerLines(child);
      else if (lines(child) >= innerLinesMin) sum += lines(child);
    });
    return sum;
  }

  const found: Measured[] = [];
  const visit = (node: ts.Node) => {
    if (isFunction(node) && !reason.test(node.getFullText(file).slice(0, node.getLeadingTriviaWidth(file)))) {
      const name = node.name?.getText(file) ?? `line ${lineOf(node.getStart(file)) + 1}`;
      found.push({ name: `${fileName}: ${name}`, ownLines: lines(node) - innerLines(node) });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

test('the measure takes the lines of inner functions away, and minds a reason', () => {
  const inner = ['  function g() {', '    a();', '    b();', '  }'].join('\n');
  const text = `function f() {\n${inner}\n  c();\n}\n/** As long as it is because. */\nfunction h() {}\n`;
  assert.deepEqual(functionsOf('a.ts', text), [
    { name: 'a.ts: f', ownLines: 3 },
    { name: 'a.ts: g', ownLines: 4 },
  ]);
});

test('no function of src/ is longer than a screen', () => {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const all = files.flatMap((name) => functionsOf(name, readFileSync(join(src, name), 'utf8')));
  assert.ok(all.length > files.length);
  assert.deepEqual(
    all.filter(({ ownLines }) => ownLines > ownLinesMax),
    [],
  );
});
