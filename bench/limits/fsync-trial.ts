/** The disk's own durable writes as the runner measures them, one trial a size of group. */

import { fork } from 'node:child_process';
import type { Round } from '../result.ts';
import type { BenchContext, Trial } from '../subject.ts';
import type { DiskRate } from './disk-rate.ts';

/** @param bytes of a group; `groupBytes` has the two that the report shows */
export function createFsyncTrial({ folder }: BenchContext, bytes: number): Trial {
  return {
    name: 'fsync',
    durability: `${bytes / 1_000} kB a write, on disk when it returns (O_DSYNC)`,
    async start() {},
    async round({ seconds }) {
      return roundOf(await measureApart(folder, bytes, seconds));
    },
    async stop() {},
  };
}

/** In a process of its own: the writes block it, and its CPU is theirs. */
function measureApart(folder: string, bytes: number, seconds: number): Promise<DiskRate> {
  const child = fork(new URL('fsync.ts', import.meta.url), [
    ...['--folder', folder],
    ...['--seconds', String(seconds)],
    ...['--bytes', String(bytes)],
  ]);
  return new Promise((resolve, reject) => {
    child.once('message', (rate) => resolve(rate as DiskRate));
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`the disk could not be measured (${code ?? signal})`)),
    );
  });
}

function roundOf(rate: DiskRate): Round {
  return {
    durationS: rate.durationS,
    requests: rate.writes,
    usages: 0,
    shed: 0,
    errors: 0,
    rowsFound: null,
    rowsExpected: null,
    cpuUs: { subject: rate.cpuUs },
    latencyMs: rate.latencyMs,
    rssBytesMax: {},
    lagSMax: null,
    drainedAfterS: null,
    series: [],
  };
}
