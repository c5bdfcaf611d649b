/**
 * The writer's connections: a fixed number, handed out in the order of asking, so that partitions take turns.
 * Whoever asks gets a session that is connected and can write, however long Postgres is away. A partition holds
 * rows in memory only while it has a session: that bounds the writer's memory.
 */

import pg from 'pg';
import type { Logger } from '../observability/logger.ts';
import { connectionConfig } from '../postgres/connection.ts';
import { cut, PostgresSilentError, withDeadline } from '../postgres/deadline.ts';
import { backoffMs, pause } from '../system/waiting.ts';
import { checkSession } from './session-check.ts';

const connectTimeoutMs = 5_000;

/** One connection. */
export interface Session {
  readonly client: pg.Client;
  /** The connection is gone; whoever asks next gets a new one. */
  readonly lost: boolean;
  /** Cuts the connection at once, whatever it is doing. */
  giveUp(): void;
  /**
   * Runs `work` and cuts the connection when it takes longer: a server that is stopped, or behind a network that
   * swallows everything, keeps its sockets open for a quarter of an hour.
   * @throws PostgresSilentError when it took longer; what became of a transaction is unknown then
   */
  within<T>(timeoutMs: number, work: () => Promise<T>): Promise<T>;
}

export interface Sessions {
  /**
   * Waits for its turn and for Postgres, then runs `work` with a session of its own.
   * @throws SessionsStoppedError when `signal` is aborted before `work` began
   */
  use<T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T>;
  /** Ends all sessions, in order where they answer at once. To be called when nobody uses one any more. */
  stop(): Promise<void>;
  /** Cuts everything at once. */
  cut(): void;
}

export class SessionsStoppedError extends Error {
  override readonly name = 'SessionsStoppedError';
}

/** Opens one more connection like those of the writer, for short work beside it. */
export async function openClient(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client(connectionConfig(databaseUrl, { role: 'writer', connectTimeoutMs }));
  // Without a listener a lost connection would end the process; whoever queries next is told anyway.
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    cut(client);
    throw error;
  }
}

export function createSessions(options: {
  databaseUrl: string;
  connections: number;
  logger: Logger;
  /** Postgres turned reachable (also for the first time, and again for every new session) or not. */
  onReachable: (reachable: boolean) => void;
  /** A session was opened; its backend has this pid, on whatever machine Postgres runs. */
  onOpened?: ((backendPid: number) => void) | undefined;
  /** Brings the schema up to date; before the first session, and again where its tables are missing. */
  prepare: () => Promise<unknown>;
}): Sessions {
  const { databaseUrl, connections, logger, onReachable, onOpened, prepare } = options;
  const idle: (Session | null)[] = Array.from({ length: connections }, () => null);
  const open = new Set<Session>();
  const waiting: ((slot: Session | null) => void)[] = [];
  let away = false;
  let stopped = false;
  let isPrepared = false;
  let preparing: Promise<unknown> | null = null;

  function release(session: Session | null): void {
    const kept = session && !session.lost ? session : null;
    const next = waiting.shift();
    if (next) next(kept);
    else idle.push(kept);
  }

  async function takeSlot(signal: AbortSignal): Promise<Session | null> {
    if (signal.aborted) throw new SessionsStoppedError('stopped');
    if (idle.length > 0) {
      // A connected one first: an idle writer does not open more connections than it needs.
      const connected = idle.findIndex((session) => session !== null && !session.lost);
      return idle.splice(Math.max(connected, 0), 1)[0] ?? null;
    }
    const turn = Promise.withResolvers<Session | null>();
    const giveUp = () => {
      const place = waiting.indexOf(turn.resolve);
      if (place < 0) return;
      waiting.splice(place, 1);
      turn.reject(new SessionsStoppedError('stopped'));
    };
    waiting.push(turn.resolve);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      return await turn.promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** Sessions that open at once share one run. */
  async function prepareOnce(): Promise<void> {
    if (isPrepared) return;
    preparing ??= prepare().finally(() => {
      preparing = null;
    });
    await preparing;
    isPrepared = true;
  }

  async function connect(signal: AbortSignal): Promise<Session> {
    for (let failures = 1; ; failures += 1) {
      if (signal.aborted || stopped) throw new SessionsStoppedError('stopped');
      try {
        const session = sessionOf(await openClient(databaseUrl), open);
        try {
          const { hasTables, backendPid } = await session.within(connectTimeoutMs, () =>
            checkSession(session.client),
          );
          // Emptied, or another database than before under the same name.
          if (!hasTables) isPrepared = false;
          onOpened?.(backendPid);
          await prepareOnce();
        } catch (error) {
          session.giveUp();
          throw error;
        }
        if (away) logger.info('postgres_back');
        away = false;
        onReachable(true);
        return session;
      } catch (error) {
        if (!away) logger.error('postgres_away', { err: error });
        away = true;
        onReachable(false);
      }
      await pause(backoffMs(failures), signal);
    }
  }

  return {
    async use(signal, work) {
      let session = await takeSlot(signal);
      try {
        if (!session || session.lost) {
          session = null;
          session = await connect(signal);
        }
        return await work(session);
      } catch (error) {
        // A table is missing: the next session finds out, and prepares.
        if (session && error instanceof pg.DatabaseError && error.code === '42P01') session.giveUp();
        throw error;
      } finally {
        release(session);
      }
    },
    async stop() {
      stopped = true;
      await Promise.all([...open].map((session) => endSession(session)));
    },
    cut() {
      for (const session of open) session.giveUp();
    },
  };
}

/** A session over a connection that is there; `open` holds it while it is. */
export function sessionOf(client: pg.Client, open: Set<Session> = new Set()): Session {
  let lost = false;
  const session: Session = {
    client,
    get lost() {
      return lost;
    },
    giveUp() {
      lost = true;
      open.delete(session);
      cut(client);
    },
    async within(timeoutMs, work) {
      try {
        return await withDeadline(client, timeoutMs, work);
      } catch (error) {
        if (error instanceof PostgresSilentError) session.giveUp();
        throw error;
      }
    },
  };
  const end = () => {
    lost = true;
    open.delete(session);
  };
  client.on('error', end);
  client.on('end', end);
  open.add(session);
  return session;
}

/** Says goodbye, so that the server has no broken connection in its log; cuts where that takes long. */
async function endSession(session: Session): Promise<void> {
  const timer = setTimeout(() => session.giveUp(), 1_000);
  try {
    await session.client.end();
  } finally {
    clearTimeout(timer);
  }
}
