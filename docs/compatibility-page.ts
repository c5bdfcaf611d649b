/** docs/compatibility.md: what was tried and what came of it, from the lists by which the tests try it. */

import { type LoadClient, type Outcome, quickClients, rateClients } from '../test/support/load-clients.ts';
import { requestShapes } from '../test/support/request-shapes.ts';
import { environments } from './environments.ts';
import { page, table } from './page.ts';

export function compatibilityPage(): string {
  return page(
    'Compatibility',
    'the lists of its tests, named in each section',
    'What was tried, and what came of it. Each section is a list that tests run through: a line that is not true fails one.',
    '## How clients write requests',
    '`test/support/request-shapes.ts`, held by `test/front/http-shapes.test.ts` (the fronts on the HTTP server of each age: [why two](decisions/0024-two-packages-of-the-http-server.md)) and `test/deployment/edge.test.ts` (the edges of [deploy](deployment.md#an-edge-nginx-or-haproxy)). A status for each usage sent; *none* is a connection that is closed, or stays silent, without an answer.',
    table(
      ['request', 'written by', 'fronts, uWebSockets.js 20.49', 'fronts, 20.57', 'nginx', 'HAProxy'],
      requestShapes.map(({ name, by, answers }) => [
        name,
        by,
        ...[answers['20.49'], answers['20.57'], answers.nginx, answers.haproxy],
      ]),
    ),
    '## Load tools',
    '`test/support/load-clients.ts`, held by `test/deployment/load-clients.test.ts`, and for those that are told a rate by `npm run test:clients`, which fetches artillery and loadtest and builds k6 with Go. Every usage that a tool was told 201 for must be in Postgres.',
    table(['client', 'the fronts', 'through nginx'], [...quickClients, ...rateClients].map(clientRow)),
    '## Environments',
    environments.introduction,
    table(['environment', 'what was tried', 'by', 'result'], environments.rows),
  );
}

function clientRow(client: LoadClient): string[] {
  return [client.name, outcomeText(client, client.direct), outcomeText(client, client.nginx)];
}

function outcomeText({ requests }: LoadClient, { answered, because, unread = 0 }: Outcome): string {
  if (answered === 'none') return `no 201: ${because}`;
  if (answered === 'few') return `few 201 or none: ${because}`;
  if (requests === null) return 'no request failed';
  return unread === 0
    ? `${requests} of ${requests}: 201`
    : `${requests - unread} of ${requests}: 201; it ends without reading the last ${unread} answers`;
}
