/** A logger that keeps what is logged, as text too, so that a test can look for what must not be there. */

import { errorFields } from '../../src/observability/error-fields.ts';
import type { LogEvent } from '../../src/observability/log-events.ts';
import type { Logger } from '../../src/observability/logger.ts';

export interface LoggedEvents extends Logger {
  readonly entries: { level: string; event: LogEvent; fields: Record<string, unknown> }[];
  count(event: LogEvent): number;
  /** Everything, as the log would have it. */
  text(): string;
}

export function loggedEvents(): LoggedEvents {
  const entries: LoggedEvents['entries'] = [];
  const at =
    (level: string) =>
    (event: LogEvent, fields: object = {}) => {
      entries.push({ level, event, fields: { ...fields } });
    };
  return {
    entries,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    count: (event) => entries.filter((entry) => entry.event === event).length,
    text: () => JSON.stringify(entries, (key, value) => (key === 'err' ? errorFields(value) : value)),
  };
}
