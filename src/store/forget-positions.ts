/**
 * Lets go of positions that nobody will ask for again: every start of a front makes a partition of the local log,
 * and its row would outlive its folder for ever.
 *
 * A row goes only once its partition's folder is gone, which comes 30 days after its last record was removed, and
 * only where it was not touched for as long: a folder that is still there, or in use by a copy of this DATA_DIR that
 * runs elsewhere, never loses its row. So "no row, and the beginning is gone" is a gap as before. A database that
 * was restored to an older state has the row again, and it goes again. A writer that was handed the partition keeps
 * the row for as long as it runs: its watch over positions would take the loss for a database that moved back.
 */

import type { LogReader } from '../log/log.ts';
import type { Session } from './sessions.ts';

const untouchedDaysMin = 30;

const queryMsMax = 10_000;

/** @returns how many rows went */
export async function forgetPositions(
  session: Session,
  reader: Pick<LogReader, 'source' | 'gonePartitions'>,
): Promise<number> {
  const { rows } = await session.within(queryMsMax, (client) =>
    client.query<{ partition: string }>(
      `select partition from log_positions p where source = $1 and updated_at < now() - make_interval(days => $2)
       and not exists (select from log_gaps g where g.source = p.source and g.partition = p.partition and g.accepted_at is null)`,
      [reader.source, untouchedDaysMin],
    ),
  );
  // In this order: a row is made after its folder, so a folder that is not there now is gone.
  const gone = await reader.gonePartitions(rows.map(({ partition }) => partition));
  if (gone.length === 0) return 0;
  const { rowCount } = await session.within(queryMsMax, (client) =>
    client.query(
      `delete from log_positions
       where source = $1 and partition = any($2) and updated_at < now() - make_interval(days => $3)`,
      [reader.source, gone, untouchedDaysMin],
    ),
  );
  return rowCount ?? 0;
}
