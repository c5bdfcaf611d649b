/**
 * The writer's connections: a fixed number, handed out in the order of asking, so that partitions take turns.
 * Whoever asks gets a session that is connected and can write, however long Postgres is away. A partition holds
 * rows in memory only while it has a session: that bounds the writer's memory.
 */

import pg from 'pg';
import type { Logger } from '../observability/logger.ts';
import { withDeadline } from '../postgres/deadline.ts';
import type { Connect, Connection, Queryable, SqlClient } from '../postgres/sql-client.ts';
import { requireSuitableDatabase } from '../postgres/suitable-database.ts';
import { backoffMs, pause } from '../system/waiting.ts';
import { PostgresHungError, watchPulse } from './pulse.ts';

const checkTimeoutMs = 5_000;

/** One connection. What it is asked is asked within a deadline: there is no other way. */
export interface Session {
  /** The connection is gone; whoever asks next gets a new one. */
  readonly lost: boolean;
  /** The later of our clock and the server's, as that was when the session was opened; epoch milliseconds. */
  nowMs(): number;
  /** Cuts the connection at once, whatever it is doing. */
  giveUp(): void;
  /**
   * Runs `work` and cuts the connection when it takes longer, or when Postgres hangs (pulse.ts).
   * @throws PostgresSilentError when it took longer, PostgresHungError; what became of a transaction is unknown then
   */
  within<T>(timeoutMs: number, work: (client: SqlClient) => Promise<T>): Promise<T>;
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

/** A session as the one who opened it sees it. */
interface Opened extends Session {
  /** By how much the server's clock is before ours; 0 where it is behind. */
  serverIsAheadMs: number;
  end(): Promise<void>;
}

export class SessionsStoppedError extends Error {
  override readonly name = 'SessionsStoppedError';
}

export function createSessions(options: {
  connect: Connect;
  connections: number;
  logger: Logger;
  /** Postgres turned reachable (also for the first time, and again for every new session) or not. */
  onReachable: (reachable: boolean) => void;
  /** A session was opened; its backend has this pid, on whatever machine Postgres runs. */
  onOpened?: ((backendPid: number) => void) | undefined;
  /** Brings the schema up to date; before the first session, and again where its tables are missing. */
  prepare: () => Promise<unknown>;
}): Sessions {
  const { connections, logger, onReachable, onOpened, prepare } = options;
  const idle: (Session | null)[] = Array.from({ length: connections }, () => null);
  const open = new Set<Opened>();
  /** The SQLSTATE with which work of a session failed last, however much went well since: positions can be read by a session that stores nothing. */
  const failures = new WeakMap<Session, string>();
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

  /**
   * Whether a new session might fare better. A missing table: the next one finds out, and prepares. The same failure
   * again: the session may keep what the server no longer says (a role's setting, that it is a standby).
   */
  function mayBeItsOwn(session: Session, { code = '' }: pg.DatabaseError): boolean {
    const isAgain = failures.get(session) === code;
    failures.set(session, code);
    return isAgain || code === '42P01';
  }

  function sayAway(error: unknown): void {
    if (!away) logger.error('postgres_away', { err: error });
    away = true;
    onReachable(false);
  }

  async function connect(signal: AbortSignal): Promise<Session> {
    for (let failures = 1; ; failures += 1) {
      if (signal.aborted || stopped) throw new SessionsStoppedError('stopped');
      try {
        const session = sessionOf(await options.connect(), {
          open,
          connect: options.connect,
          onHung: sayAway,
        });
        try {
          const { hasTables, backendPid, nowMs } = await session.within(checkTimeoutMs, checkSession);
          session.serverIsAheadMs = Math.max(0, nowMs - Date.now());
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
        sayAway(error);
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
        if (session && error instanceof pg.DatabaseError && mayBeItsOwn(session, error)) session.giveUp();
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

/**
 * What a session must be before rows go through it: whether the tables are there (else the database is new, or was
 * emptied), the pid of its backend, on whatever machine that runs, and what the time is there.
 * @throws UnsuitableDatabaseError where rows cannot be stored (another encoding, a standby)
 */
async function checkSession(
  client: Queryable,
): Promise<{ hasTables: boolean; backendPid: number; nowMs: number }> {
  await requireSuitableDatabase(client);
  const { rows } = await client.query<{ has_tables: boolean; backend_pid: number; now: number }>(
    `select to_regclass('log_positions') is not null and to_regclass('usages') is not null as has_tables,
            pg_backend_pid() as backend_pid, (extract(epoch from clock_timestamp()) * 1000)::float8 as now`,
  );
  const [row] = rows;
  return { hasTables: row!.has_tables, backendPid: row!.backend_pid, nowMs: row!.now };
}

/**
 * A session over a connection that is there.
 * @param writer of the sessions of a writer: `open` holds it while it is there, and a server that hangs is noticed
 */
export function sessionOf(
  connection: Connection,
  writer?: { open: Set<Opened>; connect: Connect; onHung: (error: PostgresHungError) => void },
): Opened {
  let lost = false;
  const session: Opened = {
    serverIsAheadMs: 0,
    nowMs: () => Date.now() + session.serverIsAheadMs,
    end: () => connection.end(),
    get lost() {
      return lost;
    },
    giveUp() {
      lost = true;
      writer?.open.delete(session);
      connection.cut();
    },
    async within(timeoutMs, work) {
      const giveUp = () => session.giveUp();
      if (!writer) return withDeadline(giveUp, timeoutMs, () => work(connection));
      const { promise: hung, reject } = Promise.withResolvers<never>();
      const endWatching = watchPulse(connection, writer.connect, () => {
        const error = new PostgresHungError('Postgres hangs, or cannot be reached any more');
        // First the reason, then the cut, whose own error is only its consequence.
        reject(error);
        writer.onHung(error);
        giveUp();
      });
      try {
        return await Promise.race([withDeadline(giveUp, timeoutMs, () => work(connection)), hung]);
      } finally {
        endWatching();
      }
    },
  };
  connection.onLost(() => {
    lost = true;
    writer?.open.delete(session);
  });
  writer?.open.add(session);
  return session;
}

/** Says goodbye, so that the server has no broken connection in its log; cuts where that takes long. */
async function endSession(session: Opened): Promise<void> {
  const timer = setTimeout(() => session.giveUp(), 1_000);
  try {
    await session.end();
  } finally {
    clearTimeout(timer);
  }
}
