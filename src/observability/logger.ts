/**
 * Structured logs: pino JSON on stdout, one line an event, pretty on a terminal. Every line has `event`, a
 * stable name from `logEvents` (logs.md lists them). Never a line a request, never a value from a body, never
 * more of one event than `createLogLimiter` lets through.
 */

import { type Logger as PinoLogger, pino } from 'pino';
import pretty from 'pino-pretty';
import { errorFields } from './error-fields.ts';
import type { LogEvent } from './log-events.ts';
import { createLogLimiter } from './log-limiter.ts';

export interface Logger {
  debug(event: LogEvent, fields?: object): void;
  info(event: LogEvent, fields?: object): void;
  warn(event: LogEvent, fields?: object): void;
  error(event: LogEvent, fields?: object): void;
}

/** `role` and `worker` (the slot) stand on every line; `err` in `fields` is written with its stack and cause. */
export function createLogger(options: {
  level: string;
  role: string;
  worker?: number;
  pretty?: boolean;
}): Logger {
  const base =
    options.worker === undefined ? { role: options.role } : { role: options.role, worker: options.worker };
  const pinoOptions = {
    level: options.level,
    base,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    // pino copies the message of what stands under this key to `msg`; a message of Postgres can hold a row.
    errorKey: 'unused',
    serializers: { err: (fields: unknown) => fields },
  };
  // Written in this thread, so that the last line of a process that ends is not lost.
  const logger = options.pretty
    ? pino(pinoOptions, pretty({ sync: true, singleLine: true, ignore: 'pid,hostname', messageKey: 'event' }))
    : pino(pinoOptions);
  return wrap(logger);
}

/** A logger that says nothing, for parts used outside a process of ours. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

type Level = 'debug' | 'info' | 'warn' | 'error';

/** `leftOut` on a line: how many of its event before it were not written, because they came too fast. */
function wrap(logger: PinoLogger): Logger {
  type Line = { readonly level: Level; readonly event: LogEvent; readonly fields: object };
  const limiter = createLogLimiter<Line>(({ level, event, fields }, leftOut) => {
    const line = leftOut > 0 ? { event, ...fields, leftOut } : { event, ...fields };
    logger[level]('err' in fields ? { ...line, err: errorFields(fields.err) } : line);
  });
  const at =
    (level: Level) =>
    (event: LogEvent, fields: object = {}) => {
      if (logger.isLevelEnabled(level)) limiter.submit({ level, event, fields });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
