/** Everything that the benchmark measures, by name. */

import { settingsSchema } from '../src/config/settings.ts';
import { createKafkaDrain, createLocalDrain } from './drain-trial.ts';
import { createKafkaFront } from './front-alone-subject.ts';
import { createKafka, createLocal } from './ingest-subject.ts';
import { createBare, createBareDurable, createBareKafka } from './limits/bare-subject.ts';
import { createCopyTrial } from './limits/copy-trial.ts';
import { groupBytes } from './limits/disk-rate.ts';
import { createFsyncTrial } from './limits/fsync-trial.ts';
import { createExpressArray } from './peers/express-subject.ts';
import { createFastifyInsert } from './peers/insert-subject.ts';
import { createFastifyKafkajs } from './peers/kafkajs-subject.ts';
import type { CreateSubject, CreateTrial } from './subject.ts';

export const subjects = {
  local: createLocal,
  kafka: createKafka,
  'kafka-front': createKafkaFront,
  bare: createBare,
  'bare-durable': createBareDurable,
  'bare-kafka': createBareKafka,
  'express-array': createExpressArray,
  'fastify-kafkajs': createFastifyKafkajs,
  'fastify-insert': createFastifyInsert,
} as const satisfies Record<string, CreateSubject>;

/** What the drain of a default server uses at once: a partition a front, over the writer's connections at the most. */
const { USAGE_FRONTS, USAGE_WRITER_CONNECTIONS } = settingsSchema.parse({});
const connections = Math.min(USAGE_FRONTS, USAGE_WRITER_CONNECTIONS);

export const trials = {
  local: createLocalDrain,
  kafka: createKafkaDrain,
  copy: (context) => createCopyTrial(context, { staged: false, connections }),
  'copy-staged': (context) => createCopyTrial(context, { staged: true, connections }),
  'fsync-small': (context) => createFsyncTrial(context, groupBytes[0]),
  'fsync-large': (context) => createFsyncTrial(context, groupBytes[1]),
} as const satisfies Record<string, CreateTrial>;

export type SubjectKey = keyof typeof subjects;
export type TrialKey = keyof typeof trials;

/** Those that cannot be measured without a Kafka. */
export const needsKafka: ReadonlySet<SubjectKey | TrialKey> = new Set([
  'kafka',
  'kafka-front',
  'bare-kafka',
  'fastify-kafkajs',
] as const);
