/**
 * Whether a partition's log is still the one that was read. Its leader says under which id its topic was made and for
 * the how-manieth time (epoch) it is led: while both stay the log only grows. A fetch names the topic alone, so a topic
 * that was deleted and made anew, or a log that a new leader cut short, answers it as if nothing had happened.
 *
 * The leader is asked after its records arrived, and itself: another broker may hear of a change later. Every
 * broker knows of a topic's end before it has a log of the next one.
 */

import type { Socket } from 'node:net';
import type { Admin } from 'kafkajs';
import type { Settings } from '../../config/settings.ts';
import { within } from '../../system/waiting.ts';
import { backgroundPatience, createKafkaClient } from './client.ts';
import { askForLeaders, type TopicLeaders, tellsTopicIds } from './raw-requests.ts';

export interface Lineage {
  readonly topicId: string;
  readonly leaderEpoch: number;
}

export function isSameLineage(one: Lineage, other: Lineage): boolean {
  return one.topicId === other.topicId && one.leaderEpoch === other.leaderEpoch;
}

export interface Lineages {
  /**
   * The partition's, by a question that was not asked before this call. Null where this Kafka does not tell (it is
   * older than 2.8).
   * @throws where Kafka is away, or the partition has no leader just now
   */
  of(partition: number): Promise<Lineage | null>;
  close(): Promise<void>;
}

const answerMsMax = 5_000;
/** Leaders that move are followed so often. */
const stepsMax = 4;

/** One connection to one broker; `node` is null for whichever of KAFKA_BROKERS answered. */
interface Line {
  /** Null where the broker does not tell. What is asked while a question is under way shares the next one. */
  ask(): Promise<TopicLeaders | null>;
  close(): Promise<void>;
}

export function createLineages(settings: Settings, clientId: string): Lineages {
  const topic = settings.USAGE_KAFKA_TOPIC;
  const lines = new Map<number | null, Line>();
  let known: TopicLeaders | null = null;

  function lineTo(node: number | null): Line {
    const there = lines.get(node);
    if (there) return there;
    const address = node === null ? undefined : known?.brokers.get(node);
    const host = address?.host.includes(':') ? `[${address.host}]` : address?.host;
    const brokers = address ? `${host}:${address.port}` : settings.KAFKA_BROKERS;
    const line = createLine({ ...settings, KAFKA_BROKERS: brokers }, clientId, topic);
    lines.set(node, line);
    return line;
  }

  /** A connection that failed may be stuck: the next question gets a new one. */
  async function ask(node: number | null): Promise<TopicLeaders | null> {
    const line = lineTo(node);
    try {
      return await within(answerMsMax, 'Kafka', line.ask());
    } catch (error) {
      if (lines.get(node) === line) lines.delete(node);
      known = null;
      void line.close();
      throw error;
    }
  }

  return {
    async of(partition) {
      let node = known?.partitions.get(partition)?.leader ?? null;
      for (let step = 0; step < stepsMax; step++) {
        const leaders = await ask(node);
        if (!leaders) return null;
        known = leaders;
        const found = leaders.partitions.get(partition);
        if (!found || found.leader < 0) break;
        if (found.leader === node) return { topicId: leaders.topicId, leaderEpoch: found.epoch };
        node = found.leader;
      }
      known = null;
      throw new Error(`partition ${partition} of topic ${topic} has no leader`);
    },
    async close() {
      await Promise.all([...lines.values()].map((line) => line.close()));
      lines.clear();
    },
  };
}

function createLine(settings: Settings, clientId: string, topic: string): Line {
  let connected: Promise<{ admin: Admin; socket: Socket; tells: boolean }> | null = null;
  let asking: Promise<TopicLeaders | null> | null = null;
  let next: Promise<TopicLeaders | null> | null = null;

  async function connect() {
    let socket: Socket | null = null;
    const admin = createKafkaClient(settings, clientId, backgroundPatience, (made) => {
      socket = made;
    }).admin();
    await admin.connect();
    // The compiler does not see that a connection begins with a socket.
    const opened = socket as Socket | null;
    if (!opened) throw new Error('kafkajs connected without a socket');
    return { admin, socket: opened, tells: await tellsTopicIds(opened) };
  }

  async function begin(): Promise<TopicLeaders | null> {
    connected ??= connect();
    const { socket, tells } = await connected;
    return tells ? askForLeaders(socket, topic) : null;
  }

  function ask(): Promise<TopicLeaders | null> {
    if (asking) {
      next ??= asking.then(
        () => ask(),
        () => ask(),
      );
      return next;
    }
    next = null;
    asking = begin().finally(() => {
      asking = null;
    });
    return asking;
  }

  return {
    ask,
    async close() {
      const closing = connected?.then(({ admin }) => admin.disconnect()) ?? Promise.resolve();
      await within(answerMsMax, 'Kafka', closing).catch(() => {});
    },
  };
}
