/**
 * Structured logs: pino JSON on stdout, one line an event, pretty on a terminal. Every line has `event`, a
 * stable name from `logEvents` (logs.md lists them). Never a line a request, never a value from a body.
 */

import { type Logger as PinoLogger, pino } from 'pino';
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
  const logger = pino({
    level: options.level,
    base,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    ...(options.pretty
      ? { transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname', messageKey: 'event' } } }
      : {}),
  });
  return wrap(logger);
}

/** A logger that says nothing, for parts used outside a process of ours. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

function wrap(logger: PinoLogger): Logger {
  return {
    debug: (event, fields) => logger.debug({ event, ...fields }),
    info: (event, fields) => logger.info({ event, ...fields }),
    warn: (event, fields) => logger.warn({ event, ...fields }),
    error: (event, fields) => logger.error({ event, ...fields }),
  };
}
