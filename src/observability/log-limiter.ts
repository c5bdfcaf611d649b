/**
 * Keeps an outage, a flapping connection or a defect met by every request from filling the disk with log lines:
 * each event may come in a burst, then at a steady rate. What is over that is left out and counted; the last of
 * it is written, late, so that the log never ends with a state that is over.
 */

/** Lines of one event at once: a start with 256 fronts is told in full. */
export const burstLines = 300;
/** After a burst one more line of the event each so often: at most 8,640 a day. */
export const lineEveryMs = 10_000;

export interface LogLimiter<Line extends { readonly event: string }> {
  /** Writes the line now, or keeps it until the event may come again; a newer one takes its place. */
  submit(line: Line): void;
}

interface Allowance<Line> {
  /** That may be written at once. */
  lines: number;
  /** When `lines` was right, monotonic milliseconds. */
  atMs: number;
  /** The newest of those that came too soon, and how many there are. */
  held: Line | null;
  heldCount: number;
}

/** @param write called with the line and how many of its event were left out before it */
export function createLogLimiter<Line extends { readonly event: string }>(
  write: (line: Line, leftOut: number) => void,
  now: () => number = () => performance.now(),
): LogLimiter<Line> {
  const allowances = new Map<string, Allowance<Line>>();

  function allowanceOf(event: string): Allowance<Line> {
    let allowance = allowances.get(event);
    if (!allowance) {
      allowance = { lines: burstLines, atMs: now(), held: null, heldCount: 0 };
      allowances.set(event, allowance);
    }
    const earned = Math.floor((now() - allowance.atMs) / lineEveryMs);
    allowance.lines = Math.min(burstLines, allowance.lines + earned);
    allowance.atMs += earned * lineEveryMs;
    return allowance;
  }

  function writeHeld(event: string): void {
    const allowance = allowanceOf(event);
    const { held, heldCount } = allowance;
    if (held === null) return;
    // A timer may fire a little early.
    if (allowance.lines < 1) {
      writeSoon(event, allowance);
      return;
    }
    allowance.held = null;
    allowance.heldCount = 0;
    allowance.lines--;
    write(held, heldCount - 1);
  }

  /** Not kept alive for it: a process that ends has said more by ending. */
  function writeSoon(event: string, { atMs }: Allowance<Line>): void {
    setTimeout(() => writeHeld(event), Math.max(1, atMs + lineEveryMs - now())).unref();
  }

  return {
    submit(line) {
      const allowance = allowanceOf(line.event);
      if (allowance.lines >= 1 && allowance.heldCount === 0) {
        allowance.lines--;
        write(line, 0);
        return;
      }
      if (allowance.heldCount === 0) writeSoon(line.event, allowance);
      allowance.held = line;
      allowance.heldCount++;
    },
  };
}
