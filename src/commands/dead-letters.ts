/** `usage-ingest dead-letters list | replay`: what Postgres refused, and storing it once that is mended. */

import { silentLogger } from '../observability/logger.ts';
import { connectionOf } from '../postgres/sql-client.ts';
import { listDeadLetters } from '../store/dead-letters.ts';
import { replayDeadLetter } from '../store/replay-dead-letter.ts';
import { sessionOf } from '../store/sessions.ts';
import { exitCode } from '../system/exit-codes.ts';
import type { CommandStreams } from './command-streams.ts';
import { writeTable } from './result-table.ts';
import { withClient } from './with-client.ts';

const lockTimeoutMs = 30_000;

/** Prints every dead letter that was not replayed, never what is in it: that is health data. @returns the exit code */
export function deadLettersList(databaseUrl: string, streams: CommandStreams): Promise<number> {
  return withClient(databaseUrl, streams, async (client) => {
    const letters = await listDeadLetters(client);
    const rows = letters.map((letter) => [
      String(letter.id),
      letter.partition,
      String(letter.position),
      letter.error,
      letter.failedAt.toISOString(),
    ]);
    writeTable(
      streams.stdout,
      [
        { name: 'id', numeric: true },
        { name: 'partition', numeric: false },
        { name: 'position', numeric: true },
        { name: 'error', numeric: false },
        { name: 'failed at', numeric: false },
      ],
      rows,
    );
    return exitCode.ok;
  });
}

/**
 * Stores dead letters, each in a transaction of its own.
 * @param ids which ones; 'all' that were not replayed
 * @returns the exit code: a failure where one of them is still refused or not there
 */
export function deadLettersReplay(
  databaseUrl: string,
  ids: readonly number[] | 'all',
  streams: CommandStreams,
): Promise<number> {
  const { stdout, stderr } = streams;
  return withClient(databaseUrl, streams, async (client) => {
    const session = sessionOf(connectionOf(client));
    const chosen = ids === 'all' ? (await listDeadLetters(client)).map((letter) => letter.id) : ids;
    let failed = 0;
    for (const id of chosen) {
      const result = await replayDeadLetter(session, id, { logger: silentLogger, lockTimeoutMs });
      if (result.outcome === 'stored') {
        stdout.write(`${id}: stored ${result.stored}, there already ${result.duplicates}\n`);
        continue;
      }
      failed += 1;
      if (result.outcome === 'absent') stderr.write(`${id}: no such dead letter, or already replayed\n`);
      else stderr.write(`${id}: still refused (${result.why}); it stays\n`);
    }
    if (chosen.length === 0) stdout.write('There is nothing to replay.\n');
    return failed === 0 ? exitCode.ok : exitCode.failure;
  });
}
