/**
 * A clock that test/dates.ts moved, by the library that it had loaded into this process: what moves it as far in a
 * process that is given none of our environment. Files' times stay the system's.
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findBinaries, type PostgresBinaries } from '../../src/postgres/embedded/binaries.ts';

const names = ['LD_PRELOAD', 'FAKETIME', 'FAKETIME_DONT_FAKE_MONOTONIC', 'NO_FAKE_STAT'] as const;

/** For a process's environment; empty where the clock is the system's. */
export const movedClock: Readonly<Record<string, string>> =
  process.env.FAKETIME === undefined
    ? {}
    : Object.fromEntries(names.map((name) => [name, process.env[name] ?? '']));

/** Postgres with our clock: undefined where that is the system's. */
export async function binariesWithMovedClock(): Promise<PostgresBinaries | undefined> {
  if (process.env.FAKETIME === undefined) return undefined;
  const found = await findBinaries();
  // The embedded server's programs get an environment of their own.
  const postgres = join(process.env.TEST_RUN_DIR!, `postgres-${process.pid}`);
  const exports = Object.entries(movedClock).map(([name, value]) => `export ${name}='${value}'\n`);
  await writeFile(postgres, `#!/bin/sh\n${exports.join('')}exec '${found.postgres}' "$@"\n`, { mode: 0o755 });
  return { ...found, postgres };
}
