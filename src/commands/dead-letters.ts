/** `usage-ingest dead-letters list | replay`: what Postgres refused, and storing it once that is mended. */

import { exitCode } from '../errors/exit-codes.ts';
import { silentLogger } from '../observability/logger.ts';
import { listDeadLetters } from '../writer/dead-letters.ts';
import { replayDeadLetter } from '../writer/replay.ts';
import { sessionOf } from '../writer/sessions.ts';
import { type CommandOutput, processOutput, tableLines } from './command-output.ts';
import { withClient } from './with-client.ts';

const lockTimeoutMs = 30_000;

/** Prints every dead letter that was not replayed, never what is in it: that is health data. @returns the exit code */
export function deadLettersList(databaseUrl: string, output: CommandOutput = processOutput): Promise<number> {
  return withClient(databaseUrl, output, async (client) => {
    const letters = await listDeadLetters(client);
    const rows = letters.map((letter) => [
      String(letter.id),
      letter.partition,
      String(letter.position),
      letter.error,
      letter.failedAt.toISOString(),
    ]);
    for (const line of tableLines(['id', 'partition', 'position', 'error', 'failed at'], rows))
      output.out(line);
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
  output: CommandOutput = processOutput,
): Promise<number> {
  return withClient(databaseUrl, output, async (client) => {
    const session = sessionOf(client);
    const chosen = ids === 'all' ? (await listDeadLetters(client)).map((letter) => letter.id) : ids;
    let failed = 0;
    for (const id of chosen) {
      const result = await replayDeadLetter(session, id, { logger: silentLogger, lockTimeoutMs });
      if (result.outcome === 'stored') {
        output.out(`${id}: stored ${result.stored}, there already ${result.duplicates}`);
        continue;
      }
      failed += 1;
      if (result.outcome === 'absent') output.err(`${id}: there is none that was not replayed before`);
      else output.err(`${id}: still refused (${result.why}); it stays`);
    }
    if (chosen.length === 0) output.out('There is nothing to replay.');
    return failed === 0 ? exitCode.ok : exitCode.failure;
  });
}
