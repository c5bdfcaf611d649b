/** What a server of a test wrote to its log: every line is an event of the table, and an outage writes few. */

import assert from 'node:assert/strict';
import { logEvents } from '../../src/observability/log-events.ts';

export interface LogLine {
  readonly event: string;
  readonly role: string;
  readonly level: string;
}

/** The log lines in an output that may hold other text too; what a kill cut off is none. */
export function logLinesOf(output: string): LogLine[] {
  return output.split('\n').flatMap((line) => {
    if (!line.startsWith('{"level"')) return [];
    try {
      return [JSON.parse(line) as LogLine];
    } catch {
      return [];
    }
  });
}

/** Each has the fields that docs/logs.md promises, and an event that it lists. */
export function checkLogLines(output: string): void {
  for (const line of logLinesOf(output)) {
    assert.ok(line.event in logEvents, `${line.event} is not in src/observability/log-events.ts`);
    assert.ok(line.role, `${line.event} has no role`);
  }
}

/** Counts by event, for a message. */
export function countByEvent(lines: readonly LogLine[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { event } of lines) counts[event] = (counts[event] ?? 0) + 1;
  return counts;
}
