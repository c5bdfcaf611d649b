/** Panels that more than one dashboard shows: each is made anew, since an id is given to it once. */

import * as units from '@grafana/grafana-foundation-sdk/units';
import { acknowledged, chart, instances, logs, perSecond, quantiles } from './panel.ts';

export const requestsByStatus = () =>
  chart({
    title: 'Requests by status',
    description:
      'HTTP requests answered a second. 2xx is taken in, 4xx is the sender’s mistake, 5xx is ours.',
    unit: units.RequestsPerSecond,
    queries: [
      { expression: perSecond('usage_http_requests_total', instances, 'status'), legend: '{{status}}' },
    ],
  });

export const acceptedAndStored = () =>
  chart({
    title: 'Accepted and stored',
    description:
      'Usages a second: acknowledged, new in Postgres, and those that were there already. Accepted above stored plus repeated for long means that the backlog grows.',
    unit: units.OpsPerSecond,
    queries: [
      { expression: perSecond('usage_accepted_total'), legend: 'accepted' },
      { expression: perSecond('usage_stored_total'), legend: 'stored' },
      { expression: perSecond('usage_duplicate_total'), legend: 'repeated' },
    ],
  });

export const rejectedByCode = () =>
  chart({
    title: 'Rejected by code',
    description:
      'Usages and requests refused as invalid. One code that jumps is a client release gone wrong.',
    unit: units.OpsPerSecond,
    queries: [{ expression: perSecond('usage_rejected_total', instances, 'code'), legend: '{{code}}' }],
  });

export const shedByReason = () =>
  chart({
    title: 'Shed by reason',
    description:
      'Requests refused with 503 and Retry-After so that the rest is served, and clients that left before their answer. Healthy is none.',
    unit: units.RequestsPerSecond,
    badFrom: 1,
    queries: [
      { expression: perSecond('usage_shed_total', instances, 'reason'), legend: '{{reason}}' },
      { expression: perSecond('usage_http_abandoned_total'), legend: 'client left' },
    ],
  });

export const acknowledgement = () =>
  chart({
    title: 'Acknowledged',
    description:
      'From the request line read to the 201 or 207 given to the socket. Objective: 99 % within 100 ms.',
    unit: units.Seconds,
    warnFrom: 0.05,
    badFrom: 0.1,
    queries: quantiles('usage_http_request_duration_seconds', acknowledged),
  });

export const append = () =>
  chart({
    title: 'Append',
    description:
      'From a group given to the log to its durability: the disk, or Kafka’s in-sync replicas. Where it is slow, everything before it is.',
    unit: units.Seconds,
    warnFrom: 0.025,
    badFrom: 0.1,
    queries: quantiles('usage_append_duration_seconds', logs, 'log'),
  });

export const waitingBytes = () =>
  chart({
    title: 'Waiting bytes',
    description:
      'Bodies and rows that a front holds. At USAGE_FRONT_WAITING_BYTES_MAX (32 MiB by default) it sheds.',
    unit: units.BytesIEC,
    warnFrom: 16 * 1024 * 1024,
    badFrom: 32 * 1024 * 1024,
    queries: [
      {
        expression: `max by (instance, worker) (usage_front_waiting_bytes{${instances}})`,
        legend: '{{instance}} front {{worker}}',
      },
    ],
  });

export const eventLoop = () =>
  chart({
    title: 'Event loop',
    description:
      'Share of time in which a process was busy. Lasting over 90 %: latency grows, then it sheds.',
    unit: units.PercentUnit,
    warnFrom: 0.7,
    badFrom: 0.9,
    max: 1,
    queries: [
      {
        expression: `max by (instance, role, worker) (usage_event_loop_utilization{${instances}})`,
        legend: '{{instance}} {{role}} {{worker}}',
      },
    ],
  });

export const backlog = () =>
  chart({
    title: 'Backlog',
    description: 'Records in the log that are not in Postgres yet. A wave is normal, a slope is not.',
    unit: units.Short,
    queries: [
      {
        expression: `sum by (instance, log) (usage_log_backlog_records{${logs}})`,
        legend: '{{instance}} {{log}}',
      },
    ],
  });

export const oldestUnstored = () =>
  chart({
    title: 'Oldest unstored',
    description: 'Age of the oldest record that is not in Postgres yet: how old the picture in Postgres is.',
    unit: units.Seconds,
    warnFrom: 60,
    badFrom: 300,
    queries: [
      {
        expression: `max by (instance, log) (usage_log_oldest_seconds{${logs}})`,
        legend: '{{instance}} {{log}}',
      },
    ],
  });

export const logFill = () =>
  chart({
    title: 'Log fill',
    description:
      'Bytes held against the bound. Stored segments are kept while there is room, so full is normal under load, unless "Oldest unstored" grows too: then it is what is left until requests get 503.',
    unit: units.PercentUnit,
    warnFrom: 0.8,
    badFrom: 0.95,
    max: 1,
    queries: [
      {
        expression: `max by (instance, log) (usage_log_bytes{${logs}}) / (max by (instance, log) (usage_log_bytes_max{${logs}}) > 0)`,
        legend: '{{instance}} {{log}}',
      },
    ],
  });

export const storeTransaction = () =>
  chart({
    title: 'Transaction',
    description: 'One transaction of the writer, begin to commit. It shows how Postgres feels.',
    unit: units.Seconds,
    warnFrom: 0.5,
    badFrom: 2.5,
    queries: quantiles('usage_store_duration_seconds', logs, 'log'),
  });

export const ingestLag = () =>
  chart({
    title: 'Received to stored',
    description: 'Once a record: from the moment a front formed it until it was committed in Postgres.',
    unit: units.Seconds,
    warnFrom: 10,
    badFrom: 300,
    queries: quantiles('usage_ingest_lag_seconds', logs, 'log'),
  });

export const cpu = () =>
  chart({
    title: 'CPU',
    description: 'Cores that each process uses, user and system. A front at 1 has a whole core: it is full.',
    unit: units.Short,
    queries: [
      {
        expression: `sum by (instance, role, worker) (rate(usage_process_cpu_seconds_total{${instances}}[$__rate_interval]))`,
        legend: '{{instance}} {{role}} {{worker}}',
      },
    ],
  });

export const memory = () =>
  chart({
    title: 'Memory',
    description:
      'Resident memory of each process. It is bounded under any load; a slope over days is a leak.',
    unit: units.BytesIEC,
    warnFrom: 200 * 1024 * 1024,
    badFrom: 400 * 1024 * 1024,
    queries: [
      {
        expression: `max by (instance, role, worker) (usage_process_resident_memory_bytes{${instances}})`,
        legend: '{{instance}} {{role}} {{worker}}',
      },
    ],
  });
