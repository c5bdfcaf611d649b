/**
 * A front as the supervisor sees one, without HTTP or a log: it counts, tells that it can append, answers
 * `readiness` when asked through a file. ROLE_FIXTURE makes it misbehave.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMetrics } from '../../../src/observability/metrics.ts';
import { runRole } from '../../../src/role/run-role.ts';

await runRole('front', ({ settings, worker, readiness, tellAppendable }) => {
  const { registry, metric } = createMetrics(['usage_accepted_total', 'usage_front_waiting_bytes']);
  const file = (name: string) => join(settings.DATA_DIR, `front-${worker}.${name}`);
  let timer: NodeJS.Timeout;
  return {
    registry,
    async start() {
      if (existsSync(join(settings.DATA_DIR, 'front.refuses'))) throw new Error('told to fail');
      if (existsSync(join(settings.DATA_DIR, 'front.hangs'))) await new Promise(() => {});
      metric.usage_accepted_total.inc(5);
      metric.usage_front_waiting_bytes.set({ role: 'front', worker: String(worker) }, 7);
      tellAppendable(true, 'ready');
      let appendable = true;
      timer = setInterval(() => {
        writeFileSync(file('readiness'), JSON.stringify({ ...readiness(), pid: process.pid }));
        const now = !existsSync(file('full'));
        if (now !== appendable) tellAppendable(now, now ? 'ready' : 'log full');
        appendable = now;
        if (existsSync(file('throws'))) throw new Error('patient 4711');
      }, 20);
    },
    async stop() {
      clearInterval(timer);
      if (existsSync(join(settings.DATA_DIR, 'front.never-stops'))) await new Promise(() => {});
      metric.usage_accepted_total.inc(1);
      writeFileSync(join(settings.DATA_DIR, `front-${worker}.stopped`), String(process.hrtime.bigint()));
    },
  };
});
