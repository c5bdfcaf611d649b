/** Only where the log is Kafka: is it there, is it set safely, and what went to the spool instead. */

import * as units from '@grafana/grafana-foundation-sdk/units';
import { buildDashboard } from './dashboard.ts';
import { chart, instances, perSecond } from './panel.ts';
import * as signals from './signals.ts';

const up = () =>
  chart({
    title: 'Kafka there',
    description: '1 while an instance can append to Kafka; 0: it appends to its local log.',
    unit: units.Short,
    max: 1,
    goodFrom: 1,
    queries: [{ expression: `min by (instance) (usage_kafka_up{${instances}})`, legend: '{{instance}}' }],
  });

const weak = () =>
  chart({
    title: 'Weak settings',
    description:
      'How many settings of the topic let Kafka lose what it acknowledged: replication, min.insync.replicas, unclean election.',
    unit: units.Short,
    badFrom: 1,
    queries: [{ expression: `max by (instance) (usage_kafka_weak{${instances}})`, legend: '{{instance}}' }],
  });

const spooled = () =>
  chart({
    title: 'Spooled',
    description: 'Usages a second that went to the local log instead of Kafka. Healthy is none.',
    unit: units.OpsPerSecond,
    badFrom: 1,
    queries: [
      { expression: perSecond('usage_spooled_total', instances, 'instance'), legend: '{{instance}}' },
    ],
  });

const relayed = () =>
  chart({
    title: 'Relayed',
    description: 'Usages a second that the relay brought from the local log into Kafka, once it was back.',
    unit: units.OpsPerSecond,
    queries: [
      { expression: perSecond('usage_relayed_total', instances, 'instance'), legend: '{{instance}}' },
    ],
  });

export const kafka = buildDashboard({
  uid: 'usage-ingest-kafka',
  title: 'usage-ingest: Kafka',
  description: 'Kafka as the log, and the local log as its spool. Empty where there is no Kafka.',
  rows: [
    { title: 'Kafka', panels: [up(), weak()] },
    { title: 'Spool', panels: [spooled(), relayed()] },
    { title: 'By log', panels: [signals.append(), signals.backlog(), signals.oldestUnstored()] },
  ],
});
