/**
 * Writes grafana/dashboards/*.json from the dashboards in this folder. With --check it writes nothing and fails
 * where a file is not what they say.
 */

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { front } from './front.ts';
import { kafka } from './kafka.ts';
import { overview } from './overview.ts';
import { processes } from './processes.ts';
import { writer } from './writer.ts';

export const dashboards: readonly Dashboard[] = [overview, front, writer, processes, kafka];

const folder = join(import.meta.dirname, 'dashboards');

const fileOf = (dashboard: Dashboard) => `${dashboard.uid}.json`;
const textOf = (dashboard: Dashboard) => `${JSON.stringify(dashboard, null, 2)}\n`;

/** Files that are not what the code says: changed, missing, or of no dashboard any more. */
export async function staleDashboards(): Promise<string[]> {
  const left = new Set(await readdir(folder));
  const stale: string[] = [];
  for (const dashboard of dashboards) {
    const file = fileOf(dashboard);
    const text = left.delete(file) ? await readFile(join(folder, file), 'utf8') : null;
    if (text !== textOf(dashboard)) stale.push(file);
  }
  return [...stale, ...left];
}

if (import.meta.main ?? process.argv[1] === import.meta.filename) {
  if (process.argv.includes('--check')) {
    const stale = await staleDashboards();
    for (const file of stale) console.error(`grafana/dashboards/${file} is stale: npm run dashboards`);
    if (stale.length > 0) process.exitCode = 1;
  } else {
    for (const dashboard of dashboards) await writeFile(join(folder, fileOf(dashboard)), textOf(dashboard));
  }
}
