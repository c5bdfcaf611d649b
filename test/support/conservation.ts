/** One conservation run: load, kills, catching up, and the ledger's check. Used by the chaos test and the soak. */

import assert from 'node:assert/strict';
import pg from 'pg';
import { startClients } from './clients.ts';
import { createInstance, type Instance, type Target } from './instance.ts';
import { Ledger, storedCount } from './ledger.ts';
import { randomFromEnvironment } from './random.ts';
import { until } from './until.ts';

export interface ConservationOptions {
  /** Ends after this many kills... */
  readonly kills: number;
  /** ...or goes on until this moment of `performance.now()`, whichever comes last. */
  readonly untilMs?: number;
  readonly env?: Record<string, string>;
  /** Which processes are killed; default: all that run without Kafka. */
  readonly targets?: readonly Target[];
  /** What else befalls it, in turn with the kills, by name. */
  readonly mishaps?: Readonly<Record<string, () => Promise<void>>>;
  /** Started after the instance, stopped before the end is waited for: a second writer, say. */
  readonly beside?: (instance: Instance) => Promise<() => Promise<void>>;
  /** Whether clients may be told 503 or be cut off only because of what is killed here; default: they may. */
  readonly refusals?: 'none';
}

const localTargets: readonly Target[] = ['front', 'writer', 'postgres', 'supervisor'];

/** @throws AssertionError when an acknowledged usage is missing or doubled, or an invalid one stored */
export async function runConservation(options: ConservationOptions): Promise<void> {
  const random = randomFromEnvironment();
  const instance = await createInstance({
    USAGE_FRONTS: '2',
    USAGE_LOG_SEGMENT_BYTES: '262144',
    ...options.env,
  });
  const logs = options.env?.KAFKA_BROKERS ? ['kafka', 'local'] : ['local'];
  const ledger = new Ledger();
  try {
    await instance.start();
    const stopBeside = await options.beside?.(instance);
    const { mishaps = {}, targets = localTargets } = options;
    const turns = [...targets, ...Object.keys(mishaps)];
    const clients = startClients({ url: instance.url, count: 6, ledger, random });
    const killed = new Map<string, number>();
    let kills = 0;
    while (kills < options.kills || performance.now() < (options.untilMs ?? 0)) {
      const goal = clients.acknowledged() + random.integer(20, 600);
      await until(() => clients.acknowledged() >= goal, { what: `${goal} usages are acknowledged` });
      // Each target in turn first, so that every run has killed them all; then at random.
      const target = turns[kills] ?? random.pick(turns);
      const mishap = mishaps[target];
      if (mishap) await mishap();
      else if (!(await killOne(instance, target as Target, random.pick))) continue;
      kills++;
      killed.set(target, (killed.get(target) ?? 0) + 1);
    }
    await clients.stop();
    await stopBeside?.();
    const database = new pg.Client({ connectionString: await instance.databaseUrl() });
    await database.connect();
    // The backlog is told once a second: 0 counts only once as many rows are there as were acknowledged.
    await until(
      async () =>
        (await storedCount(database)) >= clients.acknowledged() && (await backlog(instance, logs)) === 0,
      { what: 'the backlog is 0 and all is stored', timeoutMs: 120_000 },
    );
    if (options.refusals === 'none')
      assert.deepEqual([clients.statuses.get(0) ?? 0, clients.statuses.get(503) ?? 0], [0, 0]);
    const counts = await ledger.check(database);
    const gaps = await database.query('SELECT reason FROM log_gaps');
    const dead = await database.query('SELECT error FROM dead_letters');
    await database.end();
    assert.deepEqual([gaps.rows, dead.rows], [[], []]);
    console.log('conserved', {
      ...counts,
      killed: Object.fromEntries(killed),
      statuses: Object.fromEntries(clients.statuses),
    });
    assert.equal(await instance.stop(), 0);
  } catch (error) {
    console.log(instance.output().slice(-8_000));
    throw error;
  } finally {
    await instance.close();
  }
}

/** False when there was none to kill just then (it was dead already, and not yet started again). */
async function killOne(
  instance: Instance,
  target: Target,
  pick: <T>(items: readonly T[]) => T,
): Promise<boolean> {
  const pids = await until(async () => nonEmpty(await instance.pids(target)), { what: `a ${target} lives` });
  const pid = pick(pids);
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    return false; // it ended between the look and the kill
  }
  if (target === 'supervisor') {
    await instance.ended();
    await instance.start();
  }
  return true;
}

function nonEmpty(pids: number[]): number[] | null {
  return pids.length > 0 ? pids : null;
}

/** Null while the instance cannot tell: of each of its logs. */
async function backlog(instance: Instance, logs: readonly string[]): Promise<number | null> {
  try {
    if ((await instance.metric('usage_postgres_up')) !== 1) return null;
    const text = await (await fetch(`${instance.adminUrl}/metrics`)).text();
    if (!logs.every((log) => text.includes(`usage_log_backlog_records{log="${log}"}`))) return null;
    return await instance.metric('usage_log_backlog_records');
  } catch {
    return null; // being restarted
  }
}
