/**
 * What a run of the benchmark leaves behind, as `result.json` holds it: measured figures only. Goals, the report,
 * plots and the capacity calculator are made from it and never measure by themselves.
 */

/** What each scenario measures, in the order in which their measurements are shown. */
export const scenarioOrder = [
  'single', // single usages over connections that stay open
  'single-autocannon', // the same, driven by autocannon
  'single-reconnect', // a connection a request
  'batch', // arrays of 100
  'ndjson', // 1,000 a request, gzipped
  'staircase', // open loop, a measurement a rate
  'drain', // a backlog into Postgres
  'drain-repeats', // the same, 5 % of it repeats
  'soak', // 16.7k/s for as long as asked
  'disk', // the disk's own durable writes
] as const;
export type ScenarioName = (typeof scenarioOrder)[number];

/** Who was measured, in the order of tables and plots: ours, the limits and the peers, which stand beside it in the same run. */
export const subjectOrder = [
  'local', // the whole server with the local log
  'kafka', // the whole server with Kafka
  'kafka-front', // a front of it alone, which stores in no database
  'bare', // uWebSockets.js that reads the body and answers 201
  'bare-durable', // the same, once the body is on disk
  'bare-kafka', // the same, once the body is in Kafka
  'express-array', // the naive original
  'fastify-kafkajs', // one acks=-1 send a request
  'fastify-insert', // one INSERT a request
  'copy', // a client in C that COPYs the same rows into the same table
  'copy-staged', // the same through a temporary table and ON CONFLICT DO NOTHING
  'fsync', // write and sync of one group at a time
] as const;
export type SubjectName = (typeof subjectOrder)[number];

/** Whose CPU: `log` is the relay's, `broker` Kafka's, `load` the generator's. */
export type Stage = 'front' | 'log' | 'broker' | 'writer' | 'postgres' | 'supervisor' | 'subject' | 'load';

export interface BenchResult {
  /** Of this format. */
  readonly format: 1;
  readonly commit: string;
  /** Whether the tree had changes beside the commit. */
  readonly dirty: boolean;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly durationS: number;
  readonly quick: boolean;
  /** The command that makes such a result again. */
  readonly command: string;
  readonly machine: Machine;
  /** Of Node, Postgres, Kafka, the kernel, the packages measured. */
  readonly versions: Readonly<Record<string, string>>;
  /** Those that are not at their default. */
  readonly settings: Readonly<Record<string, string>>;
  /** The core that the load generator kept to; null: it ran on any. Absent in results from before it kept to one. */
  readonly loadCore?: number | null;
  readonly measurements: readonly Measurement[];
  /** Bytes of what is written and sent; absent where they were not measured. */
  readonly sizes?: Sizes;
  /** What could not be measured, and why; never silently left out. */
  readonly missing: readonly { readonly what: string; readonly why: string }[];
}

/** Bytes a usage, of usages as devices send them: a patient, a medication and a Date string. */
export interface Sizes {
  /** How many usages were stored to measure them. */
  readonly usages: number;
  /** A row as COPY gets it. */
  readonly rowBytes: number;
  /** A row with its share of its record in the local log. */
  readonly logBytes: number;
  /** In Postgres, without the indexes. */
  readonly tableBytes: number;
  readonly indexBytes: number;
  /** Postgres' write-ahead log. */
  readonly walBytes: number;
  /** TCP payload a usage from client to server, headers included, of single usages and of arrays of 100. */
  readonly requestBytes: { readonly single: number; readonly batch: number };
  /** The same from server to client. */
  readonly answerBytes: { readonly single: number; readonly batch: number };
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly fileSystem: string;
  /** 1-minute load average as the run began: other work makes rates lower, ratios hardly. */
  readonly loadBefore: number;
}

export interface Measurement {
  readonly scenario: ScenarioName;
  readonly subject: SubjectName;
  /** What an answer of the subject promises, in a few words. */
  readonly durability: string;
  /** Connections the load generator held; 0 where there is none. */
  readonly connections: number;
  /** Requests a second that were offered (open loop); null where each connection waits for its answer. */
  readonly offeredRate: number | null;
  /** At least one; subjects of a scenario alternate, round by round. */
  readonly rounds: readonly Round[];
}

export interface Round {
  readonly durationS: number;
  /** Answered with 2xx. */
  readonly requests: number;
  /** Acknowledged; of a drain or a COPY: taken out of the backlog, repeats too. */
  readonly usages: number;
  /** 503 and 429. */
  readonly shed: number;
  /** Other answers than 2xx and shed ones, and broken connections. */
  readonly errors: number;
  /** Counted at the end in Postgres or Kafka; null where the subject keeps nothing that can be counted. */
  readonly rowsFound: number | null;
  /** Expected there: each acknowledged usage once. */
  readonly rowsExpected: number | null;
  /**
   * Usages whose outcome no answer told (503, an error, a broken connection): so many more rows may be found than
   * expected. Absent: none. `rowsAddUp` (rows.ts) judges all three.
   */
  readonly usagesUnknown?: number;
  /** What the first of the errors was; absent where there was none. */
  readonly firstError?: string;
  /** Requests that were due and never sent, as all connections waited for answers; absent where none was, or not an open loop. */
  readonly unsent?: number;
  /** How late the generator itself sent what it could have sent: its own part in `latencyMs`. Only of open loops. */
  readonly sentLateMs?: Latency;
  /** `latencyMs` part by part, each of ten seconds or more: its spread. Of open loops of some length. */
  readonly latencyWindows?: readonly Latency[];
  /** Of `latencyMs`, what came while the host took next to nothing. Of open loops, unless it always took more. */
  readonly undisturbed?: Undisturbed;
  /** Microseconds of CPU, user and system, that each stage took in the round, until everything was stored. */
  readonly cpuUs: Readonly<Partial<Record<Stage, number>>>;
  /** Of the acknowledgement; of `fsync`: of one write. Null where there is none. */
  readonly latencyMs: Latency | null;
  /** Highest resident bytes, of the largest process of each stage. */
  readonly rssBytesMax: Readonly<Partial<Record<Stage, number>>>;
  /**
   * Seconds from received to stored of the oldest usage, highest in the round, at most: the bound of a bucket of the
   * server's histogram. Null where nothing is stored.
   */
  readonly lagSMax: number | null;
  /** Seconds after the last answer until everything was stored; null where nothing is stored. */
  readonly drainedAfterS: number | null;
  /** Once a second, for the plots; empty where the round is short. */
  readonly series: readonly Sample[];
  /** Absent in results from before it was measured. */
  readonly machine?: MachineCpu;
}

/** The whole machine while a round took place, its counting of rows included, as numbers of cores on average. */
export interface MachineCpu {
  readonly coresBusy: number;
  /** Wanted, and given to other guests by the host; 0 also where the host does not tell. */
  readonly coresStolen: number;
}

/** Moments in which the host took next to nothing: see load/undisturbed.ts. */
export interface Undisturbed {
  /** 0 to 1. */
  readonly shareOfTime: number;
  readonly latencyMs: Latency;
}

export interface Latency {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface Sample {
  /** Seconds since the round began. */
  readonly atS: number;
  /** Acknowledged since the sample before. */
  readonly requests: number;
  /** Since the round began, as seen every few seconds; 0 where the round does not follow the backlog. */
  readonly usagesStored: number;
  readonly backlogRecords: number;
  readonly rssBytes: Readonly<Partial<Record<Stage, number>>>;
}
