/** `npm run seed -- --rows N`: fills the database that the settings name with made-up usages, to try queries on. */

import { parseArgs } from 'node:util';
import pg from 'pg';
import { createProgressBar } from '../harness/progress-bar.ts';
import { withSettings } from '../src/commands/with-settings.ts';
import { silentLogger } from '../src/observability/logger.ts';
import { connectionConfig } from '../src/postgres/connection.ts';
import { migrate } from '../src/postgres/migrate.ts';
import { useDatabase } from '../src/postgres/use-database.ts';
import { exitCode } from '../src/system/exit-codes.ts';
import { insertMadeUsages, type MadeUsages } from './made-usages.ts';
import { rowsText } from './rows-text.ts';

const help = `npm run seed -- [options]
  --rows N      usages to make, 1 to 1,000,000,000 (default 1,000,000)
  --months N    months back from yesterday, 1 to 240 (default 24)
  --patients N  1 to 10,000,000 (default 50,000)
  --seed N      another number, other data (default 1)
They go into DATABASE_URL, else into the embedded Postgres in DATA_DIR. Patients are called seed-...: remove them
with: delete from usages where patient_id like 'seed-%'
`;

const bounds = {
  rows: { max: 1_000_000_000, default: 1_000_000 },
  months: { max: 240, default: 24 },
  patients: { max: 10_000_000, default: 50_000 },
  seed: { max: 2_000_000_000, default: 1 },
} as const;

process.exitCode = await run();

async function run(): Promise<number> {
  let wanted: MadeUsages | null;
  try {
    wanted = readOptions();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${help}`);
    return exitCode.usage;
  }
  if (wanted === null) {
    process.stdout.write(help);
    return exitCode.ok;
  }
  const made = wanted;
  return withSettings(async (settings) => {
    await useDatabase(settings, silentLogger, { create: true }, (url) => seed(url, made));
    return exitCode.ok;
  });
}

/** Null: help was asked for. @throws Error naming the option that is wrong */
function readOptions(): MadeUsages | null {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string' },
      months: { type: 'string' },
      patients: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return null;
  const read = (name: keyof typeof bounds): number => {
    const text = values[name]?.replaceAll(/[,_]/g, '');
    if (text === undefined) return bounds[name].default;
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < 1 || value > bounds[name].max)
      throw new Error(`--${name} is a whole number from 1 to ${bounds[name].max}`);
    return value;
  };
  return { rows: read('rows'), months: read('months'), patients: read('patients'), seed: read('seed') };
}

async function seed(url: string, made: MadeUsages): Promise<void> {
  await migrate(url, silentLogger);
  const client = new pg.Client(connectionConfig(url, { role: 'seed' }));
  await client.connect();
  const bar = createProgressBar(process.stderr);
  const startedAt = performance.now();
  const show = (done: number) => {
    const seconds = (performance.now() - startedAt) / 1_000;
    bar.show(done / made.rows, rowsText(done, made.rows, seconds), Math.floor((10 * done) / made.rows));
  };
  try {
    await insertMadeUsages(client, made, show);
  } finally {
    bar.end();
    await client.end();
  }
}
