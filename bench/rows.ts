/** Whether what was found fits what was acknowledged. */

import type { Round } from './result.ts';

/** Each acknowledged usage once, and beside them only such as no answer told the outcome of. */
export function rowsAddUp({
  rowsFound,
  rowsExpected,
  usagesUnknown = 0,
}: Pick<Round, 'rowsFound' | 'rowsExpected' | 'usagesUnknown'>): boolean {
  if (rowsFound === null || rowsExpected === null) return rowsFound === rowsExpected;
  return rowsFound >= rowsExpected && rowsFound <= rowsExpected + usagesUnknown;
}
