/** Names of what runs share: topics and groups of one Kafka, which may outlive the run that made them. */

let serial = 0;

/** @returns a name that says whose it is, and that no other call gives, of this run or of another */
export const uniqueName = (whose: string): string =>
  `bench-${whose}-${process.pid}-${Date.now()}-${++serial}`;
