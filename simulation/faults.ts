/**
 * What goes wrong in a schedule. Each fault begins at some moment and ends, at the latest when the schedule's faults
 * end; after that everything works again, and all that was acknowledged has to arrive.
 */

import { type DiskFaults, diskBytes, noDiskFaults } from './disk/disk.ts';
import { noKafkaFaults } from './kafka/cluster.ts';
import { noTables } from './postgres/tables.ts';
import type { Schedule } from './schedule.ts';
import { framesIn, segmentFiles, usagesIn } from './segments.ts';

export type Mode = 'local' | 'kafka' | 'kafka without spool' | 'both';

export interface Fault {
  readonly name: string;
  readonly modes: readonly Mode[];
  /** How often it is drawn, beside the others. */
  readonly weight: number;
  /** @returns what ends it */
  begin(schedule: Schedule): () => void;
}

const all: readonly Mode[] = ['local', 'kafka', 'kafka without spool', 'both'];
const withLocal: readonly Mode[] = ['local', 'kafka', 'both'];
const withKafka: readonly Mode[] = ['kafka', 'kafka without spool', 'both'];
const nothing = () => {};

/** A disk that fails calls with some probabilities. */
function disk(name: string, weight: number, faults: Partial<DiskFaults>): Fault {
  return {
    name,
    modes: withLocal,
    weight,
    begin({ world, random }) {
      const strength = random.pick([0.05, 0.3, 1]);
      const drawn = Object.fromEntries(Object.entries(faults).map(([key, value]) => [key, value * strength]));
      world.disk.faults = { ...world.disk.faults, ...drawn };
      return () => {
        world.disk.faults = noDiskFaults;
      };
    },
  };
}

function kill(role: string, modes: readonly Mode[]): Fault {
  return {
    name: `${role} killed`,
    modes,
    weight: 3,
    begin({ instance }) {
      instance.killRole(role);
      return nothing;
    },
  };
}

export const faults: readonly Fault[] = [
  kill('front', all),
  kill('writer', all),
  kill('relay', ['kafka', 'both']),
  {
    name: 'power lost',
    modes: all,
    weight: 4,
    begin({ instance, world, random }) {
      instance.kill();
      world.disk.losePower();
      world.scheduler.after(random.integer(100, 1_500), () => instance.start(), null);
      return nothing;
    },
  },
  {
    name: 'instance killed',
    modes: all,
    weight: 2,
    begin({ instance, world, random }) {
      instance.kill();
      world.scheduler.after(random.integer(100, 1_500), () => instance.start(), null);
      return nothing;
    },
  },
  {
    name: 'restart',
    modes: all,
    weight: 2,
    begin({ instance }) {
      void instance.stop().then(() => instance.start());
      return nothing;
    },
  },
  {
    name: 'other log',
    modes: ['both'],
    weight: 12,
    begin({ instance }) {
      void instance.stop().then(() => {
        const isKafka = instance.environment.KAFKA_BROKERS !== undefined;
        instance.environment = isKafka ? instance.environments.local : instance.environments.kafka;
        instance.start();
      });
      return nothing;
    },
  },
  {
    name: 'clock stepped',
    modes: all,
    weight: 1,
    begin({ world, random }) {
      world.epochMs += random.pick([-3_600_000, -5_000, 5_000, 3_600_000]);
      return nothing;
    },
  },

  {
    name: 'write-back fails',
    modes: withLocal,
    weight: 7,
    begin({ world, random, clients }) {
      world.disk.faults = { ...world.disk.faults, writeback: random.pick([0.05, 0.4, 0.6]) };
      // Under load, so that writes are under way together.
      for (let burst = 0; burst < 4; burst++) {
        const atMs = random.integer(1, 500);
        for (let i = 0; i < 5; i++) world.scheduler.after(atMs + i * 0.3, () => clients.send(), null);
      }
      return () => {
        world.disk.faults = noDiskFaults;
      };
    },
  },
  disk('writes fall short', 2, { shortWrite: 0.5 }),
  disk('nothing can be made', 2, { create: 1 }),
  disk('renames fail', 2, { rename: 1 }),
  disk('folders cannot be synced', 3, { syncFolder: 1 }),
  disk('reads fail', 3, { read: 0.5 }),
  disk('removing fails', 1, { remove: 1 }),
  disk('disk is slow', 3, { slow: 0.3 }),
  disk('notices are lost', 1, { loseNotice: 1 }),
  {
    name: 'disk is full',
    modes: withLocal,
    weight: 2,
    begin({ world, random }) {
      world.disk.capacity = world.disk.usedBytes + random.integer(0, 3_000);
      return () => {
        world.disk.capacity = diskBytes;
      };
    },
  },
  {
    name: 'segment damaged',
    modes: withLocal,
    weight: 2,
    begin(schedule) {
      const { world, random, promises } = schedule;
      const files = segmentFiles(world.disk).filter(({ node }) => framesIn(node).length > 1);
      if (files.length === 0) return nothing;
      const { path, node } = random.pick(files);
      // Not the last: bytes that are wrong at an open end may be a torn write, which was never acknowledged.
      const frame = random.pick(framesIn(node).slice(0, -1));
      const at = frame.offset + random.integer(0, frame.bytes - 1);
      const before = node.read(at, 1)[0]!;
      const hurt = usagesIn(path, node).filter(({ position }) => isWithin(path, frame, position));
      promises.mayHaveGaps = true;
      promises.gone(hurt);
      if (random.chance(0.5)) emptyDatabase(schedule);
      node.spoil(at, Buffer.from([before ^ random.integer(1, 255)]));
      return nothing;
    },
  },
  {
    name: 'segment out of reach',
    modes: withLocal,
    weight: 4,
    begin(schedule) {
      const { world, random, promises } = schedule;
      const files = segmentFiles(world.disk).filter(({ node }) => framesIn(node).length > 0);
      if (files.length === 0) return nothing;
      const { path, node } = random.pick(files);
      const folder = path.slice(0, path.lastIndexOf('/'));
      const name = path.slice(folder.length + 1);
      const isLast = segmentFiles(world.disk).every(
        (each) => !each.path.startsWith(folder) || each.path <= path,
      );
      // Of the newest segment nobody can know that it was there.
      if (isLast) return nothing;
      promises.mayHaveGaps = true;
      node.nlink += 1;
      world.disk.folder(folder).change([{ name, node: null }]);
      if (random.chance(0.5)) emptyDatabase(schedule);
      return () => {
        node.nlink -= 1;
        if (!world.disk.exists(folder) || world.disk.exists(path)) return;
        world.disk.folder(folder).change([{ name, node }]);
        world.disk.folder(folder).sync();
      };
    },
  },

  {
    name: 'Postgres connections break',
    modes: all,
    weight: 4,
    begin({ world, random }) {
      world.postgres.breaks = random.pick([0.02, 0.1, 0.4]);
      return () => {
        world.postgres.breaks = 0;
      };
    },
  },
  {
    name: 'Postgres away',
    modes: all,
    weight: 3,
    begin({ world }) {
      world.postgres.isRunning = false;
      world.postgres.endAll();
      return () => {
        world.postgres.isRunning = true;
      };
    },
  },
  {
    name: 'Postgres hung',
    modes: all,
    weight: 3,
    begin({ world, random }) {
      world.postgres.hungUntilMs = world.scheduler.nowMs + random.integer(500, 20_000);
      return nothing;
    },
  },
  {
    name: 'Postgres restored',
    modes: all,
    weight: 4,
    begin({ world, promises }) {
      const snapshot = world.postgres.snapshot();
      return () => {
        world.postgres.restore(snapshot);
        promises.databaseWentBack();
      };
    },
  },
  {
    name: 'Postgres a standby',
    modes: all,
    weight: 1,
    begin({ world }) {
      world.postgres.isStandby = true;
      return () => {
        world.postgres.isStandby = false;
      };
    },
  },
  {
    name: 'month detached',
    modes: all,
    weight: 2,
    begin({ world, random }) {
      const attached = [...world.postgres.tables.months.values()].filter(({ isAttached }) => isAttached);
      if (attached.length === 0) return nothing;
      const month = random.pick(attached);
      world.postgres.tables.months.set(month.name, { ...month, isAttached: false });
      return nothing;
    },
  },
  {
    name: 'role settings altered',
    modes: all,
    weight: 3,
    begin({ world, random }) {
      const [isReadOnly, statementTimeoutMs] = random.pick([
        [true, 0],
        [false, 1],
      ] as const);
      world.postgres.roleSettings = { isReadOnly, statementTimeoutMs };
      if (random.chance(0.7)) world.postgres.endAll();
      return () => {
        world.postgres.roleSettings = { isReadOnly: false, statementTimeoutMs: 0 };
      };
    },
  },
  {
    name: 'a line is refused',
    modes: all,
    weight: 1,
    begin({ clients }) {
      clients.sendRefused();
      return nothing;
    },
  },

  {
    name: 'broker stopped',
    modes: withKafka,
    weight: 4,
    begin({ world, random }) {
      const id = random.integer(0, 2);
      world.kafka.stopBroker(id);
      return () => world.kafka.startBroker(id);
    },
  },
  {
    name: 'Kafka away',
    modes: withKafka,
    weight: 3,
    begin({ world }) {
      for (const { id } of world.kafka.brokers) world.kafka.stopBroker(id);
      return () => {
        for (const { id } of world.kafka.brokers) world.kafka.startBroker(id);
      };
    },
  },
  {
    name: 'broker hung',
    modes: withKafka,
    weight: 3,
    begin({ world, random }) {
      for (const broker of world.kafka.brokers)
        if (random.chance(0.5)) broker.hungUntilMs = world.scheduler.nowMs + random.integer(500, 6_000);
      return nothing;
    },
  },
  {
    name: 'leaders moved',
    modes: withKafka,
    weight: 3,
    begin({ world }) {
      world.kafka.moveLeaders();
      return nothing;
    },
  },
  {
    name: 'Kafka connections break',
    modes: withKafka,
    weight: 4,
    begin({ world, random }) {
      const strength = random.pick([0.05, 0.2, 0.5]);
      world.kafka.faults = {
        ...noKafkaFaults,
        loseRequest: strength,
        loseAnswer: strength,
        staleMetadata: strength,
      };
      return () => {
        world.kafka.faults = noKafkaFaults;
      };
    },
  },
  {
    name: 'topic made anew',
    modes: withKafka,
    weight: 3,
    begin({ world, random }) {
      world.kafka.remakeTopic(random.integer(1, 4));
      return nothing;
    },
  },
  {
    name: 'Kafka log cut short',
    modes: withKafka,
    weight: 3,
    begin({ world, random }) {
      for (const log of world.kafka.topic?.partitions ?? [])
        if (random.chance(0.5)) world.kafka.truncate(log, random.integer(log.first, log.highWatermark));
      return nothing;
    },
  },
  {
    name: 'Kafka records expire',
    modes: withKafka,
    weight: 1,
    begin({ world, random }) {
      for (const log of world.kafka.topic?.partitions ?? [])
        if (random.chance(0.5)) world.kafka.expire(log, random.integer(log.first, log.highWatermark));
      return nothing;
    },
  },
  {
    name: 'partitions added',
    modes: withKafka,
    weight: 1,
    begin({ world, random }) {
      world.kafka.addPartitions(random.integer(4, 6));
      // It takes a while until every broker has heard of it.
      world.kafka.faults = { ...world.kafka.faults, staleMetadata: 0.3 };
      return () => {
        world.kafka.faults = noKafkaFaults;
      };
    },
  },
  {
    name: 'foreign messages',
    modes: withKafka,
    weight: 2,
    begin({ world, random }) {
      const log = world.kafka.topic?.partitions[0];
      if (!log) return nothing;
      const count = random.pick([1, 3, 15]);
      for (let i = 0; i < count; i++) {
        const headers = random.pick<Record<string, string>>([
          {},
          { 'usage-ingest': '999' },
          { 'usage-ingest': '1', columns: 'id', count: '1', months: '1', 'received-at-ms': '1', crc32: '0' },
        ]);
        const record = world.kafka.append(log, random.chance(0.2) ? null : Buffer.from('not ours'), headers);
        world.kafka.replicate(log, record);
      }
      return nothing;
    },
  },
  {
    name: 'Kafka is slow',
    modes: withKafka,
    weight: 3,
    begin({ world, random }) {
      world.kafka.faults = { ...noKafkaFaults, slow: random.pick([0.1, 0.5]), staleMetadata: 0.2 };
      return () => {
        world.kafka.faults = noKafkaFaults;
      };
    },
  },
];

/** So that everything is read once more. */
function emptyDatabase({ world, promises }: Schedule): void {
  world.postgres.restore({ tables: noTables(), isMigrated: false });
  promises.databaseWentBack();
}

function isWithin(
  path: string,
  { offset, bytes }: { offset: number; bytes: number },
  position: number,
): boolean {
  const base = Number(/(\d{20})\.log$/.exec(path)![1]);
  const at = position - base + 64;
  return at >= offset && at < offset + bytes;
}
