/** The state of the instance in a sentence that needs no knowledge of it, and why. Pure. */

import { bytes, counted, duration } from './numbers.js';

/** @typedef {import('../src/admin/console/snapshot.ts').ConsoleSnapshot} Snapshot */
/** @typedef {'ok' | 'warn' | 'bad' | 'unknown'} Tone */
/** @typedef {{ tone: Tone, sentence: string, because: string }} Headline */
/** Growth over the last ten seconds. @typedef {{ overloaded: number, failed: number }} Lately */

/** Seconds; younger records are on their way, as ever. */
const behindSeconds = 60;

/**
 * The worst first: what refuses usages, what waits for a person, what is away, what is slow.
 * @param {Snapshot} snapshot
 * @param {Lately} lately
 * @returns {Headline}
 */
export function headlineOf(snapshot, lately) {
  return (
    notReady(snapshot) ??
    stoppedPartitions(snapshot) ??
    storeAway(snapshot) ??
    kafkaAway(snapshot) ??
    turnedAway(lately) ??
    behind(snapshot) ??
    calm(snapshot)
  );
}

/** What the page says while it hears nothing. @param {string} why @returns {Headline} */
export function lostHeadline(why) {
  return {
    tone: 'unknown',
    sentence: 'No word from the server.',
    because: `${why} What stands below is what it said last. Trying again …`,
  };
}

/** @param {Snapshot} snapshot @returns {Headline | null} */
function notReady({ instance }) {
  if (instance.ready) return null;
  if (instance.reason === 'stopping') {
    const because = 'What it acknowledged is in the log or in Postgres. New usages are refused.';
    return { tone: 'warn', sentence: 'The server is stopping.', because };
  }
  if (instance.reason === 'no front is ready') {
    const because = 'What was acknowledged is safe. Devices keep the rest and send it again.';
    return { tone: 'bad', sentence: 'No front is running: usages are refused.', because };
  }
  const because = `Devices get 503 and send again later. A front says: ${instance.reason}.`;
  return { tone: 'bad', sentence: 'Usages cannot be made durable: they are refused.', because };
}

/** @param {Snapshot} snapshot @returns {Headline | null} */
function stoppedPartitions({ stopped }) {
  const reasons = Object.entries(stopped).filter(([, partitions]) => partitions > 0);
  if (reasons.length === 0) return null;
  const told = reasons.map(([reason, partitions]) => `${counted(partitions, 'partition')} (${reason})`);
  return {
    tone: 'bad',
    sentence: 'A part of the log waits for a person.',
    because: `Stopped: ${told.join(', ')}. “usage-ingest positions list” and the log lines say where and what to do.`,
  };
}

/** @param {Snapshot} snapshot @returns {Headline | null} */
function storeAway(snapshot) {
  const { postgresUp, processes } = snapshot;
  if (postgresUp) return null;
  const because = `Nothing is lost: devices still get their 201. ${waiting(snapshot)}`;
  if (postgresUp === false)
    return { tone: 'bad', sentence: 'Postgres is away: usages are kept in the log.', because };
  const hasFailed = processes.some(({ role, restarts }) => role === 'writer' && restarts > 0);
  return hasFailed
    ? { tone: 'bad', sentence: 'The writer is away: usages are kept in the log.', because }
    : { tone: 'warn', sentence: 'Postgres is starting: usages are kept in the log.', because };
}

/** @param {Snapshot} snapshot */
function waiting({ logs }) {
  const [main] = logs;
  if (!main?.records) return 'None waits yet.';
  const since = main.oldestSeconds ? `, the oldest for ${duration(main.oldestSeconds)}` : '';
  const wait = main.records === 1 ? 'waits' : 'wait';
  const room = main.bytesMax && main.bytes !== null ? main.bytesMax - main.bytes : null;
  const left = room === null ? '' : ` The log has room for ${bytes(Math.max(0, room))} more.`;
  return `${counted(main.records, 'record')} ${wait}${since}.${left}`;
}

/** @param {Snapshot} snapshot @returns {Headline | null} */
function kafkaAway({ kafka, instance, processes }) {
  if (!kafka) return null;
  const fronts = processes.filter(({ role, ready }) => role === 'front' && ready).length;
  if (kafka.frontsUp >= fronts && kafka.relayUp !== false) return null;
  const because = instance.spool
    ? 'Each is durable on this machine and goes on to Kafka when it is back.'
    : 'There is no local log to take its place (USAGE_SPOOL=off).';
  return kafka.frontsUp === 0
    ? { tone: 'bad', sentence: 'Kafka is away: usages are kept in the local log.', because }
    : { tone: 'warn', sentence: 'Kafka is away for some: their usages are kept in the local log.', because };
}

/** @param {Lately} lately @returns {Headline | null} */
function turnedAway({ overloaded, failed }) {
  if (overloaded > 0) {
    const because = 'More arrives than can be made durable just now. What was acknowledged is safe.';
    return { tone: 'warn', sentence: 'Some requests are told to come back.', because };
  }
  if (failed === 0) return null;
  const because = 'Answers below says with which status. What was acknowledged is safe.';
  return { tone: 'warn', sentence: 'Some requests fail and must be sent again.', because };
}

/** @param {Snapshot} snapshot @returns {Headline | null} */
function behind(snapshot) {
  const oldest = Math.max(0, ...snapshot.logs.map(({ oldestSeconds }) => oldestSeconds ?? 0));
  if (oldest <= behindSeconds) return null;
  return {
    tone: 'warn',
    sentence: 'Every usage is safe, but Postgres is behind.',
    because: waiting(snapshot),
  };
}

/** @param {Snapshot} snapshot @returns {Headline} */
function calm({ total, logs, instance }) {
  const records = logs.reduce((sum, log) => sum + (log.records ?? 0), 0);
  const arrived = `${counted(total.accepted, 'usage')} acknowledged since the start.`;
  const none = instance.sample
    ? 'None has come since the start: send one and watch it arrive.'
    : 'None has come since the start.';
  const where =
    records === 0 ? 'Nothing waits in the log.' : `On the way to Postgres: ${counted(records, 'record')}.`;
  return {
    tone: 'ok',
    sentence: 'Every usage is safe.',
    because: total.accepted === 0 && records === 0 ? none : `${arrived} ${where}`,
  };
}
