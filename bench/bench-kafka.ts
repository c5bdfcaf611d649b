/** The one broker that a run shares, where it can be had. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKafkaCluster, type KafkaCluster } from '../kafka/cluster.ts';
import type { BenchContext } from './subject.ts';

export interface BenchKafka {
  /** @throws KafkaNotRunnableError where the machine cannot run one */
  start(): Promise<NonNullable<BenchContext['kafka']>>;
  /** Also after a start that failed. */
  stop(): Promise<void>;
}

export function createBenchKafka(): BenchKafka {
  let folder: string | null = null;
  let cluster: KafkaCluster | null = null;
  return {
    async start() {
      folder = await mkdtemp(join(tmpdir(), 'bench-broker-'));
      cluster = await createKafkaCluster({ folder, nodes: 1, port: 0, purpose: 'service' });
      await cluster.start();
      return { brokers: cluster.brokers, pids: cluster.nodes.map(({ pid }) => pid!) };
    },
    async stop() {
      await cluster?.stop();
      if (folder !== null) await rm(folder, { recursive: true, force: true });
    },
  };
}
