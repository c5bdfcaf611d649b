/** The consumer of kafkajs, as far as the product uses it. */

import type { Process } from '../world/scheduler.ts';
import { thisProcess, world } from '../world/world.ts';
import type { Member } from './consumer-group.ts';
import { type ClientOptions, connectionError, reach } from './kafkajs.ts';

interface ConsumerOptions {
  readonly sessionTimeout: number;
  readonly heartbeatInterval: number;
  readonly maxWaitTimeInMs: number;
}

interface Message {
  readonly offset: string;
  readonly value: Buffer | null;
  readonly headers: Record<string, Buffer>;
}

interface Batch {
  readonly topic: string;
  readonly partition: number;
  readonly fetchedOffset: string;
  readonly highWatermark: string;
  readonly messages: Message[];
  readonly rawMessages: Message[];
  firstOffset(): string | null;
  lastOffset(): string;
}

interface BatchPayload {
  readonly batch: Batch;
  resolveOffset(offset: string): void;
  isStale(): boolean;
  isRunning(): boolean;
}

interface RunOptions {
  eachBatch(payload: BatchPayload): Promise<void>;
}

interface TopicPartitions {
  readonly topic: string;
  readonly partitions?: readonly number[];
}

const fetchBytes = 1024 * 1024;
const failuresMax = 4;

export class VirtualConsumer {
  readonly events = {
    FETCH: 'consumer.fetch',
    HEARTBEAT: 'consumer.heartbeat',
    GROUP_JOIN: 'consumer.group_join',
    CRASH: 'consumer.crash',
  } as const;
  readonly #client: ClientOptions;
  readonly #options: ConsumerOptions;
  readonly #process: Process;
  readonly #listeners = new Map<string, ((event: { payload: unknown }) => void)[]>();
  #topic = '';
  #member: Member | null = null;
  #run: RunOptions | null = null;
  #isRunning = false;
  #isStuck = false;
  #failures = 0;
  #assigned: number[] = [];
  readonly #paused = new Set<number>();
  readonly #seeks = new Map<number, number>();
  readonly #next = new Map<number, number>();
  #heartbeatAtMs = 0;

  constructor(client: ClientOptions, options: ConsumerOptions) {
    this.#client = client;
    this.#options = options;
    this.#process = thisProcess();
  }

  on(event: string, listener: (event: { payload: unknown }) => void): () => void {
    const listeners = this.#listeners.get(event) ?? [];
    listeners.push(listener);
    this.#listeners.set(event, listeners);
    return () => void listeners.splice(listeners.indexOf(listener), 1);
  }

  #emit(event: string, payload: unknown): void {
    for (const listener of this.#listeners.get(event) ?? []) listener({ payload });
  }

  async connect(): Promise<void> {
    await reach(this.#client);
  }

  async subscribe({ topic }: { topic: string }): Promise<void> {
    this.#topic = topic;
  }

  async run(options: RunOptions): Promise<void> {
    this.#run = options;
    this.#isRunning = true;
    await this.#join();
    this.#loop();
  }

  async disconnect(): Promise<void> {
    this.#isRunning = false;
    if (this.#isStuck) return new Promise(() => {});
    const member = this.#member;
    this.#member = null;
    await reach(this.#client).then(
      () => member && world().kafka.group.leave(member),
      () => {},
    );
  }

  pause(topics: readonly TopicPartitions[]): void {
    this.#mustRun('pause');
    for (const { partitions } of topics) for (const each of partitions ?? []) this.#paused.add(each);
  }

  resume(topics: readonly TopicPartitions[]): void {
    this.#mustRun('resume');
    for (const { partitions } of topics) for (const each of partitions ?? []) this.#paused.delete(each);
  }

  seek({ partition, offset }: { topic: string; partition: number; offset: string }): void {
    this.#mustRun('seek');
    this.#seeks.set(partition, Number(offset));
  }

  async commitOffsets(offsets: readonly { partition: number; offset: string }[]): Promise<void> {
    await reach(this.#client);
    for (const { partition, offset } of offsets) world().kafka.group.committed.set(partition, Number(offset));
  }

  #mustRun(what: string): void {
    if (!this.#member)
      throw new Error(`Consumer group was not initialized, consumer#run must be called first (${what})`);
  }

  /** Waits until the group has an assignment for us, and tells of it. */
  async #join(): Promise<void> {
    const { kafka, scheduler } = world();
    try {
      await reach(this.#client);
    } catch (error) {
      this.#crash(error);
      return;
    }
    if (!this.#isRunning) return;
    this.#member = kafka.group.join(this.#process, this.#options.sessionTimeout);
    await this.#assignment();
    this.#heartbeatAtMs = scheduler.nowMs;
  }

  #assignment(): Promise<void> {
    const { kafka, scheduler } = world();
    return new Promise((resolve) => {
      const look = () => {
        const member = this.#member;
        if (!this.#isRunning || !member) return resolve();
        if (kafka.isReachable) kafka.group.heartbeat(member);
        const partitions = kafka.isReachable ? kafka.group.assignmentOf(member) : null;
        if (!partitions || member.generation === kafka.group.generation) {
          scheduler.after(50, look);
          return;
        }
        member.generation = kafka.group.generation;
        this.#assigned = partitions;
        this.#next.clear();
        this.#seeks.clear();
        for (const each of [...this.#paused]) if (!partitions.includes(each)) this.#paused.delete(each);
        for (const each of partitions) this.#next.set(each, kafka.group.committed.get(each) ?? 0);
        this.#emit(this.events.GROUP_JOIN, {
          memberId: String(member.id),
          memberAssignment: { [this.#topic]: partitions },
        });
        resolve();
      };
      scheduler.after(kafka.latencyMs(), look);
    });
  }

  #crash(error: unknown): void {
    this.#isRunning = false;
    this.#emit(this.events.CRASH, { error, restart: false });
  }

  #loop(): void {
    const { kafka, scheduler } = world();
    if (!this.#isRunning) return;
    if (kafka.happens('stuckConsumer')) {
      this.#isStuck = true;
      return;
    }
    const member = this.#member;
    if (!member) return;
    if (kafka.isReachable && scheduler.nowMs - this.#heartbeatAtMs >= this.#options.heartbeatInterval) {
      this.#heartbeatAtMs = scheduler.nowMs;
      if (!kafka.group.heartbeat(member)) {
        void this.#join().then(() => this.#loop());
        return;
      }
      this.#emit(this.events.HEARTBEAT, {});
    }
    if (member.generation !== kafka.group.generation) {
      void this.#assignment().then(() => this.#loop());
      return;
    }
    const requests = this.#assigned.filter((each) => !this.#paused.has(each)).map((each) => this.#from(each));
    // Less than is asked for is there nearly always: the broker waits before it answers.
    scheduler.after(this.#options.maxWaitTimeInMs + kafka.latencyMs(), () => void this.#fetched(requests));
  }

  #from(partition: number): { partition: number; offset: number } {
    const sought = this.#seeks.get(partition);
    if (sought !== undefined) {
      this.#next.set(partition, sought);
      this.#seeks.delete(partition);
    }
    return { partition, offset: this.#next.get(partition) ?? 0 };
  }

  async #fetched(requests: readonly { partition: number; offset: number }[]): Promise<void> {
    const { kafka, scheduler } = world();
    if (!this.#isRunning) return;
    const isThere = kafka.isReachable && kafka.topic !== null && !kafka.happens('loseRequest');
    this.#failures = isThere ? 0 : this.#failures + 1;
    if (this.#failures > failuresMax)
      return this.#crash(connectionError('Connection error: closed', { broker: 'simulated' }));
    if (!isThere) {
      scheduler.after(50 * 2 ** this.#failures, () => this.#loop());
      return;
    }
    for (const request of requests) await this.#deliver(request.partition, request.offset);
    this.#emit(this.events.FETCH, { numberOfBatches: 0, duration: 0 });
    this.#loop();
  }

  async #deliver(partition: number, offset: number): Promise<void> {
    const { kafka } = world();
    const log = kafka.topic?.partitions[partition];
    if (!log || !kafka.answers(log.leader) || this.#seeks.has(partition) || this.#paused.has(partition))
      return;
    if (offset < log.first || offset > log.end) {
      // As kafkajs does: on from the default offset, with a line in a log.
      this.#next.set(partition, log.first);
      return;
    }
    const messages: Message[] = [];
    let bytes = 0;
    for (const record of log.records) {
      if (record.offset < offset) continue;
      if (record.offset >= log.highWatermark || bytes > fetchBytes) break;
      bytes += record.value?.length ?? 0;
      messages.push({
        offset: String(record.offset),
        value: record.value,
        headers: Object.fromEntries(
          Object.entries(record.headers).map(([name, value]) => [name, Buffer.from(value)]),
        ),
      });
    }
    const last = messages.at(-1);
    if (!last) return;
    const batch: Batch = {
      topic: this.#topic,
      partition,
      fetchedOffset: String(offset),
      highWatermark: String(log.highWatermark),
      messages,
      rawMessages: messages,
      firstOffset: () => messages[0]!.offset,
      lastOffset: () => last.offset,
    };
    await this.#run!.eachBatch({
      batch,
      resolveOffset: (resolved) => void this.#next.set(partition, Number(resolved) + 1),
      isStale: () => this.#seeks.has(partition),
      isRunning: () => this.#isRunning,
    });
  }
}
