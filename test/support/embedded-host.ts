/**
 * A process that runs the embedded Postgres until it is killed: `node embedded-host.ts <json>`. Prints a line
 * of JSON for each thing that happens.
 */

import { silentLogger } from '../../src/observability/logger.ts';
import { EmbeddedPostgresError } from '../../src/postgres/embedded/embedded-error.ts';
import { createEmbeddedPostgres } from '../../src/postgres/embedded/embedded-postgres.ts';

const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
const server = createEmbeddedPostgres({ ...JSON.parse(process.argv[2]!), logger: silentLogger });
process.once('SIGTERM', () => void server.stop().then(() => process.exit(0)));
try {
  say({ started: await server.start() });
  setInterval(() => {}, 60_000);
} catch (error) {
  say({ failed: error instanceof EmbeddedPostgresError ? error.reason : 'other', message: String(error) });
}
