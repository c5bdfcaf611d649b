/** What a role process has around it: a supervisor at the other end of an IPC channel, or nobody. */

import type { MetricSnapshot } from '../observability/metrics.ts';
import type { Charges } from './messages.ts';

export interface Readiness {
  readonly ready: boolean;
  readonly reason: string;
}

export interface RoleLink {
  /** Opens what is needed before the role starts. */
  start(): Promise<void>;
  /** What `/readyz` of the instance answers just now. */
  readiness(): Readiness;
  tellAppendable(appendable: boolean, reason: string): void;
  /** A front charged the API keys: the others are told. */
  tellCharged(charges: Charges): void;
  /** What other fronts charge goes to `listener` from now on. */
  onCharged(listener: (charges: Charges) => void): void;
  /** The role does its work now. */
  tellReady(): void;
  /** The process lives, and these are its metrics where they could be collected. One push at a time. */
  push(snapshot: MetricSnapshot | null): Promise<void>;
  /** The metrics that stay in the sum when this process is gone. Resolves when they are handed over. */
  pushLast(snapshot: MetricSnapshot): Promise<void>;
  /** From now on the instance is not ready; resolves when load balancers had their time to notice. */
  drain(): Promise<void>;
  stop(): Promise<void>;
}
