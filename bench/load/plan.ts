/** What a load generator is told to do, and what it tells of it. */

import type { Latency, Undisturbed } from '../result.ts';
import type { PayloadForm } from './payload.ts';

export interface LoadPlan {
  /** Where usages are posted. */
  readonly url: string;
  readonly form: PayloadForm;
  readonly connections: number;
  readonly pace: Pace;
}

export type Pace =
  /** Each connection sends its next request when it has its answer. All `requests` are answered at the end. */
  | { readonly kind: 'closed'; readonly requests: number }
  /** The same by autocannon. */
  | { readonly kind: 'autocannon'; readonly requests: number }
  /** The same with a connection a request. */
  | { readonly kind: 'reconnect'; readonly requests: number }
  /** Requests are due at fixed times, whatever the server does. */
  | { readonly kind: 'open'; readonly rate: number; readonly seconds: number };

/** A plan of one kind of pace. */
export type PlanOf<K extends Pace['kind']> = LoadPlan & {
  readonly pace: Extract<Pace, { readonly kind: K }>;
};

export interface LoadResult {
  /** From the first request to the last answer. */
  readonly durationS: number;
  /** Answered with 200 or 201: all usages of the request are acknowledged. */
  readonly requests: number;
  /** 503 and 429. */
  readonly shed: number;
  /** Other answers and broken connections. */
  readonly errors: number;
  /** Due, and never sent: no connection had its answer. Only of an open pace. */
  readonly unsent: number;
  /** The first answer or failure that counts as an error, without its body. */
  readonly firstError: string | null;
  /** Of requests that were acknowledged, and the time for which unsent ones had waited. Null where there was none. */
  readonly latencyMs: Latency | null;
  /** How late the generator itself sent what it could have sent: its share in `latencyMs`. Only of an open pace. */
  readonly sentLateMs: Latency | null;
  /** `latencyMs` of one part of the run after the other. Of an open pace of some length. */
  readonly windows: readonly Latency[] | null;
  /** Of an open pace, unless the host always took too much. */
  readonly undisturbed: Undisturbed | null;
}

export type ToLoad = { readonly type: 'run'; readonly plan: LoadPlan };
export type FromLoad =
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly requests: number }
  | { readonly type: 'done'; readonly result: LoadResult }
  | { readonly type: 'failed'; readonly message: string };
