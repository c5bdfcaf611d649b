/**
 * Stores one partition, from where it stands on, until it is taken away: read -> store -> tell the log.
 *
 * It takes turns for a session, holds a batch only while it has one, and keeps nothing across a failure:
 * whatever goes wrong, it opens the partition anew from the stored position. So a failure needs no repair here.
 */

import { LogGapError, type LogPartition } from '../log/log.ts';
import { type LogRecord, RecordTooNewError } from '../log/record.ts';
import { PostgresSilentError } from '../postgres/deadline.ts';
import { makeBatch } from '../store/batch.ts';
import { findOpenGap, forgetNeedlessAcceptances } from '../store/gaps.ts';
import { monthWindow } from '../store/instants.ts';
import { createPoisonRate } from '../store/poison-limits.ts';
import { loadPosition, type StoredPosition } from '../store/positions.ts';
import type { Session } from '../store/sessions.ts';
import { createBatchStore } from '../store/store-batch.ts';
import { failpoint } from '../system/failpoint.ts';
import { aborted, pause } from '../system/waiting.ts';
import { createLogCursor, type Reading } from './log-cursor.ts';
import { checkedPosition } from './open-partition.ts';
import type { PartitionContext } from './partition-context.ts';
import { createPartitionTrouble, LogReadError, LostSessionError, OpenGapError } from './partition-trouble.ts';
import type { WatchedPartition } from './position-watch.ts';
import { countBatch } from './writer-metrics.ts';

export interface PartitionWriter extends WatchedPartition {
  /** False while the partition has ended and everything of it is stored: it has no backlog. */
  active(): boolean;
  /** Works until `signal` is aborted or the partition is revoked. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

const loadMsMax = 30_000;
/** How long a read may hold a session while nothing comes. */
const readWithinMs = 50;
/** What a partition holds in memory while it waits for a session, if it is more than one record. */
const waitingBytesMax = 64 * 1024;
/** How long a stop may wait for Postgres to store what came last. */
const lastTurnWithinMs = 2_000;
/** Time-outs make a batch no smaller than this; one record always goes. */
const batchBytesMin = 4_096;

/** What one turn with a session came to. `full`: more is likely there. */
type Turn =
  | { kind: 'stored'; row: StoredPosition; full: boolean }
  | { kind: 'nothing' | 'ended' | 'overtaken' };

export function createPartitionWriter(partition: LogPartition, context: PartitionContext): PartitionWriter {
  const { name } = partition;
  const { kind, source, sessions, metrics, logger, batchBytesMax } = context;
  const key = { source, partition: name };
  const cursor = createLogCursor(partition);
  const store = createBatchStore({ ...context, key, poisonRate: createPoisonRate() });
  let batchBytes = batchBytesMax;
  const trouble = createPartitionTrouble(key, context, () => {
    const halved = batchBytes > batchBytesMin;
    batchBytes = Math.max(batchBytesMin, Math.floor(batchBytes / 2));
    return halved;
  });
  let committed: number | null = null;
  let reopening = new AbortController();
  let active = true;

  /** Stores what comes; returns when the partition is to be opened anew. */
  async function follow(stop: AbortSignal, cancel: AbortSignal): Promise<void> {
    const stored = await withSession(stop, (session) => load(session));
    let at = await readLog(() => checkedPosition(partition, cursor, stored));
    let row = stored;
    committed = stored?.position ?? null;
    await readLog(() => partition.stored(at));
    // Assumed at an open, so that of a thousand partitions with a backlog only those in turn hold rows.
    let isMoreLikely = true;
    let gatheredAtMs = Number.NEGATIVE_INFINITY;
    while (!cancel.aborted) {
      let early: LogRecord[] | null = null;
      if (!isMoreLikely) {
        await pause(Math.max(0, gatheredAtMs - performance.now()), cancel);
        if (cancel.aborted) break;
        const reading: Reading = await readLog(() => cursor.readUntil(at, waitingBytesMax, cancel));
        if (reading === null) return rest(cancel);
        if (reading === undefined) continue;
        early = reading;
      }
      const turn = await withSession(stop, (session) => takeTurn(session, at, row, early));
      if (turn.kind === 'overtaken') return context.onOvertaken(name);
      if (turn.kind === 'ended') return rest(cancel);
      isMoreLikely = turn.kind === 'stored' && turn.full;
      if (turn.kind !== 'stored') continue;
      row = turn.row;
      at = row.position;
      committed = at;
      gatheredAtMs = performance.now() + context.gatherMs;
      failpoint('committed');
      await readLog(() => partition.stored(at));
      trouble.well();
    }
    if (stop.aborted && !partition.revoked.aborted && !isMoreLikely) await storeLast(at, row);
  }

  /** At a stop, which comes after the fronts': what they appended last. A long backlog waits for the next start. */
  async function storeLast(at: number, row: StoredPosition | null): Promise<void> {
    const within = AbortSignal.timeout(lastTurnWithinMs);
    const turn = await withSession(within, (session) => takeTurn(session, at, row, null));
    if (turn.kind === 'stored') await readLog(() => partition.stored(turn.row.position));
  }

  /** Nothing comes any more: only an older state of the database brings it back. */
  async function rest(cancel: AbortSignal): Promise<void> {
    trouble.well();
    active = false;
    await aborted(cancel);
    active = true;
  }

  function load(session: Session): Promise<StoredPosition | null> {
    return session.within(loadMsMax, async (client) => {
      const gap = await findOpenGap(client, key);
      if (gap) throw new OpenGapError(gap.reason);
      const stored = await loadPosition(client, key);
      if (stored) await forgetNeedlessAcceptances(client, key, stored.position);
      return stored;
    });
  }

  /** Reads, where nothing was read `early`, and stores one batch with the session at hand. */
  async function takeTurn(
    session: Session,
    at: number,
    from: StoredPosition | null,
    early: LogRecord[] | null,
  ): Promise<Turn> {
    const first = early ?? (await readLog(() => cursor.readWithin(at, batchBytes, readWithinMs)));
    if (first === undefined) return { kind: 'nothing' };
    if (first === null) return { kind: 'ended' };
    const records = early ? await joinMore(first) : first;
    const batch = makeBatch(records, monthWindow(session.nowMs()));
    const beganAtMs = performance.now();
    const result = await store.store(session, from, batch);
    if (result === null) return { kind: 'overtaken' };
    countBatch(metrics, kind, batch, result, (performance.now() - beganAtMs) / 1_000);
    if (result.deadLetters.length > 0) {
      const refusals = [...new Set(result.deadLetters.map((letter) => letter.error))].slice(0, 5);
      logger.warn('poison_found', { partition: name, deadLetters: result.deadLetters.length, refusals });
    }
    if (result.conflicts > 0) logger.warn('conflicts_found', { partition: name, usages: result.conflicts });
    const full = batch.bytes >= batchBytes / 2;
    batchBytes = Math.min(batchBytesMax, batchBytes * 2);
    return { kind: 'stored', row: { position: batch.next, lastCrc: batch.crc }, full };
  }

  /** What waited was bounded; where it filled that bound, what else is there comes along. */
  async function joinMore(first: LogRecord[]): Promise<LogRecord[]> {
    const bytes = first.reduce((sum, record) => sum + record.rows.length, 0);
    if (bytes < waitingBytesMax / 2 || bytes > batchBytes / 2) return first;
    try {
      const next = (first.at(-1) as LogRecord).next;
      return first.concat((await cursor.readWithin(next, batchBytes - bytes, readWithinMs)) ?? []);
    } catch {
      // It comes again with the next read; what was read before it is stored first.
      return first;
    }
  }

  function withSession<T>(stop: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> {
    return sessions.use(stop, async (session) => {
      try {
        return await work(session);
      } catch (error) {
        if (!session.lost || error instanceof PostgresSilentError) throw error;
        throw new LostSessionError('the connection was lost', { cause: error });
      }
    });
  }

  return {
    name,
    committedPosition: () => committed,
    reopen: () => reopening.abort(),
    waitsForOperator: () => trouble.waitsForOperator(),
    active: () => active,
    async run(stopSignal) {
      const stop = AbortSignal.any([stopSignal, partition.revoked]);
      while (!stop.aborted) {
        reopening = new AbortController();
        const reopen = reopening.signal;
        try {
          await follow(stop, AbortSignal.any([stop, reopen]));
        } catch (error) {
          await trouble.wait(error, stop, reopen);
        }
      }
    },
  };
}

/** @throws LogReadError for what is neither a gap nor a record that is too new */
async function readLog<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof LogGapError || error instanceof RecordTooNewError) throw error;
    throw new LogReadError('the log could not be read', { cause: error });
  }
}
