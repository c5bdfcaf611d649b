/** A person who looks at the server now and then, and does what the runbook says. */

import { connector } from '../src/postgres/sql-client.ts';
import { acceptGap, listGaps } from '../src/store/gaps.ts';
import type { Process } from './world/scheduler.ts';
import { world } from './world/world.ts';

const everyMs = 2_000;

/** From now on gaps are accepted. */
export function startOperator(): void {
  const process: Process = { name: 'operator', alive: true, onEnd: [] };
  const { scheduler } = world();
  const look = async () => {
    if (world().postgres.tables.gaps.size > 0) await acceptGaps().catch(() => {});
    setTimeout(() => void look(), everyMs);
  };
  scheduler.after(everyMs, () => void look(), process);
}

async function acceptGaps(): Promise<void> {
  const client = await connector('postgres://simulated/usages')();
  try {
    for (const gap of await listGaps(client)) {
      if (gap.acceptedAt !== null) continue;
      world().trace(`operator: accepts the gap of ${gap.partition} at ${gap.fromPosition}`);
      await acceptGap(client, gap, gap.toPosition ?? gap.fromPosition + 1, 'operator');
    }
  } finally {
    await client.end();
  }
}
