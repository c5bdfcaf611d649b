/** Runs load tools against a real server, through each door, and holds that what was acknowledged is stored. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Edge, hasEdge, startEdge } from './edge.ts';
import { usage } from './front.ts';
import { createInstance, type Instance } from './instance.ts';
import { isAtHand, type LoadClient } from './load-clients.ts';
import { query } from './postgres.ts';
import { until } from './until.ts';

/** A suite of a test for each client and door; `told` hears what each said. */
export function runLoadClients(
  clients: readonly LoadClient[],
  told: (line: string) => void = () => {},
): void {
  describe('load clients', { timeout: 900_000 }, () => {
    let instance: Instance;
    let databaseUrl: string;
    let edge: Edge | null = null;
    let closeEdge = async () => {};
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'usage-load-'));
      await writeFile(join(folder, 'usage.json'), JSON.stringify(usage));
      instance = await createInstance({ USAGE_FRONTS: '1' });
      await instance.start();
      databaseUrl = await instance.databaseUrl();
      const isMigrated = "SELECT to_regclass('usages') IS NOT NULL AS yes";
      await until(async () => (await query<{ yes: boolean }>(databaseUrl, isMigrated))[0]!.yes, {
        what: 'the tables are made',
      });
      if (!hasEdge('nginx')) return;
      const closing = {
        after(close: () => Promise<void>) {
          closeEdge = close;
        },
      };
      edge = await startEdge(closing, 'nginx', [Number(new URL(instance.url).port)]);
    });
    after(async () => {
      await closeEdge();
      await instance.close();
      await rm(folder, { recursive: true, force: true });
    });

    for (const client of clients)
      for (const door of ['direct', 'nginx'] as const) {
        const lacking = isAtHand(client)
          ? door === 'nginx' && !hasEdge('nginx')
            ? 'nginx'
            : null
          : client.program;
        it(`${client.name}, ${door}: ${client[door].answered}`, {
          skip: lacking !== null && `needs ${lacking}`,
        }, async () => {
          const origin = door === 'direct' ? instance.url : `http://127.0.0.1:${edge!.port}`;
          const report = join(folder, `${door}-${clients.indexOf(client)}.json`);
          const target = { url: `${origin}/api/usages`, bodyFile: join(folder, 'usage.json'), report };
          const storedBefore = await storedCount(databaseUrl);
          const printed = await outputOf(client.command(target), folder);
          const output = await readFile(report, 'utf8').catch(() => printed);
          const result = client.result(output);
          told(`${client.name}, ${door}: ${JSON.stringify(result)}`);
          holdOutcome(client, door, result, output);
          const wanted = storedBefore + result.answered;
          await until(async () => (await storedCount(databaseUrl)) >= wanted, {
            what: `${result.answered} usages are stored`,
          });
          // What it sent and did not wait for may be stored as well, and nothing else.
          const isCut =
            client[door].unread !== undefined || client[door].answered !== 'all' || !client.requests;
          if (!isCut) assert.equal(await storedCount(databaseUrl), wanted);
        });
      }
  });
}

function holdOutcome(
  client: LoadClient,
  door: 'direct' | 'nginx',
  { answered, failed }: { answered: number; failed: number },
  output: string,
): void {
  const { answered: wanted, unread = 0 } = client[door];
  if (wanted === 'none') assert.equal(answered, 0, output);
  if (wanted === 'few') assert.ok(answered < client.requests! / 10, output);
  if (wanted !== 'all') return;
  assert.equal(failed, 0, output);
  if (client.requests === null) assert.ok(answered > 0, output);
  else assert.equal(answered, client.requests - unread, output);
}

async function storedCount(databaseUrl: string): Promise<number> {
  const [row] = await query<{ n: number }>(databaseUrl, 'SELECT count(*)::int AS n FROM usages');
  return row!.n;
}

/** stdout and stderr; an exit code is no matter here, since a tool that is refused may end with one. */
function outputOf([program, ...args]: readonly string[], folder: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program!, args, {
      cwd: folder,
      env: {
        ...process.env,
        HOME: folder,
        ARTILLERY_DISABLE_TELEMETRY: 'true',
        npm_config_cache: npmCache(),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', () => resolve(output));
  });
}

/** The user's own, although the tools are given a home of their own for what they leave behind. */
const npmCache = () => process.env.npm_config_cache ?? join(process.env.HOME ?? tmpdir(), '.npm');
