/** The drain's rows as files, one for each transaction of a client that COPYs them. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { timestampText } from '../../src/usage/calendar.ts';
import type { TrialSize } from '../subject.ts';
import { rowOf, usageAt } from '../usages.ts';

/** What the front would have stamped; one text serves all. */
const receivedAtText = timestampText(Date.UTC(2026, 5, 15, 12));

/**
 * Writes the rows of a round, in their order.
 * @param bytesMax of one file
 * @returns their paths
 */
export async function writeBatchFiles(
  folder: string,
  { usages, repeatEvery }: Pick<TrialSize, 'usages' | 'repeatEvery'>,
  bytesMax: number,
): Promise<string[]> {
  const paths: string[] = [];
  // Copied at once, so that millions of texts die young.
  const rows = Buffer.allocUnsafe(bytesMax);
  let bytes = 0;
  const writeRows = async () => {
    const path = join(folder, `batch-${String(paths.length).padStart(6, '0')}.copy`);
    await writeFile(path, rows.subarray(0, bytes), { mode: 0o600 });
    paths.push(path);
    bytes = 0;
  };
  for (let place = 0; place < usages; place++) {
    const row = rowOf(usageAt(place, repeatEvery), receivedAtText);
    // Rows of the bench are ASCII: as many bytes as characters.
    if (bytes + row.length > bytesMax) await writeRows();
    bytes += rows.write(row, bytes, 'latin1');
  }
  if (bytes > 0) await writeRows();
  return paths;
}
