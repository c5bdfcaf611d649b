/** Times as people type them. */

const unitsMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** A hundred years: beyond it no sum is a date of anybody's plan. */
const durationMsMax = 100 * 366 * unitsMs.d;

/** `90d`, `24h`, `15m` or `30s` in milliseconds; null where the text is none of these, or over a hundred years. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9})([smhd])$/.exec(text);
  if (!match) return null;
  const ms = Number(match[1]) * unitsMs[match[2] as keyof typeof unitsMs];
  return ms <= durationMsMax ? ms : null;
}

const instant = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2}))?$/;

/** A duration from `nowMs` on, or an instant such as `2027-06-01T00:00Z` (a date alone is its first moment in UTC); null for anything else. */
export function parseExpiry(text: string, nowMs: number): Date | null {
  const durationMs = parseDuration(text);
  if (durationMs !== null) return new Date(nowMs + durationMs);
  if (!instant.test(text)) return null;
  const date = new Date(text);
  // 30 February becomes a day in March to Date.
  return Number.isNaN(date.getTime()) || !isRealDay(text) ? null : date;
}

function isRealDay(text: string): boolean {
  const [year, month, day] = text.slice(0, 10).split('-').map(Number);
  return new Date(Date.UTC(year!, month! - 1, day)).getUTCDate() === day;
}
