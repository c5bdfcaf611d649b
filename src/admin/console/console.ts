/**
 * The console at `/` of the admin port: a page, the stream of snapshots that it draws, and a way to send a sample
 * usage. A snapshot is worked out once a second while somebody looks, from what the processes push anyway: a page
 * costs the fronts nothing, open or not.
 */

import type { Settings } from '../../config/settings.ts';
import { isLoopback } from '../../http/loopback.ts';
import { keysAreRequired } from '../../keys/required.ts';
import { mergeSnapshots } from '../../observability/merge.ts';
import type { MetricName, MetricSnapshot } from '../../observability/metrics.ts';
import { ratesBetween } from '../../observability/rates.ts';
import type { Role } from '../../role/roles.ts';
import type { AdminPaths } from '../admin-paths.ts';
import { createEventStream } from '../event-stream.ts';
import { consoleFiles } from './files.ts';
import { consoleMetrics, consoleSnapshot } from './reading.ts';
import { samplePath } from './sample.ts';
import type { ConsoleSnapshot } from './snapshot.ts';

/** What the console asks of the processes of the instance. */
export interface WatchedFleet {
  readiness(): { readonly ready: boolean; readonly reason: string };
  processes(): readonly { readonly role: Role; readonly worker: number; readonly ready: boolean }[];
  /** The named metrics of all processes, summed. */
  totals(names: ReadonlySet<MetricName>): Promise<MetricSnapshot>;
  /** What they grow by in a second. */
  rates(names: ReadonlySet<MetricName>): Promise<MetricSnapshot>;
}

export interface ConsoleOptions {
  readonly settings: Settings;
  /** Of the HTTP API. */
  readonly port: number;
  readonly fleet: WatchedFleet;
  /** The supervisor's own metrics, brought up to now. */
  own(): Promise<MetricSnapshot>;
}

export interface Console {
  readonly paths: AdminPaths;
  /** Ends the streams; the page then says that it hears nothing. */
  stop(): void;
}

const everyMs = 1_000;
/** Each holds one of the admin port's 100 connections; a scrape must always find one. */
const listenersMax = 20;

export function createConsole(options: ConsoleOptions): Console {
  const { settings, port, fleet } = options;
  const startedAt = Date.now();
  // Whoever reaches the admin port could reach the API through it; so both must be of this machine alone.
  const mayPost = isLoopback(settings.ADMIN_HOST) && isLoopback(settings.HOST) && !keysAreRequired(settings);
  const api = `http://${settings.HOST.includes(':') ? `[${settings.HOST}]` : settings.HOST}:${port}/api/usages`;
  let ownBefore: { snapshot: MetricSnapshot; atMs: number } | null = null;

  const instance = (): ConsoleSnapshot['instance'] => ({
    startedAt,
    ...fleet.readiness(),
    log: settings.KAFKA_BROKERS === undefined ? 'local' : 'kafka',
    database: settings.DATABASE_URL === undefined ? 'embedded' : 'external',
    spool: settings.KAFKA_BROKERS !== undefined && settings.USAGE_SPOOL === 'on',
    sample: mayPost,
  });

  function ownRates(live: MetricSnapshot): MetricSnapshot {
    const atMs = performance.now();
    // prom-client hands out the values that it counts on in; those of other processes are copies anyway.
    const snapshot = structuredClone(live);
    const before = ownBefore;
    ownBefore = { snapshot, atMs };
    return before ? ratesBetween(before.snapshot, snapshot, (atMs - before.atMs) / 1_000) : [];
  }

  async function text(): Promise<string> {
    const own = await options.own();
    const snapshot = consoleSnapshot({
      instance: instance(),
      processes: [
        { role: 'supervisor', worker: 0, ready: true },
        ...fleet.processes().map(({ role, worker, ready }) => ({ role, worker, ready })),
      ],
      totals: await mergeSnapshots([await fleet.totals(consoleMetrics), own]),
      rates: await mergeSnapshots([await fleet.rates(consoleMetrics), ownRates(own)]),
      at: Date.now(),
    });
    return JSON.stringify(snapshot);
  }

  const stream = createEventStream({ everyMs, listenersMax, text });
  const paths = {
    ...consoleFiles,
    '/events': stream.path,
    ...(mayPost ? { '/sample': samplePath({ api, timeoutMs: settings.USAGE_APPEND_TIMEOUT_MS }) } : {}),
  };
  return { paths, stop: stream.stop };
}
