/** `usage-ingest positions list | accept-gap`: up to where each partition is stored, and what stopped one. */

import { acceptGap, listGaps, type StoredGap } from '../store/gaps.ts';
import { listPositions } from '../store/positions.ts';
import { skipRecords } from '../store/skip-records.ts';
import { exitCode } from '../system/exit-codes.ts';
import type { CommandStreams } from './command-streams.ts';
import { writeTable } from './result-table.ts';
import { withClient } from './with-client.ts';

/** Prints every partition with its position, and the gaps that wait. @returns the exit code */
export function positionsList(databaseUrl: string, streams: CommandStreams): Promise<number> {
  return withClient(databaseUrl, streams, async (client) => {
    const positions = await listPositions(client);
    const gaps = (await listGaps(client)).filter((gap) => gap.acceptedAt === null);
    const keys = new Map(positions.map((each) => [`${each.source} ${each.partition}`, each]));
    // A partition may have a gap and no position yet.
    const rows = positions.map((each) => [
      each.source,
      each.partition,
      String(each.position),
      each.updatedAt.toISOString(),
      gaps
        .filter((gap) => isOf(gap, each))
        .map(describeGap)
        .join(', ') || '-',
    ]);
    for (const gap of gaps) {
      if (!keys.has(`${gap.source} ${gap.partition}`)) {
        rows.push([gap.source, gap.partition, '-', '-', describeGap(gap)]);
      }
    }
    writeTable(
      streams.stdout,
      [
        { name: 'source', numeric: false },
        { name: 'partition', numeric: false },
        { name: 'position', numeric: true },
        { name: 'updated', numeric: false },
        { name: 'open gaps', numeric: false },
      ],
      rows,
    );
    return exitCode.ok;
  });
}

export interface AcceptGapArguments {
  /** The gap's number, as `positions list` prints it. */
  readonly gap?: number;
  /** The partition whose open gap is meant. */
  readonly partition?: string;
  /** Who answers for it; kept in `log_gaps`. The role of the database connection where it is not given. */
  readonly by?: string;
  /** Where reading goes on; needed only for a gap that does not say. */
  readonly to?: number;
}

/**
 * Accepts one open gap: its partition is read again; if it is still a gap, what was in it is not stored.
 * @returns the exit code
 */
export function positionsAcceptGap(
  databaseUrl: string,
  { gap: id, partition, by, to }: AcceptGapArguments,
  streams: CommandStreams,
): Promise<number> {
  const { stdout, stderr } = streams;
  return withClient(databaseUrl, streams, async (client) => {
    const open = (await listGaps(client)).filter((gap) => gap.acceptedAt === null);
    const meant = open.filter(
      (gap) =>
        (id === undefined || gap.id === id) && (partition === undefined || gap.partition === partition),
    );
    const [gap] = meant;
    if (!gap) {
      stderr.write('No open gap matches.\n');
      return exitCode.failure;
    }
    if (meant.length > 1) {
      stderr.write('There are several; say which one with --gap:\n');
      for (const each of meant) stderr.write(`  ${each.source} ${each.partition}: ${describeGap(each)}\n`);
      return exitCode.usage;
    }
    const next = to ?? gap.toPosition;
    if (next === null) {
      stderr.write(
        `It is not known where gap ${gap.id} ends; say where reading goes on with --to POSITION.\n`,
      );
      return exitCode.usage;
    }
    if (!(await acceptGap(client, gap, next, by ?? client.user ?? 'operator'))) {
      stderr.write(`Gap ${gap.id} was accepted by somebody else meanwhile.\n`);
      return exitCode.failure;
    }
    stdout.write(
      `Gap ${gap.id} of ${gap.partition} is accepted: the partition is read again, and goes on at ${next} if the records are still missing.\n`,
    );
    return exitCode.ok;
  });
}

export interface SkipArguments {
  readonly partition: string;
  /** Needed only where several logs have a partition of that name. */
  readonly source?: string;
  /** Where the partition stands: nothing is skipped if it stands elsewhere. */
  readonly from: number;
  readonly to: number;
  /** Who answers for it. The role of the database connection where it is not given. */
  readonly by?: string;
}

/** Passes over records that no release can read: they are not stored. @returns the exit code */
export function positionsSkip(
  databaseUrl: string,
  { partition, source, from, to, by }: SkipArguments,
  streams: CommandStreams,
): Promise<number> {
  const { stdout, stderr } = streams;
  return withClient(databaseUrl, streams, async (client) => {
    if (to <= from) {
      stderr.write('--to must be greater than --from.\n');
      return exitCode.usage;
    }
    const logs = (await listPositions(client)).filter(
      (each) => each.partition === partition && (source === undefined || each.source === source),
    );
    // Of a partition whose first record cannot be read nothing is stored, and only its log's name tells it.
    const sources = logs.length > 0 ? logs.map((each) => each.source) : source === undefined ? [] : [source];
    if (sources.length !== 1) {
      stderr.write(
        sources.length === 0
          ? 'No such partition is stored; say which log it is of with --source.\n'
          : `Several logs have such a partition; say which with --source:\n${sources.map((each) => `  ${each}\n`).join('')}`,
      );
      return exitCode.usage;
    }
    const key = { source: sources[0]!, partition };
    if (!(await skipRecords(client, key, { from, next: to, by: by ?? client.user ?? 'operator' }))) {
      stderr.write(`${partition} is not at ${from}: nothing is skipped (see "positions list").\n`);
      return exitCode.failure;
    }
    stdout.write(`${partition} goes on at ${to}; what was there from ${from} on is not stored.\n`);
    return exitCode.ok;
  });
}

function isOf(gap: StoredGap, key: { source: string; partition: string }): boolean {
  return gap.source === key.source && gap.partition === key.partition;
}

function describeGap(gap: StoredGap): string {
  return `gap ${gap.id} (${gap.reason}, ${gap.fromPosition} to ${gap.toPosition ?? '?'}, found ${gap.foundAt.toISOString()})`;
}
