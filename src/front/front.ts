/**
 * The front: HTTP in, durable in the log, and only then answered. Read (bounded) -> inflate, check UTF-8 -> parse ->
 * validate -> id -> group commit -> log -> answer.
 */

import type { Registry } from 'prom-client';
import type { Settings } from '../config/settings.ts';
import { type LogAppender, LogUnavailableError } from '../log/log.ts';
import { readApiDocument } from '../observability/api-document.ts';
import { codeLines } from '../observability/error-fields.ts';
import type { Logger } from '../observability/logger.ts';
import { StartRefusedError } from '../system/start-refused-error.ts';
import { createUuidV7 } from '../usage/uuid-v7.ts';
import { createAdmission, type Refusal, releasedAtMs } from './admission.ts';
import { problemAnswer } from './answers.ts';
import { createBodyDeadlines } from './body-deadlines.ts';
import { Exchange, type ExchangeScope } from './exchange.ts';
import { createFrontMetrics } from './front-metrics.ts';
import { createGroupCommit } from './group-commit.ts';
import { createInflater } from './inflate.ts';
import { createPostUsages } from './post-usages.ts';
import { createUsageReader } from './request-usages.ts';
import { addRoutes } from './routes.ts';
import { type HttpResponse, type ListenSocket, loadUws, type TemplatedApp, type Uws } from './uws.ts';

export interface FrontOptions {
  host: string;
  /** 0 picks a free one. On Linux several fronts may share a port. */
  port: number;
  settings: Settings;
  /** Started before the front, stopped after it, by whoever made it. */
  appender: LogAppender;
  /** Appends in flight: 1 for the local log, which is one file; 5 for Kafka. */
  appendsInFlightMax?: number;
  logger: Logger;
  /** What `/readyz` answers: the instance's state, not this front's alone. */
  readiness(): { ready: boolean; reason: string };
  /** Whether this front can append durably: once before `start` resolves, then at every change. */
  onAppendable?(appendable: boolean, reason: string): void;
  worker: number;
  /** The clock, epoch milliseconds. */
  now?: () => number;
}

export interface Front {
  readonly registry: Registry;
  /** The port listened on; known after `start`. */
  readonly port: number;
  /** @throws ListenError, UwsUnavailableError */
  start(): Promise<void>;
  /** Stops listening, answers what is in flight, appends what waits, closes every connection. */
  stop(): Promise<void>;
}

/** The address is taken, or not this machine's, or not allowed. The HTTP server tells no more. */
export class ListenError extends StartRefusedError {
  override readonly name: string = 'ListenError';
}

const tickMsMax = 250;

export function createFront(options: FrontOptions): Front {
  const { host, settings, appender, logger, now = Date.now } = options;
  let port = options.port;
  let app: TemplatedApp | null = null;
  let uws: Uws | null = null;
  let listening: ListenSocket | null = null;
  let ticking: NodeJS.Timeout | null = null;
  let started: Promise<void> | null = null;
  let stopped: Promise<void> | null = null;
  let stopping = false;
  let exchanges = 0;
  let onIdle: (() => void) | null = null;
  let appendable: boolean | null = null;

  const admission = createAdmission({
    waitingBytesMax: settings.USAGE_FRONT_WAITING_BYTES_MAX,
    waitingMsMax: settings.USAGE_FRONT_WAITING_MS_MAX,
    oldestWaitingMs: (nowMs) => groupCommit.oldestWaitingMs(nowMs),
    unappendable: () => unappendable(),
  });
  const metrics = createFrontMetrics({
    worker: options.worker,
    waitingBytes: () => admission.waitingBytes,
  });
  const groupCommit = createGroupCommit({
    appender,
    usagesMax: settings.USAGE_GROUP_USAGES_MAX,
    bytesMax: settings.USAGE_GROUP_BYTES_MAX,
    inFlightMax: options.appendsInFlightMax ?? 1,
    timeoutMs: settings.USAGE_APPEND_TIMEOUT_MS,
    onAppended: metrics.appended,
    onAppendFailed(error) {
      // That the log is unavailable, it says itself; anything else nobody expected.
      if (!(error instanceof LogUnavailableError)) tellDefect(error);
    },
  });
  const scope: ExchangeScope = {
    admission,
    get isStopping() {
      return stopping;
    },
    onAnswered: metrics.answered,
    onEnded() {
      exchanges--;
      if (exchanges === 0 && onIdle) onIdle();
    },
  };
  const deadlines = createBodyDeadlines({
    timeoutMs: settings.USAGE_BODY_TIMEOUT_MS,
    onLate(exchange) {
      metrics.refused('body_timeout');
      exchange.answer(problemAnswer('body_timeout'), true);
    },
  });
  const begin = (res: HttpResponse, startedMs: number) => {
    exchanges++;
    return new Exchange(res, startedMs, scope);
  };
  const postUsages = createPostUsages({
    scope,
    admission,
    deadlines,
    inflater: createInflater({ bytesMax: settings.USAGE_INFLATED_BYTES_MAX }),
    reader: createUsageReader({
      usagesMax: settings.USAGE_REQUEST_USAGES_MAX,
      ids: createUuidV7(),
      onRejected: metrics.refused,
    }),
    groupCommit,
    bodyBytesMax: settings.USAGE_BODY_BYTES_MAX,
    begin,
    onShed: metrics.shed,
    onRefused: metrics.refused,
    onDurable: metrics.durable,
    onDefect: tellDefect,
  });

  function unappendable(): Refusal | null {
    if (now() < releasedAtMs) return 'clock_wrong';
    return appender.writable ? null : 'log_unavailable';
  }

  function tellDefect(error: unknown): void {
    logger.error('request_defect', codeLines(error));
  }

  function unappendableReason(): string {
    const refusal = unappendable();
    if (refusal === 'clock_wrong') return 'the clock is before the release date of this version';
    if (refusal !== null) return 'the log is not writable';
    const isHung = groupCommit.oldestWaitingMs(performance.now()) > settings.USAGE_APPEND_TIMEOUT_MS;
    return isHung ? 'an append has not finished in time' : '';
  }

  function tellAppendable(): void {
    const reason = unappendableReason();
    const next = reason === '';
    if (next === appendable) return;
    appendable = next;
    options.onAppendable?.(next, reason);
  }

  function tick(): void {
    const nowMs = performance.now();
    groupCommit.expire(nowMs);
    deadlines.check(nowMs);
    tellAppendable();
  }

  async function startNow(): Promise<void> {
    const apiDocument = await readApiDocument();
    uws = await loadUws();
    app = uws.App();
    addRoutes(app, { postUsages, begin, readiness: options.readiness, apiDocument });
    listening = await listen(app, host, port);
    port = uws.us_socket_local_port(listening);
    const shortestMs = Math.min(settings.USAGE_APPEND_TIMEOUT_MS, settings.USAGE_BODY_TIMEOUT_MS);
    ticking = setInterval(tick, Math.min(tickMsMax, shortestMs / 4));
    appender.onWritableChange(tellAppendable);
    tellAppendable();
  }

  async function stopNow(): Promise<void> {
    // A start that failed or has not finished is stopped as far as it came.
    await started?.catch(() => {});
    stopping = true;
    if (listening) uws!.us_listen_socket_close(listening);
    listening = null;
    if (exchanges > 0) await new Promise<void>((resolve) => (onIdle = resolve));
    await groupCommit.drained();
    if (ticking) clearInterval(ticking);
    // Whoever still is connected waits for nothing.
    app?.close();
    app = null;
  }

  return {
    registry: metrics.registry,
    get port() {
      return port;
    },
    start() {
      started ??= startNow();
      return started;
    },
    stop() {
      stopped ??= stopNow();
      return stopped;
    },
  };
}

function listen(app: TemplatedApp, host: string, port: number): Promise<ListenSocket> {
  return new Promise((resolve, reject) => {
    app.listen(host, port, (socket) => {
      if (socket) resolve(socket);
      else
        reject(
          new ListenError(
            `cannot listen on ${host} port ${port}: is it taken, or not an address of this machine? Set another PORT or HOST`,
          ),
        );
    });
  });
}
