/** A snapshot as the console's page gets it from a server where all is well and nothing has come yet. */

import type { ConsoleSnapshot } from '../../src/admin/console/snapshot.ts';

const process = { worker: 0, ready: true, cpu: 0, loop: 0, memoryBytes: 1, restarts: 0 };

export function consoleSnapshotOf(change: Partial<ConsoleSnapshot> = {}): ConsoleSnapshot {
  return {
    at: 1_000_000,
    instance: {
      startedAt: 900_000,
      ready: true,
      reason: 'ready',
      log: 'local',
      database: 'embedded',
      spool: false,
      sample: true,
    },
    perSecond: { requests: 0, accepted: 0, stored: 0, refused: 0, failed: 0 },
    acknowledged: null,
    lag: null,
    total: {
      accepted: 0,
      stored: 0,
      duplicates: 0,
      deadLetters: 0,
      gaps: 0,
      spooled: 0,
      relayed: 0,
      restarts: 0,
    },
    answers: {},
    refused: {},
    shed: {},
    logs: [{ log: 'local', records: 0, oldestSeconds: 0, bytes: 0, bytesMax: 1_048_576 }],
    postgresUp: true,
    kafka: null,
    stopped: {},
    processes: [
      { ...process, role: 'supervisor' },
      { ...process, role: 'front' },
      { ...process, role: 'writer' },
    ],
    ...change,
  };
}
