/** A writer as the supervisor sees one, without a log or Postgres. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMetrics } from '../../../src/observability/metrics.ts';
import { runRole } from '../../../src/role/run-role.ts';

await runRole('writer', ({ settings }) => {
  const { registry, metric } = createMetrics(['usage_stored_total', 'usage_postgres_up']);
  return {
    registry,
    async start() {
      metric.usage_postgres_up.set({ role: 'writer', worker: '0' }, 1);
      writeFileSync(join(settings.DATA_DIR, 'writer.database'), String(settings.DATABASE_URL));
    },
    async stop() {
      metric.usage_stored_total.inc(3);
      writeFileSync(join(settings.DATA_DIR, 'writer.stopped'), String(process.hrtime.bigint()));
    },
  };
});
