/** The writers' consumer group: it spreads the partitions over its members, and anew at every change. */

import type { Process } from '../world/scheduler.ts';
import type { KafkaCluster } from './cluster.ts';

export interface Member {
  readonly id: number;
  readonly process: Process;
  readonly sessionTimeoutMs: number;
  heardAtMs: number;
  /** Of which it was told last. */
  generation: number;
}

const expiryEveryMs = 500;

export class ConsumerGroup {
  generation = 0;
  readonly committed = new Map<number, number>();
  readonly #cluster: KafkaCluster;
  readonly #members = new Map<number, Member>();
  #assignment = new Map<number, number[]>();
  #nextId = 1;
  #isRebalancing = false;
  #isWatching = false;

  constructor(cluster: KafkaCluster) {
    this.#cluster = cluster;
  }

  join(process: Process, sessionTimeoutMs: number): Member {
    const { nowMs } = this.#cluster.scheduler;
    const member = { id: this.#nextId++, process, sessionTimeoutMs, heardAtMs: nowMs, generation: -1 };
    this.#members.set(member.id, member);
    this.rebalanceSoon();
    this.#watch();
    return member;
  }

  leave(member: Member): void {
    if (this.#members.delete(member.id)) this.rebalanceSoon();
  }

  /** False where the group knows it no more: it has to join anew. */
  heartbeat(member: Member): boolean {
    if (!this.#members.has(member.id)) return false;
    member.heardAtMs = this.#cluster.scheduler.nowMs;
    return true;
  }

  /** Null while there is none of this generation. */
  assignmentOf(member: Member): number[] | null {
    return this.#isRebalancing ? null : (this.#assignment.get(member.id) ?? null);
  }

  rebalanceSoon(): void {
    if (this.#isRebalancing) return;
    this.#isRebalancing = true;
    const { scheduler, chance } = this.#cluster;
    scheduler.after(chance.integer(20, 600), () => this.#assign(), null);
  }

  #assign(): void {
    this.#isRebalancing = false;
    this.generation += 1;
    const members = [...this.#members.values()];
    this.#assignment = new Map(members.map(({ id }) => [id, []]));
    const partitions = this.#cluster.topic?.partitions ?? [];
    for (const { number } of partitions) {
      const member = members[(number + this.generation) % Math.max(1, members.length)];
      if (member) this.#assignment.get(member.id)!.push(number);
    }
  }

  /** Members that were not heard of for their session's time are out. */
  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    const look = () => {
      const { nowMs } = this.#cluster.scheduler;
      for (const member of [...this.#members.values()])
        if (nowMs - member.heardAtMs > member.sessionTimeoutMs) this.leave(member);
      this.#isWatching = this.#members.size > 0;
      if (this.#isWatching) this.#cluster.scheduler.after(expiryEveryMs, look, null);
    };
    this.#cluster.scheduler.after(expiryEveryMs, look, null);
  }
}
