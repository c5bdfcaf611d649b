/**
 * Clients as they are in the field: singles and batches, with ids of their own, with Idempotency-Key, or with
 * neither; they repeat what was not answered when repeating is safe, and note in the ledger what they were told.
 */

import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Ledger, SentUsage } from './ledger.ts';
import type { Random } from './random.ts';

export interface Clients {
  /** Usages acknowledged so far. */
  acknowledged(): number;
  /** Answers so far, by status; 0 counts broken connections. */
  readonly statuses: Map<number, number>;
  /** Lets each client finish what it is at, repeats included. */
  stop(): Promise<void>;
}

type Kind = 'own id' | 'idempotency key' | 'no id';

interface Request {
  readonly items: { usage: SentUsage; valid: boolean }[];
  readonly body: string | Buffer;
  readonly headers: Record<string, string>;
  readonly single: boolean;
  readonly repeatable: boolean;
}

/** Starts `count` clients that post to `url` one request after another until stopped. */
export function startClients(options: {
  url: string;
  count: number;
  ledger: Ledger;
  random: Random;
}): Clients {
  const { url, ledger, random } = options;
  const statuses = new Map<number, number>();
  let stopping = false;
  let serial = 0;

  function makeUsage(kind: Kind, valid: boolean): SentUsage {
    const patientId = `p${random.seed}-${serial++}`;
    (valid ? ledger.sent : ledger.invalid).add(patientId);
    if (valid && kind !== 'no id') ledger.repeatable.add(patientId);
    return {
      patientId,
      medication: valid ? 'Albuterol' : '',
      timestamp: Date.UTC(2016, random.integer(0, 11), random.integer(1, 28)) + random.integer(0, 86_399_999),
      ...(kind === 'own id' ? { id: randomUUID() } : {}),
      ...(random.next() < 0.3 ? { device: { battery: random.integer(0, 100), note: 'a\\b "c" é' } } : {}),
    };
  }

  function makeRequest(): Request {
    const kind = random.pick<Kind>(['own id', 'idempotency key', 'no id']);
    const headers: Record<string, string> =
      kind === 'idempotency key' ? { 'idempotency-key': randomUUID() } : {};
    const form = random.pick(['single', 'single', 'array', 'ndjson']);
    const length = form === 'single' ? 1 : random.integer(1, 40);
    const items = Array.from({ length }, () => {
      const valid = random.next() > 0.05;
      return { usage: makeUsage(kind, valid), valid };
    });
    const repeatable = kind !== 'no id';
    if (form === 'single')
      return { items, body: JSON.stringify(items[0]!.usage), headers, single: true, repeatable };
    if (form === 'array')
      return {
        items,
        body: JSON.stringify(items.map((item) => item.usage)),
        headers,
        single: false,
        repeatable,
      };
    const lines = items.map((item) => JSON.stringify(item.usage)).join('\n');
    return {
      items,
      body: gzipSync(lines),
      headers: { ...headers, 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' },
      single: false,
      repeatable,
    };
  }

  async function client() {
    while (!stopping) {
      const request = makeRequest();
      while (!(await send(request)) && request.repeatable);
    }
  }

  /** True once the request was answered for good. */
  async function send(request: Request): Promise<boolean> {
    let status = 0;
    try {
      const response = await fetch(`${url}/api/usages`, {
        method: 'POST',
        headers: request.headers,
        body: request.body,
        signal: AbortSignal.timeout(20_000),
      });
      const answer = await response.json();
      status = response.status;
      if (status !== 503) note(request, status, answer as Answer);
    } catch (error) {
      if (error instanceof UnexpectedAnswerError) throw error;
      status = 0; // refused, cut off or too late: the client does not know
      await new Promise((resolve) => setTimeout(resolve, 50)); // a client's own pause before it repeats
    }
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    return status !== 0 && status !== 503;
  }

  function note(request: Request, status: number, answer: Answer) {
    const results: Result[] | undefined = request.single ? [status === 201 ? answer : {}] : answer.results;
    if (!results || results.length !== request.items.length)
      throw new UnexpectedAnswerError(`${status} without a result for each usage`);
    request.items.forEach(({ usage, valid }, index) => {
      const id = results[index]!.id;
      if (valid !== (id !== undefined))
        throw new UnexpectedAnswerError(`${status} accepted the wrong usages`);
      if (id === undefined) return;
      if (usage.id !== undefined && usage.id !== id)
        throw new UnexpectedAnswerError('another id than was sent');
      ledger.acknowledge(id, usage.patientId);
    });
  }

  const running = Promise.all(Array.from({ length: options.count }, client));
  running.catch(() => {}); // reported by stop()
  return {
    acknowledged: () => ledger.acknowledged.size,
    statuses,
    async stop() {
      stopping = true;
      await running;
    },
  };
}

interface Result {
  id?: string;
}

interface Answer extends Result {
  results?: Result[];
}

class UnexpectedAnswerError extends Error {}
