/** How subjects, scenarios and stages are called on paper. */

import { rateText } from '../figures.ts';
import type { Measurement, ScenarioName, Stage, SubjectName } from '../result.ts';

export const subjectNames: Readonly<Record<SubjectName, string>> = {
  local: 'usage-ingest, local log',
  kafka: 'usage-ingest, Kafka',
  'kafka-front': 'usage-ingest, a front and Kafka alone',
  bare: 'bare uWebSockets.js',
  'bare-durable': 'bare + a durable write',
  'bare-kafka': 'bare + a send to Kafka',
  'express-array': 'Express, array',
  'fastify-kafkajs': 'Fastify + kafkajs',
  'fastify-insert': 'Fastify + INSERT',
  copy: 'COPY, client in C',
  'copy-staged': 'staged COPY, client in C',
  fsync: 'durable write',
};

export const scenarioNames: Readonly<Record<ScenarioName, string>> = {
  single: 'single usages',
  'single-autocannon': 'single usages, by autocannon',
  'single-reconnect': 'single usages, a connection each',
  batch: 'arrays of 100',
  ndjson: 'NDJSON of 1,000, gzipped',
  staircase: 'staircase',
  drain: 'drain',
  'drain-repeats': 'drain, 5 % repeats',
  soak: 'soak',
  disk: 'the disk',
};

export const stageNames: Readonly<Record<Stage, string>> = {
  subject: 'the whole program',
  front: 'front and its log',
  log: 'relay',
  broker: 'Kafka broker',
  writer: 'writer',
  postgres: 'Postgres',
  supervisor: 'supervisor',
  load: 'load generator',
};

/** "staircase at 16,700/s, usage-ingest, local log" */
export const placeOf = ({ scenario, subject, offeredRate }: Measurement): string =>
  `${scenarioNames[scenario]}${rateText(offeredRate)}, ${subjectNames[subject]}`;
