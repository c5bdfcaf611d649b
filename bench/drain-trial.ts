/**
 * How fast a backlog enters Postgres, as after Postgres was away: the whole server runs, its database lets nobody in,
 * the log is filled, and the time counts from the first transaction's begin after the database is open again to the
 * last one's commit. Nothing of a start, a connect or the filling is in it.
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { highestLagS } from './backlog-metrics.ts';
import { createIngestServer, type IngestServer } from './ingest-server.ts';
import { ingestDurability } from './ingest-subject.ts';
import { sampleStageCpu, stageCpuBetween } from './process-cpu.ts';
import type { Round } from './result.ts';
import { startSampler } from './sampler.ts';
import type { BenchContext, CreateTrial, Trial, TrialSize } from './subject.ts';
import { distinctUsages } from './usages.ts';

export const createLocalDrain: CreateTrial = () => drainTrial('local', null);

export const createKafkaDrain: CreateTrial = ({ kafka }) => {
  if (kafka === null) throw new Error('kafka needs a Kafka');
  return drainTrial('kafka', kafka);
};

function drainTrial(name: 'local' | 'kafka', kafka: BenchContext['kafka']): Trial {
  let server: IngestServer | null = null;
  return {
    name,
    durability: ingestDurability[name],
    async start() {
      server = await createIngestServer(kafka);
      await server.start();
    },
    async round(size) {
      if (server === null) throw new Error(`${name} is not started`);
      const round = await drain(server, size);
      // Else it would be vacuumed and flushed beside whoever comes next.
      await server.forget();
      return round;
    },
    async stop() {
      await server?.stop();
    },
  };
}

async function drain(server: IngestServer, size: TrialSize): Promise<Round> {
  await server.forget();
  await server.shutOut();
  await fillLog(server, size);
  const roots = await server.stageRoots();
  const backlogBefore = await server.observe();
  const before = await sampleStageCpu(roots);
  const sampler = startSampler({ roots, observe: server.observe, requestsSoFar: () => 0 });
  try {
    await server.letIn();
    const { firstBeganAtMs, lastSeenAtMs } = await server.allStored(size.usages);
    const cpuUs = stageCpuBetween(before, await sampleStageCpu(roots));
    const { series, rssBytesMax } = await sampler.stop();
    return {
      durationS: (lastSeenAtMs - firstBeganAtMs!) / 1_000,
      requests: 0,
      usages: size.usages,
      shed: 0,
      errors: 0,
      rowsFound: await server.countRows(),
      rowsExpected: distinctUsages(size.usages, size.repeatEvery),
      cpuUs,
      latencyMs: null,
      rssBytesMax,
      lagSMax: highestLagS(backlogBefore, await server.observe()),
      drainedAfterS: null,
      series,
    };
  } finally {
    await sampler.stop();
  }
}

async function fillLog(server: IngestServer, { usages, repeatEvery }: TrialSize): Promise<void> {
  const repeats = repeatEvery === null ? [] : ['--repeat-every', `${repeatEvery}`];
  const child = fork(new URL('fill-log.ts', import.meta.url), ['--usages', `${usages}`, ...repeats], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: { PATH: process.env.PATH, ...server.environment },
  });
  const [code, signal] = await once(child, 'exit');
  if (code !== 0) throw new Error(`the log could not be filled (${code ?? signal})`);
}
