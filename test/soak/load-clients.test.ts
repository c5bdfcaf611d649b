/** The load tools that are told a rate, artillery, loadtest and k6: fetched, or built with Go, first (`npm run test:clients`). */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { isAtHand, k6Version, rateClients } from '../support/load-clients.ts';
import { runLoadClients } from '../support/run-load-clients.ts';

const k6 = rateClients.find(({ program }) => program === 'k6')!;
if (!isAtHand(k6)) buildK6();
runLoadClients(rateClients, (line) => process.stdout.write(`${line}\n`));

/** Five minutes, once: into the user's cache. Without Go its tests are skipped by name. */
function buildK6(): void {
  const cache = join(
    process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
    'usage-ingest',
    `k6-${k6Version}`,
  );
  if (!existsSync(join(cache, 'k6'))) {
    if (spawnSync('go', ['version']).status !== 0) return;
    execFileSync('go', ['install', `go.k6.io/k6@${k6Version}`], { env: { ...process.env, GOBIN: cache } });
  }
  process.env.PATH = `${cache}${delimiter}${process.env.PATH}`;
}
