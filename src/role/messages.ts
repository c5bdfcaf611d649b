/** What the supervisor and its role processes say to each other over Node's IPC channel. */

import type { MetricSnapshot } from '../observability/metrics.ts';

export type FromRole =
  /** The role does its work now. */
  | { type: 'ready' }
  /** Once a second; a role silent for 10 s is killed and started again. */
  | { type: 'alive' }
  /** Once a second: every metric of the process, as prom-client's `getMetricsAsJSON` gives it. */
  | { type: 'metrics'; snapshot: MetricSnapshot }
  /** A front can, or cannot, append durably. Said at every change, and once before `ready`. */
  | { type: 'appendable'; appendable: boolean; reason: string }
  /** Usages came with the keys of these numbers since it was said last. */
  | { type: 'keysUsed'; numbers: number[] };

export type ToRole =
  /** What `/readyz` of the instance answers from now on. */
  | { type: 'readiness'; ready: boolean; reason: string }
  /** Stop in order: finish what is in flight, flush, commit, exit 0. */
  | { type: 'stop' };
