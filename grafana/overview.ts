/** Are usages safe? First the answer, then the four golden signals, then the parts in the order of the data. */

import * as units from '@grafana/grafana-foundation-sdk/units';
import { buildDashboard } from './dashboard.ts';
import { acknowledged, chart, instances, logs, perSecond, quantile, stat } from './panel.ts';
import * as signals from './signals.ts';

const errorRatio = `(${perSecond('usage_http_requests_total', `${instances}, status=~"5.."`)} or vector(0)) / (${perSecond('usage_http_requests_total')} > 0)`;
const slowRatio = `1 - ${perSecond('usage_http_request_duration_seconds_bucket', `${acknowledged}, le="0.1"`)} / (${perSecond('usage_http_request_duration_seconds_count', acknowledged)} > 0)`;

const answer = [
  stat({
    title: 'Instances down',
    description: 'Targets that do not answer on their admin port.',
    unit: units.Short,
    badFrom: 1,
    queries: [
      {
        expression: 'count(up{job="usage-ingest"} == 0) or 0 * count(up{job="usage-ingest"})',
        legend: 'down',
      },
    ],
  }),
  stat({
    title: 'Postgres',
    description: '1 while every writer can store. 0: usages are acknowledged and wait in the log.',
    unit: units.Short,
    goodFrom: 1,
    queries: [{ expression: `min(usage_postgres_up{${instances}})`, legend: 'up' }],
  }),
  stat({
    title: 'Oldest unstored',
    description: 'How old the picture in Postgres is. Over 5 minutes is an alert.',
    unit: units.Seconds,
    warnFrom: 60,
    badFrom: 300,
    queries: [{ expression: `max(usage_log_oldest_seconds{${logs}})`, legend: 'oldest' }],
  }),
  stat({
    title: 'Errors',
    description: 'Share of requests answered 5xx. Objective: at most 0.05 %.',
    unit: units.PercentUnit,
    warnFrom: 0.0005,
    badFrom: 0.005,
    queries: [{ expression: errorRatio, legend: '5xx' }],
  }),
  stat({
    title: 'Acknowledged, p99',
    description: 'Objective: 99 % of acknowledgements within 100 ms.',
    unit: units.Seconds,
    warnFrom: 0.05,
    badFrom: 0.1,
    queries: [
      { expression: quantile(0.99, 'usage_http_request_duration_seconds', acknowledged), legend: 'p99' },
    ],
  }),
  stat({
    title: 'Stopped partitions',
    description: 'Parts of a log that wait for an operator: a gap, or what Postgres refuses. Healthy is 0.',
    unit: units.Short,
    badFrom: 1,
    queries: [{ expression: `sum(usage_partitions_stopped{${instances}})`, legend: 'stopped' }],
  }),
  stat({
    title: 'Dead letters, 24 h',
    description: 'Usages that Postgres refused, kept in dead_letters. Healthy is 0.',
    unit: units.Short,
    badFrom: 1,
    queries: [
      { expression: `sum(increase(usage_dead_letters_total{${instances}}[24h]))`, legend: 'dead letters' },
    ],
  }),
  stat({
    title: 'Usages',
    description: 'Acknowledged a second, all instances chosen above.',
    unit: units.OpsPerSecond,
    queries: [{ expression: perSecond('usage_accepted_total'), legend: 'accepted' }],
  }),
];

const errorShare = () =>
  chart({
    title: 'Share of 5xx',
    description: 'Of all requests. The line is the objective: 0.05 %.',
    unit: units.PercentUnit,
    badFrom: 0.0005,
    queries: [{ expression: errorRatio, legend: '5xx' }],
  });

const slowShare = () =>
  chart({
    title: 'Share over 100 ms',
    description: 'Of all acknowledgements. The line is the objective: 1 %.',
    unit: units.PercentUnit,
    badFrom: 0.01,
    queries: [{ expression: slowRatio, legend: 'over 100 ms' }],
  });

const requestRate = () =>
  chart({
    title: 'Requests',
    description: 'All HTTP requests a minute, whatever the answer. 1M a minute is the everyday peak.',
    unit: units.RequestsPerMinute,
    queries: [
      {
        expression: `60 * ${perSecond('usage_http_requests_total', instances, 'instance')}`,
        legend: '{{instance}}',
      },
    ],
  });

const groupSize = () =>
  chart({
    title: 'Usages an append',
    description: 'How many usages one append makes durable: about 1 when idle, up to 500 under load.',
    unit: units.Short,
    queries: [
      {
        expression: `${perSecond('usage_append_usages_sum', logs, 'log')} / (${perSecond('usage_append_usages_count', logs, 'log')} > 0)`,
        legend: '{{log}}',
      },
    ],
  });

const postgresUp = () =>
  chart({
    title: 'Postgres there',
    description: '1 while the writer can store, 0 while Postgres is away.',
    unit: units.Short,
    max: 1,
    goodFrom: 1,
    queries: [{ expression: `min by (instance) (usage_postgres_up{${instances}})`, legend: '{{instance}}' }],
  });

export const overview = buildDashboard({
  uid: 'usage-ingest-overview',
  title: 'usage-ingest: overview',
  description:
    'Are usages safe? From top to bottom in the order of the data: the first red row is the cause.',
  rows: [
    { title: 'Are usages safe?', panels: answer },
    { title: 'Traffic', panels: [requestRate(), signals.requestsByStatus(), signals.acceptedAndStored()] },
    { title: 'Errors', panels: [errorShare(), signals.rejectedByCode(), signals.shedByReason()] },
    { title: 'Latency', panels: [signals.acknowledgement(), slowShare(), signals.ingestLag()] },
    { title: 'Saturation', panels: [signals.eventLoop(), signals.cpu(), signals.memory()] },
    { title: 'Front', panels: [signals.waitingBytes(), groupSize(), signals.append()] },
    { title: 'Log', panels: [signals.backlog(), signals.oldestUnstored(), signals.logFill()] },
    { title: 'Writer and Postgres', panels: [signals.storeTransaction(), postgresUp()] },
  ],
});
