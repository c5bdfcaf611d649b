/** For digging into the writer: does it keep up, and what does Postgres make of it. */

import * as units from '@grafana/grafana-foundation-sdk/units';
import { buildDashboard } from './dashboard.ts';
import { chart, instances, logs, perSecond } from './panel.ts';
import * as signals from './signals.ts';

const repeats = () =>
  chart({
    title: 'Share of repeats',
    description: 'Usages that were in Postgres already. They cost a staged insert instead of a plain COPY.',
    unit: units.PercentUnit,
    warnFrom: 0.2,
    queries: [
      {
        expression: `${perSecond('usage_duplicate_total')} / (${perSecond('usage_stored_total')} + ${perSecond('usage_duplicate_total')} > 0)`,
        legend: 'repeats',
      },
    ],
  });

const transactions = () =>
  chart({
    title: 'Transactions',
    description: 'Batches committed a second.',
    unit: units.OpsPerSecond,
    queries: [
      { expression: perSecond('usage_store_duration_seconds_count', logs, 'log'), legend: '{{log}}' },
    ],
  });

const usagesATransaction = () =>
  chart({
    title: 'Usages a transaction',
    description: 'Batches grow with the backlog, so that it is worked off faster.',
    unit: units.Short,
    queries: [
      {
        expression: `(${perSecond('usage_stored_total')} + ${perSecond('usage_duplicate_total')}) / (${perSecond('usage_store_duration_seconds_count')} > 0)`,
        legend: 'usages',
      },
    ],
  });

const deadLetters = () =>
  chart({
    title: 'Dead letters and conflicts',
    description:
      'Lines that Postgres refused, and usages dropped for another one of the same identity (usage_conflicts), in the last hour. Healthy is 0.',
    unit: units.Short,
    badFrom: 1,
    queries: [
      {
        expression: `sum by (instance) (increase(usage_dead_letters_total{${instances}}[1h]))`,
        legend: '{{instance}}',
      },
      {
        expression: `sum by (instance) (increase(usage_conflicts_total{${instances}}[1h]))`,
        legend: '{{instance}} conflicts',
      },
    ],
  });

const stopped = () =>
  chart({
    title: 'Stopped partitions',
    description:
      'Parts of a log that wait for an operator, by reason, and gaps found since the start. Healthy is 0.',
    unit: units.Short,
    badFrom: 1,
    queries: [
      {
        expression: `sum by (instance, reason) (usage_partitions_stopped{${instances}})`,
        legend: '{{instance}} {{reason}}',
      },
      {
        expression: `sum by (instance) (usage_log_gaps_total{${instances}})`,
        legend: '{{instance}} gaps found',
      },
    ],
  });

const cpuAUsage = () =>
  chart({
    title: 'CPU a usage',
    description:
      'The writer’s own CPU for each usage it stores. It moves bytes and never parses one: below 1 µs.',
    unit: units.Seconds,
    badFrom: 0.000005,
    queries: [
      {
        expression: `${perSecond('usage_process_cpu_seconds_total', `${instances}, role="writer"`)} / (${perSecond('usage_stored_total')} + ${perSecond('usage_duplicate_total')} > 0)`,
        legend: 'CPU',
      },
    ],
  });

export const writer = buildDashboard({
  uid: 'usage-ingest-writer',
  title: 'usage-ingest: writer',
  description: 'The process that stores what the log holds in Postgres, exactly once.',
  rows: [
    { title: 'Traffic', panels: [signals.acceptedAndStored(), transactions(), usagesATransaction()] },
    { title: 'Errors', panels: [deadLetters(), stopped(), repeats()] },
    { title: 'Latency', panels: [signals.ingestLag(), signals.storeTransaction(), signals.oldestUnstored()] },
    { title: 'Saturation', panels: [signals.backlog(), signals.logFill(), cpuAUsage()] },
  ],
});
