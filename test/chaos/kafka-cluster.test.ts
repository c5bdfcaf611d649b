/** Three brokers, three replicas, two in sync: the loss of one broker, then of another, is no client's business. */

import { after, test } from 'node:test';
import type { KafkaCluster } from '../../kafka/cluster.ts';
import { runConservation } from '../support/conservation.ts';
import { skipWithoutKafka, startOwnKafka } from '../support/kafka.ts';
import { kafkaEnvironment } from '../support/kafka-instance.ts';

const kafka = await startOwnKafka({ nodes: 3 });
after(() => kafka?.stop());

/** Kills a broker, brings it back, and waits until it is a member again. */
async function loseAndBringBack(cluster: KafkaCluster, index: number): Promise<void> {
  const node = cluster.nodes[index]!;
  node.kill('SIGKILL');
  await node.ended();
  await node.start();
  await cluster.ready();
}

test('one broker of three killed and brought back, then another: no 5xx, nothing lost, nothing twice', {
  skip: skipWithoutKafka(kafka),
}, async () => {
  const { cluster } = kafka!;
  await runConservation({
    kills: 3,
    env: kafkaEnvironment(kafka!.brokers),
    targets: [],
    mishaps: {
      'broker 1': () => loseAndBringBack(cluster, 0),
      'broker 2': () => loseAndBringBack(cluster, 1),
      'broker 3': () => loseAndBringBack(cluster, 2),
    },
    refusals: 'none',
  });
});
