/**
 * The API's description, OpenAPI 3.1, from what the server itself works with: the zod schema of a usage, the error
 * table, the settings, and the bodies of its answers. `docs/openapi.json` is what it writes and what fronts serve.
 */

import { readFileSync } from 'node:fs';
import { createDocument } from 'zod-openapi';
import { settingsSchema } from '../../src/config/settings.ts';
import { notFound } from './answers.ts';
import { healthz, openapiJson, readyz } from './readable-operations.ts';
import { postUsages } from './usages-operation.ts';

const { version, license } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string; license: string };

const description = [
  'Takes in every use of a connected inhaler and answers after it is durable.',
  'Errors are RFC 9457 problems with a stable `code`; none repeats a value of a request, which is health data. Ignore members that you do not know: some may be added. Any path that is not here is 404 `not_found`, any method that a path does not have is 405 `method_not_allowed`.',
  'HTTP/1.1 alone, plain: TLS is for the proxy before it. Broken HTTP (a bad request line, HTTP/1.0, header fields over 4 KiB) is answered 400, 431 or 505 by the parser below this API, without a problem body, and the connection is closed.',
].join('\n\n');

const apiKeyDescription =
  'An API key, `uik_…`, where the server asks for one (`USAGE_AUTH`): unless told otherwise, as soon as other machines can reach it.';

/** The document, as its file holds it. */
export function apiDocumentText(): string {
  const { HOST, PORT } = settingsSchema.parse({});
  const document = createDocument({
    openapi: '3.1.1',
    info: {
      title: 'usage-ingest',
      version,
      description,
      license: { name: license, identifier: license },
    },
    servers: [
      {
        url: `http://${HOST}:${PORT}`,
        description: 'Where it listens by default: `HOST` and `PORT` change it.',
      },
    ],
    security: [],
    tags: [
      { name: 'usages', description: 'What devices and phones send.' },
      { name: 'operation', description: 'For load balancers and tools.' },
    ],
    paths: {
      '/api/usages': { post: postUsages },
      '/healthz': healthz,
      '/readyz': readyz,
      '/openapi.json': openapiJson,
    },
    components: {
      responses: { NotFound: notFound },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: apiKeyDescription },
        header: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: apiKeyDescription },
      },
    },
  });
  return `${JSON.stringify(document, null, 2)}\n`;
}
