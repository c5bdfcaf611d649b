/**
 * FUZZ_REQUESTS (50,000) requests by a seed, most of them wrong: none ends the front, none is answered 5xx but by a
 * deliberate 503, each that is framed as it should be is answered once, as a reader that knows nothing of bytes and
 * slices would have it, and every accepted usage is appended as it was sent.
 */

import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import test from 'node:test';
import { timestampText } from '../../src/usage/calendar.ts';
import { usageBytesMax } from '../../src/usage/limits.ts';
import { encodeRow } from '../../src/usage/row.ts';
import type { Usage } from '../../src/usage/usage.ts';
import { uuidLength } from '../../src/usage/uuid-v7.ts';
import { validateUsage } from '../../src/usage/validate.ts';
import { post, startFront, usage, waitingBytes } from '../support/front.ts';
import { FuzzClient } from '../support/fuzz-client.ts';
import { createFuzzRequests, type FuzzRequest } from '../support/fuzz-requests.ts';
import { randomFromEnvironment } from '../support/random.ts';
import { until } from '../support/until.ts';

const requests = Number(process.env.FUZZ_REQUESTS ?? 50_000);
const clients = 16;
const usagesMax = 30;
const limits = {
  USAGE_BODY_BYTES_MAX: '65536',
  USAGE_INFLATED_BYTES_MAX: '262144',
  USAGE_REQUEST_USAGES_MAX: String(usagesMax),
};

interface Expected {
  readonly statuses: readonly number[];
  /** Of each item, null where it is refused; null where the limits decide. */
  readonly usages: readonly (Usage | null)[] | null;
}

const refused = (...statuses: number[]): Expected => ({ statuses, usages: null });
const mark = Buffer.from('\ufeff');

/** What is due, by decoding and parsing all of it at once. */
function expected({ bytes, format }: NonNullable<FuzzRequest['body']>, nowMs: number): Expected {
  const body = bytes.subarray(0, 3).equals(mark) ? bytes.subarray(3) : bytes;
  if (body.length > usageBytesMax) return refused(201, 207, 400, 413, 422);
  const parsed = (text: string): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  };
  const judged = (value: unknown) => {
    const result = value === undefined ? [] : validateUsage(value, nowMs);
    return Array.isArray(result) ? null : result;
  };
  const text = body.toString('utf8');
  const isText = isUtf8(body);
  const values =
    format === 'ndjson'
      ? text
          .split('\n')
          .filter((line) => /[^ \t\r\n]/.test(line))
          .map(parsed)
      : parsed(text);
  if (!isText) return refused(400, 413);
  if (values === undefined) return refused(/[^ \t\r\n]/.test(text) ? 400 : 422, 413);
  if (!Array.isArray(values)) {
    const one = judged(values);
    return { statuses: [one === null ? 422 : 201], usages: [one] };
  }
  if (values.length === 0) return refused(422);
  if (values.length > usagesMax) return refused(413);
  const usages = values.map(judged);
  const accepted = usages.filter((one) => one !== null).length;
  return { statuses: [accepted === usages.length ? 201 : accepted === 0 ? 422 : 207], usages };
}

test(`${requests} fuzzed requests`, async (t) => {
  const random = randomFromEnvironment();
  const next = createFuzzRequests(random);
  const { port, appender, front } = await startFront(t, limits);
  const counts = new Map<string, number>();
  /** Rows by their id, until they are found to be what was sent. */
  const appended = new Map<string, string>();
  const append = appender.append.bind(appender);
  appender.append = (header, rows) => {
    for (const row of rows.toString('utf8').split('\n')) appended.set(row.slice(0, uuidLength), row);
    const done = append(header, rows);
    appender.groups.length = 0;
    return done;
  };

  /** Every accepted usage is among the rows, as it was sent. */
  function assertAppended(usages: readonly (Usage | null)[], text: string): void {
    const answer = JSON.parse(text) as { id?: string; results?: { id?: string }[] };
    for (const [i, { id }] of (answer.results ?? [answer]).entries()) {
      const sent = usages[i];
      assert.equal(id === undefined, sent === null, text);
      if (!sent) continue;
      const fields = appended.get(id!)!.split('\t');
      appended.delete(id!);
      const wanted = encodeRow(sent, sent.id ?? id!, timestampText(0))
        .slice(0, -1)
        .split('\t');
      assert.deepEqual(fields.toSpliced(5, 1), wanted.toSpliced(5, 1));
    }
  }

  async function runClient(share: number): Promise<void> {
    const client = new FuzzClient(port);
    for (let i = 0; i < share; i++) {
      const request = next();
      const replies = await client.send(request);
      const context = () =>
        `${request.kind}: ${JSON.stringify(request.bytes.toString('latin1').slice(0, 600))}`;
      for (const { status, text } of replies) {
        counts.set(`${request.kind} ${status}`, (counts.get(`${request.kind} ${status}`) ?? 0) + 1);
        // 505 is the HTTP server's own word for what is no HTTP/1.1.
        assert.ok(status < 500 || status === 505 || status === 503, `${status} ${context()} ${text}`);
      }
      if (request.body === null) continue;
      assert.equal(replies.length, 1, context());
      const [{ status, text }] = replies as [{ status: number; text: string }];
      if (status === 503) continue;
      const due = expected(request.body, Date.now());
      assert.ok(due.statuses.includes(status), `${status}, due ${due.statuses} ${context()} ${text}`);
      if (due.usages !== null && (status === 201 || status === 207)) assertAppended(due.usages, text);
    }
    client.close();
  }

  await Promise.all(Array.from({ length: clients }, () => runClient(Math.ceil(requests / clients))));
  t.diagnostic(
    [...counts]
      .sort()
      .map(([name, count]) => `${name}: ${count}`)
      .join(', '),
  );
  await until(async () => (await waitingBytes(front)) === 0, { what: 'nothing is held' });
  assert.equal((await post(port, usage)).status, 201);
  assert.ok((counts.get('usages 201') ?? 0) > requests / 20);
});
