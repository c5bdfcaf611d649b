/** A real Prometheus with this project's configuration, in a hurry: it scrapes and judges every second. */

import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keptPort } from '../../harness/kept-port.ts';
import { prometheusFolder } from './alert-rules.ts';
import { until } from './until.ts';

export interface PrometheusServer {
  readonly url: string;
  /** The samples that a query gives now. */
  query(expression: string): Promise<{ labels: Record<string, string>; value: number }[]>;
  /** The `data` of any other GET of its API, `rules` for example. */
  get<Data>(path: string): Promise<Data>;
  /** Names other targets, as an operator does: Prometheus watches the folder. */
  retarget(targets: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** @param targets admin ports, `127.0.0.1:9464` */
export async function startPrometheus(targets: readonly string[]): Promise<PrometheusServer> {
  const folder = await mkdtemp(join(tmpdir(), 'usage-prometheus-'));
  await cp(prometheusFolder, folder, { recursive: true });
  const config = join(folder, 'prometheus.yml');
  const text = await readFile(config, 'utf8');
  await writeFile(
    config,
    text.replace(/^( {2}(scrape_interval|scrape_timeout|evaluation_interval): ).*$/gm, '$11s'),
  );
  const retarget = (hosts: readonly string[]) =>
    writeFile(
      join(folder, 'targets', 'local.yml'),
      `- targets:\n${hosts.map((target) => `    - ${target}\n`).join('')}`,
    );
  await retarget(targets);
  const port = await keptPort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let output = '';
  child.stderr.on('data', (chunk) => (output += chunk));
  const ended = new Promise<void>((resolve, reject) => {
    child.once('exit', () => resolve());
    child.once('error', reject);
  });

  async function get<Data>(path: string): Promise<Data> {
    const response = await fetch(`${url}/api/v1/${path}`, { signal: AbortSignal.timeout(10_000) });
    const answer = (await response.json()) as { status: string; error?: string; data: Data };
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  }

  async function stop() {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  }

  try {
    await until(
      async () => {
        if (child.exitCode !== null) throw new Error(`prometheus ended:\n${output}`);
        return (await fetch(`${url}/-/ready`).catch(() => null))?.ok;
      },
      { what: 'Prometheus is ready' },
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    get,
    retarget,
    stop,
    async query(expression) {
      type Sample = { metric: Record<string, string>; value: [number, string] };
      const { result } = await get<{ result: Sample[] }>(`query?query=${encodeURIComponent(expression)}`);
      return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
  };
}
