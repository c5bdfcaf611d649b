/**
 * Named points at which a test kills the process, exactly there. Off, and nothing but one comparison, unless
 * the environment variable FAILPOINT names one; then the process that reaches it dies as by kill -9, or with
 * FAILPOINT_SIGNAL=SIGSTOP stands still there, once.
 */
export type FailpointName =
  /** Durable in the log, not answered yet. */
  | 'appended'
  /** Rows copied, position moved, transaction not committed. */
  | 'copied'
  /** Committed, the log not told yet. */
  | 'committed'
  /** In the middle of rolling a segment: the old one closed, the new one not there yet. */
  | 'rolling';

let active = process.env.FAILPOINT;
const signal = process.env.FAILPOINT_SIGNAL === 'SIGSTOP' ? 'SIGSTOP' : 'SIGKILL';

export function failpoint(name: FailpointName): void {
  if (active !== name) return;
  active = undefined;
  process.kill(process.pid, signal);
}
