/**
 * Writes the pages that the tables in src/ say: config, errors, metrics, logs, and the API's description; and those
 * whose figures the benchmark gave: capacity, performance; and the problems that an edge answers. With --check it writes nothing and fails where a page is
 * not what they say.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeSettings } from '../src/config/describe.ts';
import { httpProblems } from '../src/front/http-problems.ts';
import { logEvents } from '../src/observability/log-events.ts';
import { metricTable } from '../src/observability/metrics.ts';
import { usageProblems } from '../src/usage/usage-problems.ts';
import { capacityPage, performancePage } from './bench-pages.ts';
import { compatibilityPage } from './compatibility-page.ts';
import { edgeProblemFiles } from './edge-problems.ts';
import { apiDocumentText } from './openapi/document.ts';
import { page, table } from './page.ts';

/** Every generated page by its file name. */
export function generatedPages(): Record<string, string> {
  return {
    'config.md': configPage(),
    'errors.md': errorsPage(),
    'metrics.md': metricsPage(),
    'logs.md': logsPage(),
    'openapi.json': apiDocumentText(),
    'capacity.md': capacityPage(),
    'performance.md': performancePage(),
    'compatibility.md': compatibilityPage(),
    ...edgeProblemFiles(),
  };
}

/** The names of the pages whose files differ. */
export async function stalePages(folder = import.meta.dirname): Promise<string[]> {
  const stale: string[] = [];
  for (const [name, text] of Object.entries(generatedPages())) {
    const file = await readFile(join(folder, name), 'utf8').catch(() => null);
    if (file !== text) stale.push(name);
  }
  return stale;
}

const code = (text: string) => `\`${text}\``;

function configPage(): string {
  const rows = describeSettings().map((setting) => [
    code(setting.name),
    setting.default === null ? 'not set' : code(setting.default),
    setting.bounds,
    setting.description,
  ]);
  return page(
    'Settings',
    'src/config/settings.ts',
    'Settings are environment variables. `usage-ingest check-config` tells every problem at once; a wrong value, a value that is set but empty, and an unknown name that begins with `USAGE_` are errors, and a start with one ends with exit code 78.',
    table(['setting', 'default', 'may be', 'what it does'], rows),
  );
}

function errorsPage(): string {
  const problems = Object.entries(httpProblems).map(([name, { status, title, detail }]) => [
    String(status),
    code(name),
    title,
    detail,
  ]);
  const fields = Object.entries(usageProblems).map(([name, text]) => [code(name), text]);
  return page(
    'Errors',
    'src/front/http-problems.ts',
    'Every error answer is `application/problem+json` (RFC 9457) with a stable `code`. No answer repeats a value from the body. A 503 has `Retry-After` in seconds.',
    '## Of a request',
    table(['status', 'code', 'title', 'what to do'], problems),
    'Not among them is what the HTTP server beneath the front refuses before the front sees it: a request that it cannot frame (400), a head over 4 KiB or of too many headers (431), HTTP/1.0 and whatever does not look like HTTP/1.1 (505). Those answers are a line of HTML, which cannot be changed, and no metric counts them. [nginx in front](deployment.md#an-edge-nginx-or-haproxy) takes most of such requests, words what it refuses as problems (431 is `head_too_large`), and logs each.',
    '## Of one usage',
    'In `errors` of a 422, and in `results` of an array or NDJSON, each with a JSON `pointer` to the place.',
    table(['code', 'rule'], fields),
    '## Of the HTTP server itself',
    'What is no HTTP/1.1 is refused before this API sees it: with a short HTML page, no `code`, and the connection closed. These are in no metric of the fronts; nginx in front of them (docs/deployment.md) answers most of them properly, and logs them.',
    table(
      ['status', 'when', 'what to do'],
      [
        [
          '400',
          'the request line or a header field is malformed, or `Host` is missing',
          'send HTTP/1.1 as RFC 9112 has it',
        ],
        [
          '431',
          'the header fields take more than 4 KiB, or there are more than about 50',
          'send fewer; a proxy may add its own',
        ],
        [
          '505',
          'HTTP/1.0, HTTP/2 without a proxy, or what follows a body is no request',
          'set `proxy_http_version 1.1` in nginx; send nothing behind the body',
        ],
        [
          'closed without an answer',
          'a request is sent before the one ahead of it is answered, trailers stand behind a chunked body, or the client closes its sending side before the answer (`usage_http_abandoned_total`)',
          'wait for the answer; what was sent may be stored: repeat it with the same ids',
        ],
      ],
    ),
  );
}

function metricsPage(): string {
  const rows = Object.entries(metricTable).map(([name, entry]) => [
    code(name),
    entry.kind === 'gauge' ? `gauge (${entry.across})` : entry.kind,
    entry.labelNames.map(code).join(', ') || '-',
    entry.help,
  ]);
  return page(
    'Metrics',
    'src/observability/metrics.ts',
    'On `http://ADMIN_HOST:ADMIN_PORT/metrics`, of all processes of an instance. Processes push them once a second, so that a scrape asks no front. Counters and histograms add up over processes and keep what dead ones counted (a killed one at most a second less). A gauge of several processes with the same labels is combined as its kind says. `worker` is the slot of a process, never a pid.',
    table(['metric', 'kind', 'labels', 'what it tells'], rows),
  );
}

function logsPage(): string {
  const rows = Object.entries(logEvents).map(([name, meaning]) => [code(name), meaning]);
  return page(
    'Log events',
    'src/observability/log-events.ts',
    'One JSON line an event on stdout (pretty on a terminal), with `time`, `level`, `role`, `worker` and `event`. Never a line a request, never a value from a body. A state is told when it changes, not at every try; and whatever happens, a process writes at most 300 lines of one event at once and then one each 10 s: what is over that is counted in `leftOut` of the next line, and the last of it is always written.',
    table(['event', 'means'], rows),
  );
}

async function main(): Promise<void> {
  if (process.argv.includes('--check')) {
    const stale = await stalePages();
    if (stale.length === 0) return;
    process.stderr.write(`stale in docs/: ${stale.join(', ')}; run "npm run docs" and commit\n`);
    process.exitCode = 1;
    return;
  }
  for (const [name, text] of Object.entries(generatedPages())) {
    await writeFile(join(import.meta.dirname, name), text);
  }
}

if (process.argv[1] === import.meta.filename) await main();
