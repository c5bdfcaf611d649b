/** What the console's page is told once a second. Types alone: the page's scripts read them too. */

export interface ConsoleSnapshot {
  /** Of the server's clock, epoch milliseconds. */
  readonly at: number;
  readonly instance: {
    readonly startedAt: number;
    readonly ready: boolean;
    /** Why it is not ready; 'ready' when it is. */
    readonly reason: string;
    readonly log: 'local' | 'kafka';
    readonly database: 'embedded' | 'external';
    /** With Kafka: whether the local log takes what Kafka does not. */
    readonly spool: boolean;
    /** Whether a sample usage may be sent from here. */
    readonly sample: boolean;
  };
  /** How much happens in a second, now. */
  readonly perSecond: {
    readonly requests: number;
    readonly accepted: number;
    readonly stored: number;
    /** Requests answered 4xx. */
    readonly refused: number;
    /** Requests answered 5xx. */
    readonly failed: number;
  };
  /** From a request read to its answer, of requests answered 201 or 207; null while there are none. */
  readonly acknowledged: Latency | null;
  /** Seconds from received to stored; null while nothing is stored. */
  readonly lag: { readonly p50: number; readonly p99: number } | null;
  /** Since the start of the instance. */
  readonly total: {
    readonly accepted: number;
    readonly stored: number;
    readonly duplicates: number;
    readonly deadLetters: number;
    readonly gaps: number;
    readonly spooled: number;
    readonly relayed: number;
    readonly restarts: number;
  };
  /** Requests answered since the start, by status. */
  readonly answers: Readonly<Record<string, number>>;
  /** Usages and requests refused since the start, by error code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Requests answered 503 since the start, by reason. */
  readonly shed: Readonly<Record<string, number>>;
  readonly logs: readonly LogState[];
  /** Null while no writer has told. */
  readonly postgresUp: boolean | null;
  /** Null where there is no Kafka. */
  readonly kafka: KafkaState | null;
  /** Partitions that wait for an operator, by reason. */
  readonly stopped: Readonly<Record<string, number>>;
  readonly processes: readonly ProcessState[];
}

/** Seconds; `within` is the share acknowledged within 100 ms, which the objective is stated on. */
export interface Latency {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly within: number;
}

export interface LogState {
  readonly log: 'local' | 'kafka';
  /** Null while it has not been counted. */
  readonly records: number | null;
  /** Age of the oldest record not stored yet, seconds; 0 when there is none. */
  readonly oldestSeconds: number | null;
  readonly bytes: number | null;
  readonly bytesMax: number | null;
}

export interface KafkaState {
  /** Fronts whose appends Kafka acknowledges. */
  readonly frontsUp: number;
  /** Whether it takes what the relay brings; null where there is no relay. */
  readonly relayUp: boolean | null;
  /** Settings of the topic that weaken the promise. */
  readonly weak: number;
}

export interface ProcessState {
  readonly role: 'supervisor' | 'front' | 'relay' | 'writer';
  /** The slot within the role. */
  readonly worker: number;
  readonly ready: boolean;
  /** What of a core it uses, 1 is one core; null while it is not known. */
  readonly cpu: number | null;
  /** Share of time in which its event loop was busy. */
  readonly loop: number | null;
  readonly memoryBytes: number | null;
  readonly restarts: number;
}
