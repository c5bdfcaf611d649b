/** What lies between the HTTP server and the log: the parts of a front, joined. It does no I/O before the first request. */

import type { Registry } from 'prom-client';
import type { Settings } from '../config/settings.ts';
import { listedOrigins } from '../http/browser-origin.ts';
import { isLoopback } from '../http/loopback.ts';
import { type LogAppender, LogUnavailableError } from '../log/log.ts';
import { codeLines } from '../observability/error-fields.ts';
import type { Logger } from '../observability/logger.ts';
import { keyedUsageColumns, usageColumns } from '../usage/row.ts';
import { createUuidV7 } from '../usage/uuid-v7.ts';
import { createAdmission } from './admission.ts';
import { createAppendability } from './appendability.ts';
import { createBodyDeadlines } from './body-deadlines.ts';
import { Exchange, type ExchangeScope } from './exchange.ts';
import { createFrontMetrics } from './front-metrics.ts';
import { GroupCommit } from './group-commit.ts';
import { createHeadCheck, type HeadCheck } from './head-check.ts';
import { createInflater } from './inflater.ts';
import { createKeyCheck, type KeyCheck } from './key-check.ts';
import { createPostUsages } from './post-usages.ts';
import { createReplies } from './replies.ts';
import { createUsageReader } from './request-usages.ts';
import { Slices } from './slices.ts';
import type { HttpRequest, HttpResponse } from './uws.ts';

export interface IntakeOptions {
  /** The address listened on. */
  host: string;
  settings: Settings;
  /** Started before the front, stopped after it, by whoever made it. */
  appender: LogAppender;
  /** Appends in flight: 1 for the local log, which is one file; 5 for Kafka. */
  appendsInFlightMax?: number;
  logger: Logger;
  /** Whether this front can append durably: once before the front's `start` resolves, then at every change. */
  onAppendable?(appendable: boolean, reason: string): void;
  worker: number;
  /** The clock, epoch milliseconds. */
  now?: () => number;
}

export interface Intake {
  readonly registry: Registry;
  readonly headCheck: HeadCheck;
  readonly keyCheck: KeyCheck;
  begin(res: HttpResponse, startedMs: number): Exchange;
  postUsages(res: HttpResponse, req: HttpRequest): void;
  /** What depends on time. Called several times a second. */
  tick(): void;
  /** Looks whether it can append, and tells a change. */
  checkAppendable(): void;
  /** From now on every answer closes its connection. Resolves when all are given, and all that waits is appended. */
  stop(): Promise<void>;
}

/** As long as it is because it is one flat list: each part, and what it is given. */
export function createIntake(options: IntakeOptions): Intake {
  const { settings, appender, logger, now = Date.now } = options;
  const exchanges = createExchanges();
  const tellDefect = (error: unknown) => logger.error('request_defect', codeLines(error));
  const metrics = createFrontMetrics({
    worker: options.worker,
    waitingBytes: () => admission.waitingBytes,
  });
  const replies = createReplies({ onRefused: metrics.refused, onShed: metrics.shed, onDefect: tellDefect });
  const keyCheck = createKeyCheck({ settings, logger, replies, now });
  // Once an instance, not once a front.
  if (settings.USAGE_AUTH === 'off' && options.worker === 0) logger.warn('auth_off');
  const groupCommit = new GroupCommit({
    columns: keyCheck.isRequired ? keyedUsageColumns : usageColumns,
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
  const oldestWaitingMs = (nowMs: number) => groupCommit.oldestWaitingMs(nowMs);
  const appendability = createAppendability({
    appender,
    isKnowingKeys: () => keyCheck.isKnowing,
    now,
    oldestWaitingMs,
    timeoutMs: settings.USAGE_APPEND_TIMEOUT_MS,
    onChange: (appendable, reason) => options.onAppendable?.(appendable, reason),
  });
  const admission = createAdmission({
    waitingBytesMax: settings.USAGE_FRONT_WAITING_BYTES_MAX,
    waitingMsMax: settings.USAGE_FRONT_WAITING_MS_MAX,
    oldestWaitingMs,
    unappendable: appendability.refusal,
  });
  const deadlines = createBodyDeadlines({
    timeoutMs: settings.USAGE_BODY_TIMEOUT_MS,
    onLate: (exchange) => replies.refuse(exchange, 'body_timeout', true),
  });
  const headCheck = createHeadCheck({
    listed: listedOrigins(settings.USAGE_CORS_ORIGINS),
    onLoopback: isLoopback(options.host),
    replies,
  });
  const scope: ExchangeScope = {
    admission,
    get isStopping() {
      return exchanges.isStopping;
    },
    onAnswered: metrics.answered,
    onAbandoned: metrics.abandoned,
    onEnded: exchanges.ended,
  };
  const begin = (res: HttpResponse, startedMs: number) => {
    exchanges.began();
    return new Exchange(res, startedMs, scope);
  };
  const slices = new Slices(settings.USAGE_FRONT_WAITING_MS_MAX);
  const inflater = createInflater({
    bytesMax: settings.USAGE_INFLATED_BYTES_MAX,
    waitingMsMax: settings.USAGE_FRONT_WAITING_MS_MAX,
    // One at a time where the bound is smaller than what one body may inflate to.
    hasRoom: (bytes) =>
      slices.isIdle || admission.waitingBytes + bytes <= settings.USAGE_FRONT_WAITING_BYTES_MAX,
    onHeld: admission.hold,
  });
  const postUsages = createPostUsages({
    admission,
    deadlines,
    inflater,
    reader: createUsageReader({
      usagesMax: settings.USAGE_REQUEST_USAGES_MAX,
      ids: createUuidV7(),
      onRejected: metrics.refused,
    }),
    slices,
    groupCommit,
    replies,
    headCheck,
    keyCheck,
    bodyBytesMax: settings.USAGE_BODY_BYTES_MAX,
    begin,
    onDurable: metrics.durable,
  });
  return {
    registry: metrics.registry,
    headCheck,
    keyCheck,
    begin,
    postUsages,
    tick() {
      const nowMs = performance.now();
      groupCommit.expire(nowMs);
      deadlines.check(nowMs);
      inflater.check(nowMs);
      appendability.check(nowMs);
    },
    checkAppendable: () => appendability.check(performance.now()),
    async stop() {
      await exchanges.stop();
      await groupCommit.drained();
    },
  };
}

/** How many requests are under way, and whether the front is stopping. */
function createExchanges() {
  let count = 0;
  let isStopping = false;
  let onIdle: (() => void) | null = null;
  return {
    get isStopping() {
      return isStopping;
    },
    began() {
      count++;
    },
    ended() {
      count--;
      if (count === 0 && onIdle) onIdle();
    },
    /** Resolves when none is under way. */
    async stop() {
      isStopping = true;
      if (count > 0) await new Promise<void>((resolve) => (onIdle = resolve));
    },
  };
}
