/**
 * How fast a client in C brings the drain's rows into the product's own table: psql's \copy, one transaction for as
 * many bytes as the writer takes for one, from files that lie in the page cache. It moves no position and reads no
 * log, which makes it the limit.
 */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { settingsSchema } from '../../src/config/settings.ts';
import { usageColumns } from '../../src/usage/row.ts';
import { createBenchDatabase } from '../bench-database.ts';
import { sampleStageCpu, sampleStageRss, stageCpuBetween } from '../process-cpu.ts';
import type { Round } from '../result.ts';
import type { BenchContext, Trial, TrialSize } from '../subject.ts';
import { distinctUsages } from '../usages.ts';
import { writeBatchFiles } from './batch-files.ts';
import { openPsql, type PsqlSession, psqlVersion } from './psql-session.ts';

export interface CopyOptions {
  /** Through a temporary table and ON CONFLICT DO NOTHING, which rows with repeats need. */
  readonly staged: boolean;
  readonly connections: number;
}

/** There is no psql here, so there is no client in C to compare with. */
export class NoPsqlError extends Error {
  override readonly name = 'NoPsqlError';
  constructor() {
    super('psql is not installed: its \\copy is the client in C (Debian: apt install postgresql-client)');
  }
}

/** What the writer takes for one transaction, by default. */
const batchBytesMax = settingsSchema.parse({}).USAGE_WRITER_BATCH_BYTES_MAX;

/** `start` throws NoPsqlError where there is none. */
export function createCopyTrial({ folder }: BenchContext, { staged, connections }: CopyOptions): Trial {
  const database = createBenchDatabase(join(folder, 'data'));
  const rowsFolder = join(folder, 'rows');
  let databaseUrl = '';
  let written: { readonly key: string; readonly files: readonly string[] } = { key: '', files: [] };

  /** The rows of a size are made once, outside of what is measured. */
  async function filesOf(size: TrialSize): Promise<readonly string[]> {
    const key = `${size.usages}/${size.repeatEvery}`;
    if (written.key === key) return written.files;
    const own = join(rowsFolder, key.replace('/', '-'));
    await mkdir(own, { recursive: true });
    written = { key, files: await writeBatchFiles(own, size, batchBytesMax) };
    return written.files;
  }

  return {
    name: staged ? 'copy-staged' : 'copy',
    durability: `committed in Postgres, ${batchBytesMax / 1_048_576} MiB of rows a transaction, over ${connections === 1 ? 'one connection' : `${connections} connections`}`,
    async start() {
      if ((await psqlVersion()) === null) throw new NoPsqlError();
      databaseUrl = await database.start();
    },
    async round(size) {
      if (size.repeatEvery !== null && !staged) throw new Error('a plain COPY takes no repeats');
      const files = await filesOf(size);
      await database.forget();
      const sessions: PsqlSession[] = [];
      try {
        while (sessions.length < connections) sessions.push(await openPsql(databaseUrl));
        if (staged) await Promise.all(sessions.map((session) => session.run(makeStagingTable)));
        const measured = await measure(sessions, scriptsOf(files, connections, staged));
        const round = await roundOf(size, measured);
        // Else it would be vacuumed and flushed beside whoever comes next.
        await database.forget();
        return round;
      } finally {
        await Promise.all(sessions.map((session) => session.stop()));
      }
    },
    stop: () => database.stop(),
  };

  async function measure(sessions: readonly PsqlSession[], scripts: readonly string[]) {
    const roots = [...sessions.map(({ pid }) => ({ stage: 'subject', pid }) as const), database.stageRoot()];
    const before = await sampleStageCpu(roots);
    const beganAtMs = performance.now();
    await Promise.all(sessions.map((session, n) => session.run(scripts[n]!)));
    const durationS = (performance.now() - beganAtMs) / 1_000;
    const cpuUs = stageCpuBetween(before, await sampleStageCpu(roots));
    return { durationS, cpuUs, rssBytesMax: await sampleStageRss(roots) };
  }

  async function roundOf(
    size: TrialSize,
    measured: Pick<Round, 'durationS' | 'cpuUs' | 'rssBytesMax'>,
  ): Promise<Round> {
    return {
      ...measured,
      requests: 0,
      usages: size.usages,
      shed: 0,
      errors: 0,
      rowsFound: await database.countRows(),
      rowsExpected: distinctUsages(size.usages, size.repeatEvery),
      latencyMs: null,
      lagSMax: null,
      drainedAfterS: null,
      series: [],
    };
  }
}

const makeStagingTable = 'create temporary table usages_staged (like usages) on commit delete rows;\n';
const copyFormat = "with (format text, encoding 'UTF8')";

/** One script a connection, each with files that follow one another, as a partition of the log has its records. */
function scriptsOf(files: readonly string[], connections: number, staged: boolean): string[] {
  const script = staged ? stagedScript : plainScript;
  return Array.from({ length: connections }, (_, n) => {
    const from = Math.floor((files.length * n) / connections);
    const to = Math.floor((files.length * (n + 1)) / connections);
    return files.slice(from, to).map(script).join('');
  });
}

const plainScript = (file: string) => `\\copy usages (${usageColumns}) from '${file}' ${copyFormat}\n`;

const stagedScript = (file: string) => `begin;
\\copy pg_temp.usages_staged (${usageColumns}) from '${file}' ${copyFormat}
insert into usages (${usageColumns}) select ${usageColumns} from pg_temp.usages_staged on conflict do nothing;
commit;
`;
