/**
 * What the benchmark measures, behind two interfaces: a *subject* is a server that the runner drives with load, a
 * *trial* measures rounds by itself (a drain, a COPY, the disk). `subjects.ts` names all of them.
 *
 * The runner starts each, alternates them round by round within a scenario, and stops each, after an error too.
 */

import type { Round, Stage, SubjectName } from './result.ts';

/** What the runner gives to each subject and trial. */
export interface BenchContext {
  /** Empty, of this subject alone; removed by the runner after `stop`. */
  readonly folder: string;
  /** A Kafka that runs, shared by those that need one; null where the run is without. */
  readonly kafka: { readonly brokers: string; readonly pids: readonly number[] } | null;
}

/** A process and all below it, but for those that another root names. */
export interface StageRoot {
  readonly stage: Stage;
  readonly pid: number;
}

/** A server in processes of its own, started as an operator would start it. */
export interface Subject {
  readonly name: SubjectName;
  /** What an answer promises, in a few words. */
  readonly durability: string;
  /** Resolves once it serves; `url` is where usages are posted, path included. */
  start(): Promise<{ url: string }>;
  /** Every process whose CPU is its own, by stage; the broker's too where it uses Kafka, its database's too. */
  stageRoots(): Promise<StageRoot[]>;
  /** Rows or messages kept since `forget`, counted where they are kept; null where nothing is kept that can be counted. */
  countRows(): Promise<number | null>;
  /**
   * Resolves once the `usages` that were acknowledged since `forget` are where `countRows` counts them: with when the
   * last of them got there (epoch milliseconds), or null where nothing is kept or an answer says that it is kept.
   * @throws Error where nothing moves any more
   */
  settle(usages: number): Promise<number | null>;
  /** Lets go of all that was stored, so that the next scenario finds small tables; called when settled. */
  forget(): Promise<void>;
  /** What the server tells of its backlog; only of servers that have one. */
  observe?(): Promise<Backlog>;
  /** Ends every process it started; also after a `start` that failed. */
  stop(): Promise<void>;
}

/** As the server's own /metrics tell it. */
export interface Backlog {
  /** Since its start. */
  readonly usagesStored: number;
  readonly records: number;
  /** Age of the oldest record that is not stored yet; 0 when there is none. */
  readonly oldestS: number;
  /**
   * From received to stored: cumulative counts of records by upper bound in seconds, ascending, as a Prometheus
   * histogram gives them.
   */
  readonly lagBuckets: readonly { readonly upToS: number; readonly count: number }[];
}

/** How much a trial does in a round. */
export interface TrialSize {
  /** Rows of a round, those that are repeats included. */
  readonly usages: number;
  /** One row in so many repeats an earlier one (`usages.ts` says which); null: none does. */
  readonly repeatEvery: number | null;
  /** For trials that are bounded by time. */
  readonly seconds: number;
}

/** Something that measures rounds by itself. */
export interface Trial {
  readonly name: SubjectName;
  readonly durability: string;
  /** Starts what the rounds need; its time and CPU count nowhere. */
  start(): Promise<void>;
  /** One round. `rowsFound` and `rowsExpected` are counted, not assumed. */
  round(size: TrialSize): Promise<Round>;
  /** Ends every process it started; also after a `start` that failed. */
  stop(): Promise<void>;
}

export type CreateSubject = (context: BenchContext) => Subject;
export type CreateTrial = (context: BenchContext) => Trial;
