/**
 * Far more arrives than can be served: a front's memory stays bounded, every answer is a 201 or a 503 with
 * Retry-After, and afterwards it serves as before.
 */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { test } from 'node:test';
import { createInstance } from '../support/instance.ts';

/** What a front may hold at most, resident: the bound that docs/guarantees.md states for default settings. */
const residentBytesMax = 200 * 1024 * 1024;

test('overload is shed within bounded memory, and passes', { timeout: 300_000 }, async (t) => {
  const instance = await createInstance({
    USAGE_FRONTS: '1',
    USAGE_FRONT_WAITING_BYTES_MAX: `${8 * 1024 * 1024}`,
  });
  t.after(() => instance.close());
  await instance.start();
  const [front] = await instance.pids('front');
  const body = Buffer.from(
    JSON.stringify(
      Array.from({ length: 800 }, (_, index) => ({
        patientId: `patient-${index}`,
        medication: 'Albuterol',
        timestamp: '2016-11-01T09:11:51-05:00',
      })),
    ),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 1_000 });
  const counts = new Map<number, number>();

  // 1,000 clients at once with 80 KB each: ten times what the front may hold.
  const client = async () => {
    for (let round = 0; round < 5; round++) {
      const { status, retryAfter } = await post(`${instance.url}/api/usages`, body, agent);
      counts.set(status, (counts.get(status) ?? 0) + 1);
      assert.ok(status === 201 || status === 503, `answered ${status}`);
      if (status === 503) assert.match(retryAfter ?? '', /^[1-5]$/);
    }
  };
  await Promise.all(Array.from({ length: 1_000 }, client));
  agent.destroy();
  console.log('answers', Object.fromEntries(counts), 'peak bytes', await peakResidentBytes(front!));

  assert.ok((counts.get(503) ?? 0) > 0, 'it was no overload');
  assert.ok((counts.get(201) ?? 0) > 0, 'nothing was served');
  assert.deepEqual(await instance.pids('front'), [front], 'the front was restarted');
  assert.ok((await peakResidentBytes(front!)) < residentBytesMax);
  assert.equal((await fetch(`${instance.url}/readyz`)).status, 200);
  assert.equal((await fetch(`${instance.url}/api/usages`, { method: 'POST', body })).status, 201);
  assert.equal(await instance.stop(), 0);
});

function post(url: string, body: Buffer, agent: Agent): Promise<{ status: number; retryAfter?: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', agent }, (response) => {
      response.resume();
      response.on('end', () =>
        resolve({ status: response.statusCode!, ...retryAfterOf(response.headers['retry-after']) }),
      );
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function retryAfterOf(value: string | undefined) {
  return value === undefined ? {} : { retryAfter: value };
}

async function peakResidentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
