/**
 * Our own server as an operator starts it (`usage-ingest start`, embedded Postgres), and what the benchmark asks of it
 * and of its database.
 */

import pg from 'pg';
import { parseBacklog } from './backlog-metrics.ts';
import type { Backlog, BenchContext, StageRoot } from './subject.ts';
import { uniqueName } from './unique-name.ts';
import { createWatchedInstance } from './watched-instance.ts';

/** Everything was stored that was to be, and when. */
export interface Stored {
  /** When the first transaction that stored some of it began, epoch milliseconds; null where there was none. */
  readonly firstBeganAtMs: number | null;
  /** When the last one was seen committed (`lookMs` late at the most), epoch milliseconds. */
  readonly lastSeenAtMs: number;
}

export interface IngestServer {
  start(): Promise<{ url: string }>;
  /** The settings that whoever writes into its log needs. */
  readonly environment: Readonly<Record<string, string>>;
  stageRoots(): Promise<StageRoot[]>;
  observe(): Promise<Backlog>;
  /** Rows of `usages`. @throws Error where there are dead letters or gaps: nothing that the benchmark sends makes one */
  countRows(): Promise<number>;
  /** Empties `usages`, and lets the checkpoint that is due then happen now. */
  forget(): Promise<void>;
  /**
   * Looks at the positions until `usages` were stored, or found to be repeats, since `forget`, and the log's backlog
   * is empty. @throws Error where nothing moves for a minute
   */
  allStored(usages: number): Promise<Stored>;
  /** The database takes no connections until `letIn`; those of the writer are ended. */
  shutOut(): Promise<void>;
  letIn(): Promise<void>;
  stop(): Promise<void>;
}

/** How often positions are looked at: a query of some 50 us of Postgres' CPU. */
const lookMs = 20;
/** The processes tell their counters once a second: after this long without a move, they are up to date. */
const quietMs = 1_200;
/** A look at the metrics costs the supervisor milliseconds. */
const slowLookMs = 200;
const stuckMs = 60_000;

export async function createIngestServer(kafka: BenchContext['kafka']): Promise<IngestServer> {
  const name = uniqueName('server');
  const environment: Record<string, string> =
    kafka === null ? {} : { KAFKA_BROKERS: kafka.brokers, USAGE_KAFKA_TOPIC: name, USAGE_KAFKA_GROUP: name };
  const instance = await createWatchedInstance(environment);
  let databaseUrl = '';
  let client: pg.Client | null = null;
  let takenBefore = 0;
  /** As it was seen last; it moves while something is stored. */
  let positionSum = '0';

  /** Of the writer's counters: what it took out of the log. */
  async function takenOut(): Promise<{ usages: number; records: number }> {
    const text = await (await fetch(`${instance.adminUrl}/metrics`)).text();
    const { usagesStored, usagesRepeated, records } = parseBacklog(text);
    return { usages: usagesStored + usagesRepeated, records };
  }

  async function connected(): Promise<pg.Client> {
    if (client === null) {
      const made = new pg.Client({ connectionString: databaseUrl });
      made.on('error', () => {}); // shutOut ends it; whoever asks next connects anew
      await made.connect();
      client = made;
    }
    return client;
  }

  async function disconnect(): Promise<void> {
    const ending = client;
    client = null;
    await ending?.end().catch(() => {});
  }

  async function positions(): Promise<{ sum: string; newestBeganAtMs: number }> {
    const { rows } = await (await connected()).query<{ sum: string; newest: number }>(
      `select coalesce(sum(position), 0)::text as sum,
              coalesce(extract(epoch from max(updated_at)) * 1000, 0)::float8 as newest
       from log_positions`,
    );
    return { sum: rows[0]!.sum, newestBeganAtMs: rows[0]!.newest };
  }

  async function allStored(usages: number): Promise<Stored> {
    let firstBeganAtMs: number | null = null;
    let lastSeenAtMs = Date.now();
    let movedAt = performance.now();
    for (;;) {
      const now = await positions();
      if (now.sum !== positionSum) {
        positionSum = now.sum;
        firstBeganAtMs ??= now.newestBeganAtMs;
        lastSeenAtMs = Date.now();
        movedAt = performance.now();
      }
      const quietForMs = performance.now() - movedAt;
      if (quietForMs >= quietMs) {
        const taken = await takenOut();
        if (taken.usages - takenBefore >= usages && taken.records === 0) break;
        if (quietForMs > stuckMs)
          throw new Error(
            `${taken.usages - takenBefore} of ${usages} usages are stored, ${taken.records} records wait, and nothing has moved for a minute:\n${instance.output().slice(-2_000)}`,
          );
        await pause(slowLookMs);
      }
      await pause(lookMs);
    }
    return { firstBeganAtMs, lastSeenAtMs };
  }

  /** By a connection to another database of the server. */
  async function allowConnections(allowed: boolean): Promise<void> {
    const url = new URL(databaseUrl);
    const database = url.pathname.slice(1);
    url.pathname = '/postgres';
    const admin = new pg.Client({ connectionString: url.href });
    await admin.connect();
    try {
      await admin.query(`alter database ${database} allow_connections ${allowed}`);
      if (!allowed)
        await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [
          database,
        ]);
    } finally {
      await admin.end();
    }
  }

  return {
    environment: { ...environment, DATA_DIR: instance.dataDir },
    async start() {
      await instance.start();
      databaseUrl = await instance.databaseUrl();
      // Fronts are ready before the tables are there.
      const deadline = performance.now() + stuckMs;
      while ((await takenOutOrNull()) === null) {
        if (performance.now() > deadline) throw new Error('the writer is not ready');
        await pause(100);
      }
      return { url: `${instance.url}/api/usages` };
    },
    async stageRoots() {
      const stages = ['front', 'writer', 'relay', 'postgres', 'supervisor'] as const;
      const roots = await Promise.all(
        stages.map(async (target) =>
          (await instance.pids(target)).map(
            (pid): StageRoot => ({
              stage: target === 'relay' ? 'log' : target,
              pid,
            }),
          ),
        ),
      );
      const brokers = (kafka?.pids ?? []).map((pid): StageRoot => ({ stage: 'broker', pid }));
      return [...roots.flat(), ...brokers];
    },
    async observe() {
      return parseBacklog(await (await fetch(`${instance.adminUrl}/metrics`)).text());
    },
    async countRows() {
      const { rows } = await (await connected()).query<Record<'usages' | 'dead' | 'gaps', string>>(
        'select (select count(*) from usages) as usages, (select count(*) from dead_letters) as dead, (select count(*) from log_gaps) as gaps',
      );
      const { usages, dead, gaps } = rows[0]!;
      if (dead !== '0' || gaps !== '0')
        throw new Error(`there are ${dead} dead letters and ${gaps} gaps, and there must be none`);
      return Number(usages);
    },
    async forget() {
      const database = await connected();
      await database.query('truncate usages');
      await database.query('checkpoint');
      takenBefore = (await takenOut()).usages;
      positionSum = (await positions()).sum;
    },
    allStored,
    async shutOut() {
      await disconnect();
      await allowConnections(false);
    },
    letIn: () => allowConnections(true),
    async stop() {
      await disconnect();
      await instance.close();
    },
  };

  /** Null until the writer tells its metrics and the tables are there. */
  async function takenOutOrNull(): Promise<number | null> {
    if ((await instance.metric('usage_postgres_up')) !== 1) return null;
    return (await takenOut()).records === 0 ? 0 : null;
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
