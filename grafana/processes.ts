/** For digging into the processes of an instance: who restarts, who is busy, who grows. */

import * as units from '@grafana/grafana-foundation-sdk/units';
import { buildDashboard } from './dashboard.ts';
import { chart, instances } from './panel.ts';
import * as signals from './signals.ts';

const restarts = () =>
  chart({
    title: 'Restarts',
    description: 'Processes that ended unasked and were started again, in the last 15 minutes. Healthy is 0.',
    unit: units.Short,
    warnFrom: 1,
    badFrom: 3,
    queries: [
      {
        expression: `sum by (instance, role, worker) (increase(usage_role_restarts_total{${instances}}[15m]))`,
        legend: '{{instance}} {{role}} {{worker}}',
      },
    ],
  });

const targets = () =>
  chart({
    title: 'Targets',
    description: '1 while an instance answers on its admin port.',
    unit: units.Short,
    max: 1,
    goodFrom: 1,
    queries: [{ expression: `max by (instance) (up{${instances}})`, legend: '{{instance}}' }],
  });

const scrape = () =>
  chart({
    title: 'Scrape',
    description: 'How long a scrape takes. It is answered from what was pushed, so it never blocks a front.',
    unit: units.Seconds,
    badFrom: 1,
    queries: [
      { expression: `max by (instance) (scrape_duration_seconds{${instances}})`, legend: '{{instance}}' },
    ],
  });

export const processes = buildDashboard({
  uid: 'usage-ingest-processes',
  title: 'usage-ingest: processes',
  description: 'Supervisor, fronts and writer as operating system processes.',
  rows: [
    { title: 'Alive', panels: [targets(), restarts(), scrape()] },
    { title: 'Saturation', panels: [signals.eventLoop(), signals.cpu(), signals.memory()] },
  ],
});
