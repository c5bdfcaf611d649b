/** Requests that move every metric of a front and a writer: good, repeated, invalid, and too many at once. */

import { randomUUID } from 'node:crypto';

export interface VariedLoad {
  /** Answers so far, by status. */
  readonly statuses: ReadonlyMap<number, number>;
  stop(): Promise<void>;
}

/** Posts round after round until stopped. A front that holds 64 KiB sheds some of each round. */
export function startVariedLoad(url: string): VariedLoad {
  const statuses = new Map<number, number>();
  let isStopping = false;

  async function post(body: string): Promise<void> {
    const status = await fetch(`${url}/api/usages`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(20_000),
    }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.status;
      },
      () => 0, // the front was killed
    );
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }

  async function round(): Promise<void> {
    const single = JSON.stringify(usage());
    const many = JSON.stringify(Array.from({ length: 300 }, usage));
    await Promise.all([
      post(single),
      post(JSON.stringify([usage(), { medication: 'Albuterol' }])),
      post('{"patientId":'),
      post(JSON.stringify({ ...usage(), timestamp: 'hello 1' })),
      ...Array.from({ length: 8 }, () => post(many)),
    ]);
    await post(single);
  }

  const running = (async () => {
    while (!isStopping) await round();
  })();
  return {
    statuses,
    async stop() {
      isStopping = true;
      await running;
    },
  };
}

function usage() {
  return { id: randomUUID(), patientId: 'p1', medication: 'Albuterol', timestamp: Date.now() - 3_600_000 };
}
