/** What a run of the benchmark measured, as far as a forecast needs it: `measured.json`, which no hand writes. */

import { readFileSync } from 'node:fs';

/** CPU microseconds a usage, by whose they are; what a set-up has not got takes none. */
export interface CpuUs {
  readonly front: number;
  readonly relay: number;
  readonly broker: number;
  readonly writer: number;
  readonly postgres: number;
  readonly supervisor: number;
}

export type CpuPart = keyof CpuUs;
export const cpuParts: readonly CpuPart[] = ['front', 'relay', 'broker', 'writer', 'postgres', 'supervisor'];

/** At one usage and at 100 usages a request. */
export interface CpuByRequest {
  readonly single: CpuUs;
  readonly batch: CpuUs;
}

export interface Measured {
  readonly format: 1;
  /** Of the tree that was measured. */
  readonly commit: string;
  /** RFC 3339. */
  readonly startedAt: string;
  /** A quick run's figures are rough. */
  readonly quick: boolean;
  readonly machine: string;
  /** Processes that wanted a core as the run began, for each core: above 1 the figures are those of a busy machine. */
  readonly loadACore: number;
  /** What one instance with the local log took meanwhile, usages a second. */
  readonly usagesPerSecond: { readonly single: number; readonly batch: number };
  readonly cpuUs: { readonly local: CpuByRequest; readonly kafka: CpuByRequest | null };
  /** Highest resident bytes under load, of one process. */
  readonly rssBytes: { readonly front: number; readonly writer: number; readonly supervisor: number };
  /** Bytes a usage. */
  readonly bytes: {
    readonly row: number;
    readonly log: number;
    readonly table: number;
    readonly index: number;
    /** Postgres' write-ahead log. */
    readonly wal: number;
    /** TCP payload from and to the client, a usage. */
    readonly request: { readonly single: number; readonly batch: number };
    readonly answer: { readonly single: number; readonly batch: number };
  };
}

/** @throws Error where the file that the program was shipped with is not of this format */
export function readMeasured(): Measured {
  const measured = JSON.parse(readFileSync(new URL('measured.json', import.meta.url), 'utf8')) as Measured;
  if (measured.format !== 1) throw new Error('src/capacity/measured.json is of another format');
  return measured;
}
