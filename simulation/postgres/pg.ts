/** `pg` with the virtual server at the other end, as far as the product uses it. */

import { EventEmitter } from 'node:events';
import type { Process } from '../world/scheduler.ts';
import { thisProcess, world } from '../world/world.ts';
import { checkLines, copyLines, copyRowsInto } from './copy-rows.ts';
import type { CopyStream } from './pg-copy-streams.ts';
import { type Backend, type Outcome, PgError, type QueryResult, type Statement } from './server.ts';
import { controlOf, statementOf } from './statements.ts';

export interface ClientConfig {
  readonly application_name?: string;
  readonly connectionTimeoutMillis?: number;
  readonly query_timeout?: number;
  readonly lock_timeout?: number;
}

type Done = (error: Error | null, result?: QueryResult | null) => void;

/** Work on a connection; one at a time is under way. */
interface Request {
  /** At the server. */
  run(backend: Backend, done: Outcome): void;
  readonly done: Done;
  readonly trace: string;
}

class Client extends EventEmitter {
  readonly #config: ClientConfig;
  readonly #process: Process;
  readonly #queue: Request[] = [];
  #active: Request | null = null;
  #backend: Backend | null = null;
  #isOver = false;
  /** What the driver has of the socket: it is cut there, without a word to the server. */
  readonly connection = {
    stream: { destroy: () => this.#cut(), bytesRead: 0, bytesWritten: 0, writableLength: 0 },
  };

  constructor(config: ClientConfig = {}) {
    super();
    this.#config = config;
    this.#process = thisProcess();
    this.#process.onEnd.push(() => this.#vanish());
  }

  get processID(): number | null {
    return this.#backend?.pid ?? null;
  }

  connect(): Promise<void> {
    const { scheduler, postgres } = world();
    return new Promise((resolve, reject) => {
      let isLate = false;
      const limitMs = this.#config.connectionTimeoutMillis ?? 0;
      const timer =
        limitMs > 0
          ? scheduler.after(limitMs, () => {
              isLate = true;
              this.#isOver = true;
              reject(new Error('timeout expired'));
            })
          : null;
      const process = this.#process;
      const arrive = () => {
        if (isLate || this.#isOver || !process.alive) return;
        if (!postgres.isRunning) {
          scheduler.after(
            postgres.latencyMs(),
            () => {
              scheduler.clear(timer);
              this.#isOver = true;
              reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
            },
            process,
          );
          return;
        }
        if (waitWhileHung(arrive)) return;
        const { application_name = '', lock_timeout = 0 } = this.#config;
        const backend = postgres.connect(application_name, lock_timeout);
        this.#backend = backend;
        backend.onOver = () => this.#serverEnded();
        scheduler.after(
          postgres.latencyMs(),
          () => {
            scheduler.clear(timer);
            if (isLate) return;
            if (this.#isOver) reject(new Error('Connection terminated unexpectedly'));
            else resolve();
          },
          process,
        );
      };
      scheduler.after(postgres.latencyMs(), arrive, null);
    });
  }

  query(what: string | CopyStream, params: readonly unknown[] = []): Promise<QueryResult> | CopyStream {
    if (typeof what !== 'string') {
      what.begin((ended) => this.#push(copyRequest(what, ended)));
      return what;
    }
    // Sent now, whatever becomes of the buffers.
    const sent = params.map(sentNow);
    return new Promise((resolve, reject) => {
      const done: Done = (error, result) => (error ? reject(error) : resolve(result!));
      const limitMs = this.#config.query_timeout ?? 0;
      const timer =
        limitMs > 0 ? world().scheduler.after(limitMs, () => reject(new Error('Query read timeout'))) : null;
      const told: Done = (error, result) => {
        world().scheduler.clear(timer);
        done(error, result);
      };
      this.#push({ run: (backend, after) => runAll(backend, what, sent, after), done: told, trace: what });
    });
  }

  async end(): Promise<void> {
    const { scheduler, postgres } = world();
    const backend = this.#backend;
    if (this.#isOver) return;
    // What was asked before is answered first.
    await new Promise<void>((resolve) => {
      const leave = () => {
        if (waitWhileHung(leave)) return;
        if (backend) postgres.end(backend);
        scheduler.after(postgres.latencyMs(), () => resolve(), this.#process);
      };
      this.once('end', resolve);
      this.#push({ run: () => leave(), done: () => {}, trace: 'goodbye' });
    });
    this.#over(new Error('Connection terminated'), false);
  }

  #push(request: Request): void {
    if (this.#isOver) {
      world().scheduler.after(0, () => request.done(new Error('Client was closed and is not queryable')));
      return;
    }
    this.#queue.push(request);
    this.#sendNext();
  }

  #sendNext(): void {
    const { scheduler, postgres } = world();
    const request = this.#queue[0];
    if (this.#active || !request || this.#isOver) return;
    this.#queue.shift();
    this.#active = request;
    this.connection.stream.bytesWritten += 1;
    const arrive = () => {
      const backend = this.#backend;
      if (!backend || backend.isOver) return;
      if (waitWhileHung(arrive)) return;
      if (postgres.happens(postgres.breaks)) return postgres.end(backend);
      const breaksAfter = postgres.happens(postgres.breaks);
      request.run(backend, (error, result) => {
        if (breaksAfter) return postgres.end(backend);
        this.#answer(request, error, result);
      });
    };
    scheduler.after(postgres.latencyMs(), arrive, null);
  }

  #answer(request: Request, error: Error | null, result: QueryResult | null): void {
    const { scheduler, postgres } = world();
    scheduler.after(
      postgres.latencyMs(),
      () => {
        const tell = () => {
          if (waitWhileHung(tell, this.#process)) return;
          if (this.#active !== request) return;
          this.#active = null;
          this.connection.stream.bytesRead += 1;
          world().trace(() => `postgres: ${request.trace.slice(0, 60)} -> ${error ? codeOf(error) : 'ok'}`);
          request.done(error, result);
          this.#sendNext();
        };
        tell();
      },
      this.#process,
    );
  }

  /** The socket is destroyed by us: whatever is under way fails, and the server finds out later. */
  #cut(): void {
    const { scheduler, postgres } = world();
    const backend = this.#backend;
    if (backend) scheduler.after(postgres.latencyMs(), () => this.#leave(backend), null);
    if (this.#isOver) return;
    scheduler.after(
      0,
      () => this.#over(new Error('Connection terminated unexpectedly'), true),
      this.#process,
    );
  }

  /** A server reads of a lost client when it is done with what it does. */
  #leave(backend: Backend): void {
    const { scheduler, postgres } = world();
    if (backend.isOver) return;
    if (backend.state === 'active') scheduler.after(5, () => this.#leave(backend), null);
    else postgres.end(backend);
  }

  /** The process died. Where its whole host did, the server hears nothing of it. */
  #vanish(): void {
    const { scheduler, chance } = world();
    this.#isOver = true;
    const backend = this.#backend;
    if (!backend || backend.isOver) return;
    const delayMs = chance.chance(0.1) ? chance.integer(2_000, 150_000) : chance.fraction() * 5;
    scheduler.after(delayMs, () => this.#leave(backend), null);
  }

  #serverEnded(): void {
    const { scheduler, postgres } = world();
    scheduler.after(
      postgres.latencyMs(),
      () => this.#over(new Error('Connection terminated unexpectedly'), true),
      this.#process,
    );
  }

  #over(error: Error, isUnexpected: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const requests = this.#active ? [this.#active, ...this.#queue] : this.#queue;
    this.#active = null;
    for (const request of requests.splice(0)) request.done(error);
    if (isUnexpected && this.listenerCount('error') > 0) this.emit('error', error);
    this.emit('end');
  }
}

function sentNow(param: unknown): unknown {
  if (Array.isArray(param)) return param.map(sentNow);
  return Buffer.isBuffer(param) ? Buffer.from(param) : param;
}

/** True while the server is stopped; then `again` is called once it goes on. */
function waitWhileHung(again: () => void, process: Process | null = null): boolean {
  const { scheduler, postgres } = world();
  const leftMs = postgres.hungUntilMs - scheduler.nowMs;
  if (leftMs <= 0) return false;
  scheduler.after(leftMs, again, process);
  return true;
}

/** Statement after statement; the first error ends it. */
function runAll(backend: Backend, sql: string, params: readonly unknown[], done: Outcome): void {
  const { postgres, scheduler } = world();
  const parts = params.length > 0 ? [sql] : sql.split(';').filter((part) => part.trim() !== '');
  const run = (part: string, ended: Outcome): void => {
    const control = controlOf(part);
    if (control) ended(null, control(postgres, backend));
    else postgres.run(backend, statementOf(part, params), ended);
  };
  const next = (index: number, last: QueryResult | null): void => {
    const part = parts[index];
    if (part === undefined) {
      done(null, last);
      return;
    }
    try {
      run(part, (error, result) => (error ? done(error, null) : next(index + 1, result)));
    } catch (error) {
      if (error instanceof PgError) done(error, null);
      else scheduler.fail(error);
    }
  };
  next(0, null);
}

function copyRequest(stream: CopyStream, ended: Done): Request {
  const statement: Statement = (tx, server) => {
    const lines = copyLines(stream.data());
    const table = stream.target === 'usages' ? 'usages' : 'usages_staged';
    if (tx.failed) throw new PgError('25P02', 'current transaction is aborted');
    if (tx.backend.settings.statementTimeoutMs > 0)
      throw new PgError('57014', 'canceling statement due to statement timeout');
    if (!server.isMigrated) throw new PgError('42P01', 'relation "usages" does not exist');
    checkLines(lines, table);
    if (table === 'usages') copyRowsInto(tx, server, lines, 'refuse repeats');
    else tx.staged.push(...lines);
    return { command: 'COPY', rowCount: lines.length, rows: [] };
  };
  return {
    run: (backend, done) => world().postgres.run(backend, statement, done),
    done: ended,
    trace: `copy ${stream.target}`,
  };
}

function codeOf(error: Error): string {
  return error instanceof PgError ? error.code : error.message;
}

export { PgError as DatabaseError };

const escapeIdentifier = (name: string) => `"${name}"`;

export default { Client, DatabaseError: PgError, escapeIdentifier };
