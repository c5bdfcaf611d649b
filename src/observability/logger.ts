/**
 * Structured logs: pino JSON on stdout, one line an event, pretty on a terminal. Every line has `event`, a
 * stable name from `logEvents` (logs.md lists them). Never a line a request, never a value from a body.
 */

import { type Logger as PinoLogger, pino } from 'pino';
import pretty from 'pino-pretty';
import { errorFields } from './error-fields.ts';
import type { LogEvent } from './log-events.ts';

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

function wrap(logger: PinoLogger): Logger {
  const line = (event: LogEvent, fields: object = {}): object =>
    'err' in fields ? { event, ...fields, err: errorFields(fields.err) } : { event, ...fields };
  return {
    debug: (event, fields) => logger.debug(line(event, fields)),
    info: (event, fields) => logger.info(line(event, fields)),
    warn: (event, fields) => logger.warn(line(event, fields)),
    error: (event, fields) => logger.error(line(event, fields)),
  };
}
