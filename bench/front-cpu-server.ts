/** One of the servers that `front-cpu.ts` compares: bare, or a front over the local log or over Kafka. */

import { openSync, readSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settingsSchema } from '../src/config/settings.ts';
import { chooseLog } from '../src/front/chosen-log.ts';
import { createFront } from '../src/front/front.ts';
import { silentLogger } from '../src/observability/logger.ts';
import { startBareServer } from './limits/bare-server.ts';

/** What a server tells of itself since its start. */
export interface FrontSample {
  readonly cpuUs: number;
  readonly appends: number;
  /** Usages that Kafka did not take in time. */
  readonly spooled: number;
  /** CPU of the longest turn of the event loop since the last sample, milliseconds; 0 where turns are not watched. */
  readonly longestTurnMs: number;
}

interface Measured {
  readonly port: number;
  counts(): Promise<Omit<FrontSample, 'cpuUs' | 'longestTurnMs'>>;
  stop(): Promise<void>;
}

const kind = process.argv[2];
const turns = process.argv[3] === 'turns' ? watchTurns() : null;
const server = kind === 'bare' ? await startBare() : await startFront(kind === 'kafka');
process.on('message', async (message) => {
  if (message === 'stop') {
    await server.stop();
    process.exit(0);
  }
  const { user, system } = process.cpuUsage();
  const longestTurnMs = turns?.takeLongestMs() ?? 0;
  process.send!({ cpuUs: user + system, longestTurnMs, ...(await server.counts()) } satisfies FrontSample);
});
// A parent that was killed sends no stop.
process.once('disconnect', () => void server.stop().then(() => process.exit(0)));
process.send!({ port: server.port });

/**
 * Looks in every turn of the event loop at the CPU that the kernel accounts to this thread. Time by the clock would say
 * more of what else the machine does.
 */
function watchTurns() {
  const file = openSync('/proc/thread-self/schedstat', 'r');
  const text = Buffer.alloc(64);
  const threadNs = () =>
    Number(text.toString('latin1', 0, readSync(file, text, 0, text.length, 0)).split(' ')[0]);
  let lastNs = threadNs();
  let longestNs = 0;
  const turn = () => {
    const nowNs = threadNs();
    longestNs = Math.max(longestNs, nowNs - lastNs);
    lastNs = nowNs;
    setImmediate(turn);
  };
  turn();
  return {
    takeLongestMs() {
      const ms = longestNs / 1e6;
      longestNs = 0;
      return ms;
    },
  };
}

async function startBare(): Promise<Measured> {
  return {
    port: await startBareServer(0),
    counts: async () => ({ appends: 0, spooled: 0 }),
    async stop() {},
  };
}

async function startFront(isKafka: boolean): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'front-cpu-'));
  const { KAFKA_BROKERS } = process.env;
  const settings = settingsSchema.parse({
    DATA_DIR: folder,
    ...(isKafka ? { KAFKA_BROKERS, USAGE_KAFKA_TOPIC: `bench-${process.pid}` } : {}),
  });
  const ready = { ready: true, reason: '' };
  const { appender, appendsInFlightMax, registry } = chooseLog({
    settings,
    role: 'front',
    supervised: true,
    worker: 0,
    logger: silentLogger,
    readiness: () => ready,
    tellAppendable() {},
    tellCharged() {},
    onCharged() {},
  });
  await appender.start();
  const front = createFront({
    host: '127.0.0.1',
    port: 0,
    settings,
    appender,
    appendsInFlightMax,
    logger: silentLogger,
    readiness: () => ready,
    worker: 0,
  });
  await front.start();
  return {
    port: front.port,
    async counts() {
      const spooled = (await registry?.getSingleMetric('usage_spooled_total')?.get())?.values[0]?.value ?? 0;
      const metrics = await front.registry.getMetricsAsJSON();
      const values = metrics.find(({ name }) => name === 'usage_append_usages')?.values ?? [];
      // One of each log that was appended to.
      const counts = (values as { metricName?: string; value: number }[]).filter(({ metricName }) =>
        metricName?.endsWith('_count'),
      );
      return { appends: counts.reduce((sum, { value }) => sum + value, 0), spooled };
    },
    async stop() {
      await front.stop();
      await appender.stop();
      await rm(folder, { recursive: true });
    },
  };
}
