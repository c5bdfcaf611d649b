/**
 * Three brokers, one topic and one consumer group. A record is acknowledged once it is replicated; what a leader had
 * not replicated is gone when it loses its partition. Readers see what is replicated alone.
 */

import type { Random } from '../world/random.ts';
import type { Scheduler } from '../world/scheduler.ts';
import { ConsumerGroup } from './consumer-group.ts';

export interface StoredRecord {
  readonly offset: number;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface PartitionLog {
  readonly number: number;
  leader: number;
  epoch: number;
  isr: number[];
  /** The oldest offset that is held. */
  first: number;
  readonly records: StoredRecord[];
  /** Records before it are on all in-sync replicas. */
  highWatermark: number;
  end: number;
}

export interface Topic {
  readonly id: number;
  readonly partitions: PartitionLog[];
}

export interface Broker {
  readonly id: number;
  isUp: boolean;
  /** How often it was started. */
  runs: number;
  /** Takes connections and answers nothing until then. */
  hungUntilMs: number;
}

/** Probabilities a request, while a fault lasts. */
export interface KafkaFaults {
  /** The connection closes before the broker has the request. */
  loseRequest: number;
  /** It closes after the broker has done what was asked. */
  loseAnswer: number;
  /** The broker takes up to some seconds. */
  slow: number;
  /** A broker tells what was so before the latest change. */
  staleMetadata: number;
  /** A consumer falls silent for good (tulios/kafkajs#919). */
  stuckConsumer: number;
}

export const noKafkaFaults: KafkaFaults = {
  loseRequest: 0,
  loseAnswer: 0,
  slow: 0,
  staleMetadata: 0,
  stuckConsumer: 0,
};

export interface PartitionView {
  readonly partitionErrorCode: number;
  readonly partitionId: number;
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly replicas: number[];
  readonly isr: number[];
  readonly offlineReplicas: number[];
}

export const inSyncMin = 2;

export class KafkaCluster {
  readonly clusterId = 'simulated';
  readonly brokers: Broker[] = [0, 1, 2].map((id) => ({ id, isUp: true, runs: 0, hungUntilMs: 0 }));
  topic: Topic | null = null;
  faults: KafkaFaults = noKafkaFaults;
  readonly group: ConsumerGroup;
  /** Told of records that the brokers lost though they were acknowledged, and of the partition they were in. */
  onDestroyed: (partition: number, records: readonly StoredRecord[]) => void = () => {};
  readonly scheduler: Scheduler;
  readonly chance: Random;
  #before: PartitionView[] | null = null;
  #topics = 0;

  constructor(scheduler: Scheduler, chance: Random) {
    this.scheduler = scheduler;
    this.chance = chance;
    this.group = new ConsumerGroup(this);
  }

  latencyMs(): number {
    if (this.happens('slow')) return this.chance.integer(50, 4_000);
    return 0.2 + this.chance.fraction() * 2;
  }

  happens(fault: keyof KafkaFaults): boolean {
    const probability = this.faults[fault];
    return probability > 0 && this.chance.chance(probability);
  }

  isHung({ hungUntilMs }: Broker): boolean {
    return hungUntilMs > this.scheduler.nowMs;
  }

  answers(id: number): boolean {
    const broker = this.brokers[id];
    return broker ? broker.isUp && !this.isHung(broker) : false;
  }

  get isReachable(): boolean {
    return this.brokers.some(({ id }) => this.answers(id));
  }

  makeTopic(partitions: number): void {
    if (this.topic) return;
    this.#remember();
    const isr = this.brokers.filter(({ isUp }) => isUp).map(({ id }) => id);
    this.topic = {
      id: ++this.#topics,
      partitions: Array.from({ length: partitions }, (_, number) => ({
        number,
        leader: isr[number % Math.max(1, isr.length)] ?? -1,
        epoch: 0,
        isr: [...isr],
        first: 0,
        records: [],
        highWatermark: 0,
        end: 0,
      })),
    };
    this.group.rebalanceSoon();
  }

  /** The topic is deleted and made anew: everything in it is gone. */
  remakeTopic(partitions: number): void {
    const old = this.topic;
    if (!old) return;
    this.#remember();
    this.topic = null;
    for (const { number, records } of old.partitions) this.onDestroyed(number, records);
    this.makeTopic(partitions);
  }

  addPartitions(to: number): void {
    const { topic } = this;
    // Nobody can, while there is nobody to ask.
    if (!topic || !this.isReachable) return;
    this.#remember();
    const isr = this.brokers.filter(({ isUp }) => isUp).map(({ id }) => id);
    while (topic.partitions.length < to)
      topic.partitions.push({
        number: topic.partitions.length,
        leader: isr[topic.partitions.length % Math.max(1, isr.length)] ?? -1,
        epoch: 0,
        isr: [...isr],
        first: 0,
        records: [],
        highWatermark: 0,
        end: 0,
      });
    this.group.rebalanceSoon();
  }

  view(): PartitionView[] | null {
    if (this.happens('staleMetadata')) return this.#before;
    return this.#view();
  }

  /** As it was before the latest change. */
  get viewBefore(): PartitionView[] | null {
    return this.#before;
  }

  #view(): PartitionView[] | null {
    return (
      this.topic?.partitions.map(({ number, leader, epoch, isr }) => ({
        partitionErrorCode: leader < 0 ? 5 : 0,
        partitionId: number,
        leader,
        leaderEpoch: epoch,
        replicas: [0, 1, 2],
        isr: [...isr],
        offlineReplicas: [],
      })) ?? null
    );
  }

  #remember(): void {
    this.#before = this.#view();
  }

  /** At its leader, and on no other broker yet. */
  append(log: PartitionLog, value: Buffer | null, headers: Record<string, string>): StoredRecord {
    const record = { offset: log.end, value, headers };
    log.records.push(record);
    log.end += 1;
    return record;
  }

  replicate(log: PartitionLog, record: StoredRecord): boolean {
    if (!log.records.includes(record)) return false;
    log.highWatermark = Math.max(log.highWatermark, record.offset + 1);
    return true;
  }

  stopBroker(id: number): void {
    this.brokers[id]!.isUp = false;
    this.scheduler.after(this.chance.integer(20, 2_000), () => this.#elect(), null);
  }

  startBroker(id: number): void {
    this.brokers[id]!.isUp = true;
    this.brokers[id]!.runs += 1;
    this.brokers[id]!.hungUntilMs = 0;
    this.scheduler.after(this.chance.integer(20, 2_000), () => this.#elect(), null);
  }

  /** Leaders go to other brokers, as after a restart or by an operator. */
  moveLeaders(): void {
    this.#remember();
    for (const log of this.topic?.partitions ?? []) {
      const others = log.isr.filter((id) => id !== log.leader && this.brokers[id]!.isUp);
      if (others.length > 0 && this.chance.chance(0.7)) this.#lead(log, this.chance.pick(others));
    }
  }

  #elect(): void {
    this.#remember();
    for (const log of this.topic?.partitions ?? []) {
      const up = this.brokers.filter(({ isUp }) => isUp).map(({ id }) => id);
      const inSync = log.isr.filter((id) => up.includes(id));
      // The last replica in sync stays the one to wait for.
      if (inSync.length === 0) {
        log.leader = -1;
        continue;
      }
      if (!inSync.includes(log.leader)) this.#lead(log, this.chance.pick(inSync));
      log.isr = up;
    }
  }

  #lead(log: PartitionLog, leader: number): void {
    log.leader = leader;
    log.epoch += 1;
    this.#cut(log, log.highWatermark);
  }

  #cut(log: PartitionLog, end: number): void {
    const kept = log.records.findIndex(({ offset }) => offset >= end);
    if (kept >= 0) log.records.splice(kept);
    log.end = end;
  }

  /** An unclean election: records that were acknowledged are gone. */
  truncate(log: PartitionLog, end: number): void {
    const lost = log.records.filter(({ offset }) => offset >= end && offset < log.highWatermark);
    if (lost.length === 0) return;
    log.epoch += 1;
    this.#cut(log, end);
    log.highWatermark = end;
    this.onDestroyed(log.number, lost);
  }

  /** Retention removes the oldest, read or not. */
  expire(log: PartitionLog, first: number): void {
    const lost = log.records.filter(({ offset }) => offset < first);
    log.records.splice(0, lost.length);
    log.first = first;
    this.onDestroyed(log.number, lost);
  }
}
