/** The queues of docs/clients.md: whatever happens on the way, every usage is in Postgres exactly once. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { fillLog, smallLog } from '../support/full-log.ts';
import { createInstance } from '../support/instance.ts';
import { writeSnippets } from '../support/page-snippets.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { canRun, programOf, type QueueClient, queueClients } from '../support/queue-clients.ts';
import { startSnippet } from '../support/snippet-process.ts';
import { until } from '../support/until.ts';
import { startWaywardProxy } from '../support/wayward-proxy.ts';

const clients = queueClients.filter(canRun);
for (const client of queueClients.filter((client) => !canRun(client)))
  test(`the ${client.name} client`, { skip: `needs ${programOf(client)}` }, () => {});

/** As a device tells them: without an id, the queue gives it one. `patientId` is the mark by which one is found again. */
const usages = (count: number): { patientId: string }[] =>
  Array.from({ length: count }, () => ({
    patientId: randomUUID(),
    medication: 'Albuterol "Ü"',
    timestamp: '2016-11-01T09:11:51-05:00',
    device: { battery: 7 },
  }));

const invalid = () => ({ patientId: randomUUID(), medication: '', timestamp: 'yesterday' });

const patientsOf = (items: readonly { patientId: string }[]) =>
  items.map(({ patientId }) => patientId).sort();

async function storedPatients(url: string): Promise<string[]> {
  const rows = await query<{ patient_id: string }>(url, 'SELECT patient_id FROM usages ORDER BY 1');
  return rows.map(({ patient_id }) => patient_id);
}

test('no server, a kill, a full log, and back: each usage is stored once', {
  timeout: 300_000,
}, async (t) => {
  const postgres = await startTestPostgres({ t });
  const databaseUrl = await postgres.createDatabase();
  await postgres.stop();
  const instance = await createInstance({ ...smallLog, DATABASE_URL: databaseUrl });
  t.after(() => instance.close());
  const runs = await Promise.all(
    clients.map(async (client) => ({
      client,
      folder: await writeSnippets(client.snippets, t),
      before: usages(20),
      after: usages(20),
    })),
  );

  // No server: all wait on the device, and are still there after its battery died.
  await Promise.all(
    runs.map(async ({ client, folder, before }) => {
      const offline = startSnippet(client.command, { folder, url: instance.url, stdin: before });
      await until(() => /no answer: again in/.test(offline.output()), {
        what: `${client.name} waits: ${offline.output()}`,
      });
      await offline.kill();
      assert.equal(client.waiting(folder).length, before.length, client.name);
    }),
  );
  await instance.start();
  const filled = await fillLog(instance);

  // A server that is full says so; nobody gives up, or loses what waited.
  const online = runs.map(({ client, folder, after }) => {
    const ids = client.waiting(folder);
    return {
      ids,
      client,
      folder,
      process: startSnippet(client.command, { folder, url: instance.url, stdin: after }),
    };
  });
  for (const { client, process } of online)
    await until(() => /503: again in/.test(process.output()), { what: `${client.name} is told 503` });
  await postgres.restart();
  for (const { client, folder, ids, process } of online) {
    assert.equal(await process.ended(), 0, `${client.name}: ${process.output()}`);
    assert.deepEqual(client.waiting(folder), [], client.name);
    assert.deepEqual(client.refused(folder), [], client.name);
    const found = () => query(databaseUrl, 'SELECT id FROM usages WHERE id = any($1)', [ids]);
    await until(async () => (await found()).length === ids.length, {
      what: `the ids that ${client.name} gave before the kill are those that are stored`,
    });
  }
  const sent = runs.flatMap(({ before, after }) => [...before, ...after]);
  const expected = [...patientsOf(sent), ...filled.map(() => 'fills')].sort();
  await until(async () => (await storedPatients(databaseUrl)).length >= expected.length, {
    what: 'all is stored',
  });
  assert.deepEqual(await storedPatients(databaseUrl), expected);
});

/** What Retry-After is told as in the next test. */
const retryAfterSeconds = 2;

test('a bad day between device and server', { timeout: 300_000 }, async (t) => {
  const postgres = await startTestPostgres({ t });
  const databaseUrl = await postgres.createDatabase();
  const instance = await createInstance({
    USAGE_FRONTS: '1',
    USAGE_BODY_BYTES_MAX: '4096',
    DATABASE_URL: databaseUrl,
  });
  t.after(() => instance.close());
  await instance.start();
  const sent: { patientId: string }[] = [];

  async function badDay(client: QueueClient): Promise<void> {
    const proxy = await startWaywardProxy(instance.url, [
      'cut',
      { status: 429, retryAfterSeconds },
      'login page',
      { status: 502 },
    ]);
    try {
      const folder = await writeSnippets(client.snippets, t);
      const good = usages(10);
      sent.push(...good);
      const wrong = invalid();
      const options = { folder, url: proxy.url, stdin: [...good.slice(0, 5), wrong, ...good.slice(5)] };
      const process = startSnippet(client.command, options);
      assert.equal(await process.ended(), 0, process.output());
      assert.deepEqual(client.waiting(folder), []);
      assert.equal(client.refused(folder).length, 1);
      const [first, second, third, fourth, fifth] = proxy.requests;
      assert.ok(first && second && third && fourth && fifth);
      for (const { ids } of [second, third, fourth, fifth])
        assert.deepEqual(ids, first.ids, 'another repeat');
      assert.ok(third.atMs - second.atMs >= retryAfterSeconds * 1_000, 'it came back before Retry-After');
    } finally {
      await proxy.close();
    }
  }

  /** More than fits into one request: the server itself says 413. */
  async function tooLarge(client: QueueClient): Promise<void> {
    const folder = await writeSnippets(client.snippets, t);
    const good = usages(60);
    sent.push(...good);
    const huge = { ...usages(1)[0]!, note: 'x'.repeat(4096) };
    const process = startSnippet(client.command, { folder, url: instance.url, stdin: [...good, huge] });
    assert.equal(await process.ended(), 0, process.output());
    assert.deepEqual(client.waiting(folder), []);
    assert.equal(client.refused(folder).length, 1);
  }

  /** A wrong address: nothing that waits is given up for it. */
  async function wrongPath(client: QueueClient): Promise<void> {
    const folder = await writeSnippets(client.snippets, t);
    const waiting = usages(3);
    const url = `${instance.url}/elsewhere`;
    const process = startSnippet(client.command, { folder, url, stdin: waiting });
    assert.notEqual(await process.ended(), 0);
    assert.match(process.output(), /the server answers 404/);
    assert.equal(client.waiting(folder).length, waiting.length);
    assert.equal(client.refused(folder).length, 0);
  }

  for (const [name, run] of Object.entries({ badDay, tooLarge, wrongPath }))
    for (const client of clients) await t.test(`${client.name}: ${name}`, () => run(client));

  await until(async () => (await storedPatients(databaseUrl)).length >= sent.length, {
    what: 'all is stored',
  });
  assert.deepEqual(await storedPatients(databaseUrl), patientsOf(sent));
  await until(async () => (await instance.metric('usage_duplicate_total')) > 0, {
    what: 'the cut answers were repeated, and seen to be repeats',
  });
});
