/** The API document against what it describes: the error table, and what `validateUsage` accepts. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { httpProblems } from '../../src/front/http-problems.ts';
import { type UsageProblemCode, usageProblems } from '../../src/usage/usage-problems.ts';
import { validateUsage } from '../../src/usage/validate.ts';
import { apiDocument, assertFits, type DocumentAnswer, fits, resolved } from '../support/api-document.ts';
import { assertProperty, sampleOf } from '../support/property.ts';
import { testNowMs, usageText, writtenTimestamp } from '../support/usage-arbitraries.ts';

const usageSchema = { $ref: '#/components/schemas/Usage' };
const { responses } = apiDocument.paths['/api/usages']!.post!;

/** Why a usage that fits the schema may be refused all the same: what the schema's descriptions say in words. */
const unsayable: readonly UsageProblemCode[] = [
  'timestamp_range',
  'text_not_well_formed',
  'attributes_size',
  'attributes_depth',
];
/**
 * What no pattern knows: 29 February, a leap second, and for names of months their last day and the weekday. Nor does
 * a schema know of a number that no double holds, such as 1e400.
 */
function isInCalendar(timestamp: string | number): boolean {
  if (typeof timestamp === 'number') return Number.isFinite(timestamp);
  if (timestamp.slice(16, 19) === ':60') return false;
  const year = Number(timestamp.slice(0, 4));
  if (timestamp[4] === '-')
    return timestamp.slice(5, 10) !== '02-29' || new Date(year, 1, 29).getDate() === 29;
  const [, weekday, ...named] = /^(\w{3})(?: (\w{3}) (\d\d)|, (\d\d) (\w{3})) (\d{4})/.exec(timestamp)!;
  const day = `${named[1] ?? named[2]} ${named[0] ?? named[3]} ${named[4]}`;
  const date = new Date(`${day} UTC`);
  // A month of no calendar is a matter for the pattern.
  return Number.isNaN(date.getTime()) || date.toUTCString().startsWith(`${weekday}, ${day}`);
}

/** The document is never stricter than the server, and more lenient only where it says so. */
function assertSameJudgement(value: unknown): void {
  const judged = validateUsage(value, testNowMs);
  const isDescribed = fits(usageSchema, value);
  if (!Array.isArray(judged)) {
    assert.ok(isDescribed, 'accepted, but not by the schema');
    return;
  }
  if (!isDescribed) return;
  const { timestamp } = value as { timestamp: string | number };
  const others = judged.filter(
    ({ code }) => !unsayable.includes(code) && !(code === 'timestamp_format' && !isInCalendar(timestamp)),
  );
  assert.deepEqual(others, [], 'refused, but not by the schema');
}

test('every status of the error table has its codes, each with an example', () => {
  const all: DocumentAnswer[] = [
    ...Object.values(responses),
    ...Object.values(apiDocument.components.responses),
  ];
  const described = new Map<string, number>();
  for (const answer of all.map(resolved)) {
    const media = answer.content?.['application/problem+json'];
    if (!media) continue;
    const { properties } = media.schema as {
      properties: { code: { enum: string[] }; status: { const: number } };
    };
    for (const code of properties.code.enum) {
      described.set(code, properties.status.const);
      assert.ok(media.examples?.[code], `${code} has no example`);
    }
  }
  const table = Object.entries(httpProblems).map(([code, { status }]) => [code, status] as const);
  assert.deepEqual(new Map([...described].sort()), new Map(table.sort() as [string, number][]));
  const { UsageError } = apiDocument.components.schemas as {
    UsageError?: { properties: { code: { enum: string[] } } };
  };
  assert.deepEqual(UsageError!.properties.code.enum, Object.keys(usageProblems));
});

test('every example of an answer fits its schema', () => {
  let examples = 0;
  for (const [path, operations] of Object.entries(apiDocument.paths))
    for (const [method, operation] of Object.entries(operations))
      for (const [status, answer] of Object.entries(operation.responses))
        for (const [type, media] of Object.entries(resolved(answer).content ?? {}))
          for (const [name, example] of Object.entries(media.examples ?? {})) {
            assertFits(media.schema, example.value, `${method} ${path} ${status} ${type} ${name}`);
            examples++;
          }
  assert.ok(examples > 25, `${examples} examples`);
});

test('every example of JSON fits the schema of its request', () => {
  const { content } = apiDocument.paths['/api/usages']!.post!.requestBody!;
  const { schema, examples } = content['application/json']!;
  // One example holds an invalid usage on purpose.
  for (const [name, { value }] of Object.entries(examples!))
    assert.equal(fits(schema, value), name !== 'someInvalid', name);
});

test('whatever the server accepts fits the schema, and whatever does not fit is refused', () => {
  assertProperty(
    fc.property(usageText({ hostile: true }), (text) => assertSameJudgement(JSON.parse(text))),
    3_000,
  );
});

test('the patterns of timestamps are those of the parser, whatever is changed at one place', () => {
  const characters = [...'0123456789:-+. TtZz,()GMnueb\u0085\n\u00e9\ud800', ''];
  const pairs = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'));
  for (const { written } of sampleOf(writtenTimestamp, 100)) {
    if (typeof written === 'number') continue;
    for (let at = 0; at <= written.length; at++) {
      const edited = (added: string, removed: number) => ({
        patientId: '1',
        medication: 'A',
        timestamp: written.slice(0, at) + added + written.slice(at + removed),
      });
      for (const added of characters)
        for (const removed of [0, 1]) assertSameJudgement(edited(added, removed));
      for (const added of pairs) assertSameJudgement(edited(added, 2));
    }
  }
});

test('what a pattern allows though no calendar has it is refused by the server alone', () => {
  for (const timestamp of [
    '2015-02-29T09:11:51Z',
    '2016-11-01T09:11:60Z',
    'Mon Nov 01 2016 09:11:51 GMT-0500 (CDT)',
    'Wed Feb 30 2016 09:11:51 GMT-0500',
    'Mon, 01 Nov 2016 14:11:51 GMT',
  ]) {
    const value = { patientId: '1', medication: 'A', timestamp };
    assert.ok(fits(usageSchema, value), timestamp);
    const refusal = [{ code: 'timestamp_format', pointer: '/timestamp' }];
    assert.deepEqual(validateUsage(value, testNowMs), refusal);
  }
});
