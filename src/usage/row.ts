/**
 * A usage as one row of Postgres' COPY in text format: tab-separated, `\N` for null, backslash escapes. The front
 * encodes it once; nothing between it and Postgres parses it again.
 */

import { timestampText } from './calendar.ts';
import type { Usage } from './usage.ts';

/** The columns of a row, in order, as record headers carry them. */
export const usageColumns = 'id,patient_id,medication,used_at,utc_offset,received_at,attributes';

/** Those of a row that says which API key sent it. */
export const keyedUsageColumns = `${usageColumns},key_number`;

/** A row on its way into a record. */
export interface Row {
  readonly text: string;
  /** Of UTF-8. */
  readonly bytes: number;
  /** The UTC month of `used_at`, as `utcMonth` counts. */
  readonly month: number;
}

/**
 * One row, ended by a line feed.
 * @param id the usage's own, or the one made for it
 * @param receivedAtText `timestampText` of when the front took the usage in; one text serves a millisecond's rows
 */
export function encodeRow(usage: Usage, id: string, receivedAtText: string): string {
  const { utcOffsetMinutes, attributes } = usage;
  return `${id}\t${escapeText(usage.patientId)}\t${escapeText(usage.medication)}\t${timestampText(usage.usedAtMs)}\t${utcOffsetMinutes === null ? '\\N' : utcOffsetMinutes}\t${receivedAtText}\t${attributes === null ? '\\N' : escapeText(attributes)}\n`;
}

/** The row with one column more, as `keyedUsageColumns` names them. */
export function withKeyNumber(row: Row, number: number): Row {
  const ending = `\t${number}\n`;
  return { text: row.text.slice(0, -1) + ending, bytes: row.bytes + ending.length - 1, month: row.month };
}

const special = /[\\\n\r\t\b\f\v]/;
const allSpecial = /[\\\n\r\t\b\f\v]/g;
const escapes: Record<string, string> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
  '\v': '\\v',
};

/**
 * Escapes what COPY would read as syntax. A valid usage holds only the backslash of these: control characters are refused, and
 * JSON text has none raw. A row that broke into two would be worth more than what looking for all of them costs.
 */
function escapeText(text: string): string {
  return special.test(text) ? text.replace(allSpecial, (character) => escapes[character]!) : text;
}
