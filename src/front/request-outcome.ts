/** What comes of a body, whichever way it is read. */

import type { Row } from '../usage/row.ts';
import type { HttpProblemCode } from './http-problems.ts';

/** What came of a body that could be read. */
export interface RequestUsages {
  /** One JSON object, not an array: its answer has a form of its own. */
  readonly single: boolean;
  /** Of the valid usages. */
  readonly rows: readonly Row[];
  /** JSON text of each item in order, `{"id":...}` or `{"error":...}`, separated by commas. */
  readonly results: string;
  readonly rejected: number;
}

/** A body that is refused as a whole; `errors` is JSON text. */
export interface RefusedBody {
  readonly problem: HttpProblemCode;
  readonly errors: string | null;
}

/** What is answered of an accepted usage. */
export function acceptedText(id: string): string {
  return `{"id":"${id}"}`;
}
