/** `src/log/kafka/raw-requests.ts`: what is asked of one broker over its own socket, without kafkajs. */

import { world } from '../world/world.ts';
import type { BrokerSocket } from './node-net.ts';

interface TopicLeaders {
  readonly topicId: string;
  readonly partitions: ReadonlyMap<number, { readonly leader: number; readonly epoch: number }>;
  readonly brokers: ReadonlyMap<number, { readonly host: string; readonly port: number }>;
}

/** Answered once the broker has read the question. @throws where it is not there any more, or the connection is another's */
function asked<T>({ broker: id, run }: BrokerSocket, answer: () => T): Promise<T> {
  const { kafka, scheduler } = world();
  const process = scheduler.current;
  return new Promise((resolve, reject) => {
    const arrive = () => {
      const broker = kafka.brokers[id]!;
      const isLost = !broker.isUp || broker.runs !== run || kafka.happens('loseRequest');
      if (!isLost && kafka.isHung(broker)) {
        scheduler.after(broker.hungUntilMs - scheduler.nowMs, arrive, null);
        return;
      }
      const told = isLost ? null : answer();
      const tell = () => (told === null ? reject(new Error('Kafka closed the connection')) : resolve(told));
      scheduler.after(kafka.latencyMs(), tell, process);
    };
    scheduler.after(kafka.latencyMs(), arrive, null);
  });
}

export function tellsTopicIds(socket: BrokerSocket): Promise<boolean> {
  return asked(socket, () => true);
}

/** What one broker knows: of the partitions that it leads all, of others perhaps what was before. */
export function askForLeaders(socket: BrokerSocket): Promise<TopicLeaders> {
  return asked(socket, () => {
    const { kafka } = world();
    if (!kafka.topic) return null as never;
    const before = kafka.happens('staleMetadata') ? kafka.viewBefore : null;
    const partitions = kafka.topic.partitions.map(({ number, leader, epoch }) => {
      const old =
        leader === socket.broker ? undefined : before?.find(({ partitionId }) => partitionId === number);
      const isTold = old && old.leader !== socket.broker;
      return [number, isTold ? { leader: old.leader, epoch: old.leaderEpoch } : { leader, epoch }] as const;
    });
    return {
      topicId: String(kafka.topic.id),
      partitions: new Map(partitions),
      brokers: new Map(kafka.brokers.map(({ id }) => [id, { host: 'simulated', port: id + 1 }] as const)),
    };
  });
}

/** The simulated broker tells of no rights. */
export function askForTopicRights(socket: BrokerSocket): Promise<Buffer> {
  return asked(socket, () => Buffer.alloc(0));
}

export function askForGroupRight(socket: BrokerSocket): Promise<Buffer> {
  return asked(socket, () => Buffer.alloc(0));
}

export function topicOperations(): number | null {
  return null;
}

export function groupDenied(): boolean {
  return false;
}
