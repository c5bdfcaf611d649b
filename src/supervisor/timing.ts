/** The supervisor's patience, in milliseconds of the monotonic clock unless it says otherwise. */
export interface Timing {
  /** A process that said nothing for so long is killed and started again. */
  readonly silentMs: number;
  /** The same, from fork to the first word: Node and the modules load meanwhile. */
  readonly firstWordMs: number;
  /** A process that was ready for so long is healthy: the next restart is quick again. */
  readonly healthyMs: number;
  /** So many ends in a row without getting ready, and a role is given up (see role-slot.ts). */
  readonly endsWithoutReadyMax: number;
}

export const defaultTiming: Timing = {
  silentMs: 10_000,
  firstWordMs: 30_000,
  healthyMs: 10_000,
  endsWithoutReadyMax: 10,
};
