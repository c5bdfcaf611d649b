/** What the supervisor and its role processes say to each other over Node's IPC channel. */

import type { MetricSnapshot } from '../observability/metrics.ts';

/** Numbers of API keys, each with the usages that came with it. */
export type Charges = [number: number, usages: number][];

export type FromRole =
  /** The role does its work now. */
  | { type: 'ready' }
  /** Once a second; a role silent for 10 s is killed and started again. */
  | { type: 'alive' }
  /** Once a second: every metric of the process, as prom-client's `getMetricsAsJSON` gives it. */
  | { type: 'metrics'; snapshot: MetricSnapshot }
  /** A front can, or cannot, append durably. Said at every change, and once before `ready`. */
  | { type: 'appendable'; appendable: boolean; reason: string }
  /** A front charged the API keys since it said so last; the supervisor tells the other fronts. */
  | { type: 'charged'; charges: Charges };

export type ToRole =
  /** Another front charged the API keys. */
  | { type: 'charged'; charges: Charges }
  /** What `/readyz` of the instance answers from now on. */
  | { type: 'readiness'; ready: boolean; reason: string }
  /** Stop in order: finish what is in flight, flush, commit, exit 0. */
  | { type: 'stop' };
