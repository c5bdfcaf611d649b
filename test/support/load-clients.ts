/** Load tools and what each gets, from the fronts themselves and through nginx; docs/compatibility.md is made from this list. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { repository } from './compose-file.ts';

export interface LoadClient {
  readonly name: string;
  /** What must be on the PATH. */
  readonly program: string;
  /** Requests that it is told to make; null where it is told a rate and a time. */
  readonly requests: number | null;
  command(target: LoadTarget): readonly string[];
  /** @param output what it printed, or its report where it wrote one: how many 2xx it got, and how many others, or none */
  result(output: string): { answered: number; failed: number };
  readonly direct: Outcome;
  readonly nginx: Outcome;
}

export interface LoadTarget {
  /** Of the path. */
  readonly url: string;
  /** One usage, as JSON. */
  readonly bodyFile: string;
  /** Where one that prints no figures for programs may write them. */
  readonly report: string;
}

export interface Outcome {
  /** `few`: what was answered before the connection was closed, which may be none. */
  readonly answered: 'all' | 'few' | 'none';
  readonly because?: string;
  /** Requests that it sends and does not wait for at its end. */
  readonly unread?: number;
}

const requests = 2_000;
const all: Outcome = { answered: 'all' };
const json = 'application/json';
const clients = 16;
const pipelined = 10;

/** The number behind `label`; 0 where it is not there. */
const numberAfter = (output: string, label: RegExp): number =>
  Number(new RegExp(`${label.source}\\s*(\\d+)`).exec(output)?.[1] ?? 0);

const hey = (output: string) => {
  const statuses = [...output.matchAll(/\[(\d{3})\]\s+(\d+) responses/g)];
  const sum = (isCounted: (status: string) => boolean) =>
    statuses.reduce((total, [, status = '', count]) => total + (isCounted(status) ? Number(count) : 0), 0);
  return { answered: sum((status) => status === '201'), failed: sum((status) => status !== '201') };
};

/** Quick, and in Debian or among our dependencies: run by `npm test`. */
export const quickClients: readonly LoadClient[] = [
  {
    name: '`ab -k`',
    program: 'ab',
    requests,
    command: ({ url, bodyFile }) => [
      'ab',
      '-q',
      '-k',
      '-n',
      `${requests}`,
      '-c',
      `${clients}`,
      '-p',
      bodyFile,
      '-T',
      json,
      url,
    ],
    result(output) {
      const failed = numberAfter(output, /Failed requests:/) + numberAfter(output, /Non-2xx responses:/);
      return { answered: numberAfter(output, /Complete requests:/) - failed, failed };
    },
    direct: { answered: 'none', because: 'it speaks HTTP/1.0: 505' },
    nginx: all,
  },
  {
    name: '`siege -b`',
    program: 'siege',
    requests,
    command: ({ url, bodyFile }) => [
      'siege',
      '-q',
      '-b',
      '-j',
      '-c',
      `${clients}`,
      '-r',
      `${requests / clients}`,
      '-T',
      json,
      `${url} POST <${bodyFile}`,
    ],
    result: (output) => ({
      answered: numberAfter(output, /"successful_transactions":/),
      failed: numberAfter(output, /"failed_transactions":/),
    }),
    direct: all,
    nginx: all,
  },
  {
    name: '`hey -T application/json`',
    program: 'hey',
    requests,
    command: ({ url, bodyFile }) => [
      'hey',
      '-n',
      `${requests}`,
      '-c',
      `${clients}`,
      '-m',
      'POST',
      '-T',
      json,
      '-D',
      bodyFile,
      url,
    ],
    result: hey,
    direct: all,
    nginx: all,
  },
  {
    name: '`hey` without `-T`',
    program: 'hey',
    requests,
    command: ({ url, bodyFile }) => [
      'hey',
      '-n',
      `${requests}`,
      '-c',
      `${clients}`,
      '-m',
      'POST',
      '-D',
      bodyFile,
      url,
    ],
    result: hey,
    direct: { answered: 'none', because: 'it says text/html: 415' },
    nginx: { answered: 'none', because: 'it says text/html: 415' },
  },
  {
    name: '`autocannon`',
    program: 'node',
    requests,
    command: (target) => autocannon(target, 1),
    result: autocannonResult,
    direct: all,
    nginx: all,
  },
  {
    name: `\`autocannon -p ${pipelined}\``,
    program: 'node',
    requests,
    command: (target) => autocannon(target, pipelined),
    result: autocannonResult,
    direct: {
      answered: 'few',
      because: 'the connection is closed ([why](decisions/0003-no-pipelined-posts.md))',
    },
    nginx: { answered: 'all', unread: clients * (pipelined - 1) },
  },
];

function autocannon({ url, bodyFile }: LoadTarget, pipelining: number): string[] {
  const program = join(repository, 'node_modules', 'autocannon', 'autocannon.js');
  const load = ['-p', `${pipelining}`, '-c', `${clients}`, '-a', `${requests}`];
  return [
    process.execPath,
    program,
    '-j',
    ...load,
    '-m',
    'POST',
    '-H',
    `Content-Type: ${json}`,
    '-i',
    bodyFile,
    url,
  ];
}

function autocannonResult(output: string): { answered: number; failed: number } {
  const result = JSON.parse(output.slice(output.indexOf('{')));
  return { answered: result['2xx'], failed: result.non2xx + result.errors + result.timeouts };
}

export const peakPerSecond = 16_700;
const seconds = 10;
/** Versions of those that npx fetches, and of k6. */
const versions = { artillery: '2.0.34', loadtest: '8.2.1' };
export const k6Version = 'v1.8.1';

/** Told a rate, for a time; fetched or built when they run: `npm run test:clients`. */
export const rateClients: readonly LoadClient[] = [
  {
    name: `\`loadtest --rps ${peakPerSecond}\``,
    program: 'npx',
    requests: null,
    command: ({ url, bodyFile }) => [
      ...[
        'npx',
        '-y',
        `loadtest@${versions.loadtest}`,
        '--rps',
        `${peakPerSecond}`,
        '-t',
        `${seconds}`,
        '-c',
        '64',
        '-k',
      ],
      ...['--cores', '1', '-m', 'POST', '-T', json, '-p', bodyFile, url],
    ],
    result(output) {
      const failed = numberAfter(output, /Total errors:/);
      return { answered: numberAfter(output, /Completed requests:/) - failed, failed };
    },
    direct: all,
    nginx: all,
  },
  {
    name: '`artillery`',
    program: 'npx',
    requests: seconds * 50,
    command: ({ url, report }) => [
      ...[
        'npx',
        '-y',
        `artillery@${versions.artillery}`,
        'run',
        '-q',
        '-o',
        report,
        '-t',
        new URL(url).origin,
      ],
      join(import.meta.dirname, 'artillery.yml'),
    ],
    result(output) {
      const count = (name: string) =>
        numberAfter(output.slice(output.indexOf('"aggregate"')), new RegExp(`"${name}":`));
      return { answered: count('http.codes.201'), failed: count('vusers.failed') };
    },
    direct: all,
    nginx: all,
  },
  {
    name: `\`k6\` at ${peakPerSecond}/s`,
    program: 'k6',
    requests: null,
    command: ({ url, report }) => [
      ...['k6', 'run', '-q', '--no-thresholds', `--summary-export=${report}`, '-e', `URL=${url}`],
      ...['-e', `DURATION=${seconds}s`],
      join(repository, 'bench', 'k6', 'constant.js'),
    ],
    result(output) {
      const { http_req_failed: failed, http_reqs: made } = JSON.parse(output).metrics;
      return { answered: made.count - failed.passes, failed: failed.passes };
    },
    direct: all,
    nginx: all,
  },
];

export function isAtHand({ program }: LoadClient): boolean {
  return spawnSync('sh', ['-c', 'command -v "$0"', program]).status === 0;
}
