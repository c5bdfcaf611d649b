/** For digging into the fronts: what comes in, what is refused, where the time goes. */

import * as units from '@grafana/grafana-foundation-sdk/units';
import { buildDashboard } from './dashboard.ts';
import { chart, instances, logs, perSecond, quantiles } from './panel.ts';
import * as signals from './signals.ts';

const usagesARequest = () =>
  chart({
    title: 'Usages a request',
    description:
      'Usages acknowledged for each request that was acknowledged: 1 for singles, more for batches.',
    unit: units.Short,
    queries: [
      {
        expression: `${perSecond('usage_accepted_total')} / (${perSecond('usage_http_requests_total', `${instances}, status=~"201|207"`)} > 0)`,
        legend: 'usages',
      },
    ],
  });

const durationByStatus = () =>
  chart({
    title: 'Answered, p99 by status',
    description: 'Any answer. 503 must be fast: shedding happens before the body is parsed.',
    unit: units.Seconds,
    badFrom: 1,
    queries: quantiles('usage_http_request_duration_seconds', instances, 'status').slice(-1),
  });

const appends = () =>
  chart({
    title: 'Appends',
    description: 'Groups made durable a second. With one append in flight it is at most 1 over its duration.',
    unit: units.OpsPerSecond,
    queries: [
      {
        expression: perSecond('usage_append_duration_seconds_count', logs, 'log, instance'),
        legend: '{{instance}} {{log}}',
      },
    ],
  });

const groups = () =>
  chart({
    title: 'Usages an append',
    description: 'Group sizes: near 500 (USAGE_GROUP_USAGES_MAX) means that the log is the limit.',
    unit: units.Short,
    warnFrom: 350,
    badFrom: 500,
    queries: quantiles('usage_append_usages', logs, 'log'),
  });

const frontEventLoop = () =>
  chart({
    title: 'Event loop of the fronts',
    description: 'Evenly busy is healthy; one front alone is uneven connections.',
    unit: units.PercentUnit,
    warnFrom: 0.7,
    badFrom: 0.9,
    max: 1,
    queries: [
      {
        expression: `max by (instance, worker) (usage_event_loop_utilization{${instances}, role="front"})`,
        legend: '{{instance}} front {{worker}}',
      },
    ],
  });

const cpuARequest = () =>
  chart({
    title: 'CPU a request',
    description:
      'CPU seconds of the fronts over requests: what a request costs. It should not change with load.',
    unit: units.Seconds,
    queries: [
      {
        expression: `${perSecond('usage_process_cpu_seconds_total', `${instances}, role="front"`)} / (${perSecond('usage_http_requests_total')} > 0)`,
        legend: 'CPU',
      },
    ],
  });

export const front = buildDashboard({
  uid: 'usage-ingest-front',
  title: 'usage-ingest: front',
  description: 'The processes that take usages in: validate, append to the log, answer.',
  rows: [
    { title: 'Traffic', panels: [signals.requestsByStatus(), usagesARequest(), appends()] },
    { title: 'Errors', panels: [signals.rejectedByCode(), signals.shedByReason(), durationByStatus()] },
    { title: 'Latency', panels: [signals.acknowledgement(), signals.append(), groups()] },
    { title: 'Saturation', panels: [signals.waitingBytes(), frontEventLoop(), cpuARequest()] },
  ],
});
