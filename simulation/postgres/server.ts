/**
 * A Postgres that really has positions, identity and transactions. Every backend runs one statement at a time; one that
 * needs a lock waits for it. It understands the product's own statements (statements.ts) and throws at any other.
 */

import type { Random } from '../world/random.ts';
import type { Scheduler, Timer } from '../world/scheduler.ts';
import { copyOf, noTables, Overlay, type Tables } from './tables.ts';

export class PgError extends Error {
  override readonly name = 'error';
  readonly code: string;
  readonly severity = 'ERROR';
  readonly constraint: string | undefined;
  readonly where: string | undefined;
  constructor(code: string, message: string, more: { constraint?: string; where?: string } = {}) {
    super(message);
    this.code = code;
    this.constraint = more.constraint;
    this.where = more.where;
  }
}

export interface QueryResult {
  readonly command: string;
  readonly rowCount: number | null;
  readonly rows: Record<string, unknown>[];
}

/** Thrown by a statement that cannot go on: it is run again once the lock is free. */
export class MustWait extends Error {
  readonly lock: string;
  constructor(lock: string) {
    super(`waits for ${lock}`);
    this.lock = lock;
  }
}

export interface Transaction {
  readonly overlay: Overlay;
  readonly backend: Backend;
  /** Begun by `begin`, so it ends by `commit` or `rollback`. */
  readonly isBlock: boolean;
  failed: boolean;
  readonly savepoints: { readonly name: string; readonly mark: number }[];
  lockTimeoutMs: number;
  idleTimeoutMs: number;
  /** Rows of the temporary table, emptied at the end. */
  staged: string[];
}

/** What an operator has set for our role; a session takes it when it begins, and keeps it. */
export interface RoleSettings {
  statementTimeoutMs: number;
  isReadOnly: boolean;
}

export interface Backend {
  readonly pid: number;
  readonly applicationName: string;
  readonly settings: RoleSettings;
  transaction: Transaction | null;
  state: 'idle' | 'active' | 'waiting for its client';
  stateSinceMs: number;
  waitsFor: string | null;
  /** The connection is gone for good. */
  isOver: boolean;
  /** Tells the client that it is over. */
  onOver: () => void;
  readonly session: { lockTimeoutMs: number };
}

export type Outcome = (error: Error | null, result: QueryResult | null) => void;
export type Statement = (tx: Transaction, server: PostgresServer) => QueryResult;

const deadlockMs = 1_000;

export class PostgresServer {
  tables: Tables = noTables();
  isMigrated = false;
  roleSettings: RoleSettings = { statementTimeoutMs: 0, isReadOnly: false };
  isStandby = false;
  /** Sockets are refused while it is not running. */
  isRunning = true;
  /** Sockets are taken, and nothing is answered until then. */
  hungUntilMs = 0;
  /** Probability that a connection breaks at a statement, before or after it was run. */
  breaks = 0;
  readonly backends = new Map<number, Backend>();
  readonly #scheduler: Scheduler;
  readonly #chance: Random;
  readonly #locks = new Map<string, Transaction>();
  readonly #waiting = new Map<string, (() => void)[]>();
  #nextPid = 100;
  #nextId = 1;

  constructor(scheduler: Scheduler, chance: Random) {
    this.#scheduler = scheduler;
    this.#chance = chance;
  }

  get nowMs(): number {
    return this.#scheduler.nowMs;
  }

  latencyMs(): number {
    return 0.05 + this.#chance.fraction() * (this.#chance.chance(0.05) ? 30 : 1);
  }

  happens(probability: number): boolean {
    return probability > 0 && this.#chance.chance(probability);
  }

  nextId(): number {
    return this.#nextId++;
  }

  connect(applicationName: string, lockTimeoutMs: number): Backend {
    const backend: Backend = {
      pid: this.#nextPid++,
      applicationName,
      settings: { ...this.roleSettings },
      transaction: null,
      state: 'idle',
      stateSinceMs: this.nowMs,
      waitsFor: null,
      isOver: false,
      onOver: () => {},
      session: { lockTimeoutMs },
    };
    this.backends.set(backend.pid, backend);
    return backend;
  }

  /** Ends a backend: what it had not committed is undone. */
  end(backend: Backend): void {
    if (backend.isOver) return;
    backend.isOver = true;
    this.backends.delete(backend.pid);
    this.#endTransaction(backend);
    backend.onOver();
  }

  endAll(): void {
    for (const backend of [...this.backends.values()]) this.end(backend);
  }

  /** Runs a statement for a backend, once what it waits for is free. */
  run(backend: Backend, statement: Statement, done: Outcome): void {
    if (backend.isOver) return;
    this.#setState(backend, 'active');
    const outcome: Outcome = (error, result) => {
      this.#setState(backend, 'idle');
      done(error, result);
    };
    const tx = backend.transaction ?? this.#begin(backend, false);
    this.#attempt(tx, statement, null, outcome);
  }

  #attempt(tx: Transaction, statement: Statement, wait: Wait | null, outcome: Outcome): void {
    const { backend } = tx;
    if (backend.isOver) return;
    const mark = tx.overlay.mark();
    try {
      const result = statement(tx, this);
      wait?.stop();
      backend.waitsFor = null;
      if (!tx.isBlock) this.#commit(tx);
      outcome(null, result);
    } catch (error) {
      tx.overlay.rollbackTo(mark);
      if (error instanceof MustWait) {
        this.#wait(tx, statement, error.lock, wait, outcome);
        return;
      }
      wait?.stop();
      backend.waitsFor = null;
      if (!(error instanceof PgError)) {
        this.#scheduler.fail(error);
        return;
      }
      if (tx.isBlock) tx.failed = true;
      else this.#endTransaction(backend);
      outcome(error, null);
    }
  }

  #wait(tx: Transaction, statement: Statement, lock: string, before: Wait | null, outcome: Outcome): void {
    const { backend } = tx;
    backend.waitsFor = lock;
    let wait = before;
    if (!wait) {
      const timers: Timer[] = [];
      const giveUp = (code: string, message: string) => {
        if (backend.waitsFor === null || backend.isOver) return;
        backend.waitsFor = null;
        for (const timer of timers) this.#scheduler.clear(timer);
        if (tx.isBlock) tx.failed = true;
        else this.#endTransaction(backend);
        outcome(new PgError(code, message), null);
      };
      const limitMs = tx.lockTimeoutMs || backend.session.lockTimeoutMs;
      if (limitMs > 0)
        timers.push(
          this.#scheduler.after(
            limitMs,
            () => giveUp('55P03', 'canceling statement due to lock timeout'),
            null,
          ),
        );
      timers.push(
        this.#scheduler.after(
          deadlockMs,
          () => this.#isDeadlocked(tx) && giveUp('40P01', 'deadlock detected'),
          null,
        ),
      );
      wait = {
        stop: () => {
          for (const timer of timers) this.#scheduler.clear(timer);
        },
      };
    }
    const again = wait;
    const queue = this.#waiting.get(lock) ?? [];
    queue.push(() => {
      if (backend.waitsFor === lock && !backend.isOver) this.#attempt(tx, statement, again, outcome);
    });
    this.#waiting.set(lock, queue);
  }

  #isDeadlocked(tx: Transaction): boolean {
    let at: Transaction | undefined = tx;
    for (let steps = 0; at && steps < 100; steps++) {
      const lock: string | null = at.backend.waitsFor;
      at = lock === null ? undefined : this.#locks.get(lock);
      if (at === tx) return true;
    }
    return false;
  }

  /** Held until the transaction ends. @throws MustWait where another holds it */
  lock(tx: Transaction, name: string): void {
    const holder = this.#locks.get(name);
    if (holder === tx) return;
    if (holder) throw new MustWait(name);
    this.#locks.set(name, tx);
  }

  /** Whether another transaction holds it. */
  isLockedByOther(tx: Transaction, name: string): boolean {
    const holder = this.#locks.get(name);
    return holder !== undefined && holder !== tx;
  }

  holderOf(name: string): Transaction | undefined {
    return this.#locks.get(name);
  }

  begin(backend: Backend): void {
    if (backend.transaction?.isBlock) return;
    this.#begin(backend, true);
  }

  #begin(backend: Backend, isBlock: boolean): Transaction {
    const tx: Transaction = {
      overlay: new Overlay(this.tables),
      backend,
      isBlock,
      failed: false,
      savepoints: [],
      lockTimeoutMs: 0,
      idleTimeoutMs: 0,
      staged: [],
    };
    if (isBlock) backend.transaction = tx;
    return tx;
  }

  /** @returns the command tag: a failed transaction is rolled back, and that is no error */
  commit(backend: Backend): string {
    const tx = backend.transaction;
    if (!tx) return 'COMMIT';
    if (tx.failed) {
      this.#endTransaction(backend);
      return 'ROLLBACK';
    }
    this.#commit(tx);
    return 'COMMIT';
  }

  rollback(backend: Backend): void {
    this.#endTransaction(backend);
  }

  #commit(tx: Transaction): void {
    tx.overlay.apply();
    this.#release(tx);
  }

  #endTransaction(backend: Backend): void {
    backend.waitsFor = null;
    if (backend.transaction) this.#release(backend.transaction);
    else for (const [name, holder] of this.#locks) if (holder.backend === backend) this.#free(name);
  }

  #release(tx: Transaction): void {
    if (tx.backend.transaction === tx) tx.backend.transaction = null;
    for (const [name, holder] of this.#locks) if (holder === tx) this.#free(name);
  }

  #free(name: string): void {
    this.#locks.delete(name);
    const queue = this.#waiting.get(name);
    this.#waiting.delete(name);
    for (const next of queue ?? []) this.#scheduler.after(0, next, null);
  }

  #setState(backend: Backend, state: Backend['state']): void {
    backend.state = state;
    backend.stateSinceMs = this.nowMs;
    const idleMs = backend.transaction?.idleTimeoutMs ?? 0;
    if (state !== 'idle' || idleMs === 0) return;
    const since = backend.stateSinceMs;
    this.#scheduler.after(
      idleMs,
      () => {
        if (backend.transaction && backend.state === 'idle' && backend.stateSinceMs === since)
          this.end(backend);
      },
      null,
    );
  }

  snapshot(): { tables: Tables; isMigrated: boolean } {
    return { tables: copyOf(this.tables), isMigrated: this.isMigrated };
  }

  /** Goes back to an older state, as a restore or a failover to a standby that lagged does. */
  restore(snapshot: { tables: Tables; isMigrated: boolean }): void {
    this.endAll();
    this.#locks.clear();
    this.#waiting.clear();
    this.tables = copyOf(snapshot.tables);
    this.isMigrated = snapshot.isMigrated;
  }
}

interface Wait {
  stop(): void;
}
