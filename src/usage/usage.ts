/** A usage as it is after validation: one use of a connected inhaler. Pure data; nothing here does I/O. */

import type { UsageProblemCode } from './usage-problems.ts';

export interface Usage {
  /** The device's own id in lower case, or null where the front makes one. */
  readonly id: string | null;
  /** 1 to 128 code points; a number was turned into its decimal digits. */
  readonly patientId: string;
  /** 1 to 256 code points. */
  readonly medication: string;
  /** Epoch milliseconds, 2000-01-01 to now + 24 h. */
  readonly usedAtMs: number;
  /** Minutes east of UTC, null where the sender's zone is unknown. */
  readonly utcOffsetMinutes: number | null;
  /** The other fields as JSON text, null where there is none. */
  readonly attributes: string | null;
}

/** One thing that is wrong with a usage. */
export interface UsageProblem {
  readonly code: UsageProblemCode;
  /** JSON pointer within the usage, '' for the usage as a whole. Never holds a value, and a key only where it is a known field. */
  readonly pointer: string;
}
