/**
 * Brings the keys of the database to the fronts: looks at `api_keys` every two seconds and keeps what it finds in
 * `DATA_DIR/keys.json`, which every front follows (src/keys/known-keys.ts). While the database is away the file stands
 * as it is, so that the last known keys serve, after a restart too.
 *
 * A key that was made, rotated or revoked counts within 5 s: 2 s until it is seen here, 1 s until a front looks.
 */

import { keptKeysPath, keyFileText, readKeyFile } from '../keys/key-file.ts';
import type { Logger } from '../observability/logger.ts';
import { createTrouble } from '../observability/told.ts';
import { withDeadline } from '../postgres/deadline.ts';
import type { Connect, Connection } from '../postgres/sql-client.ts';
import { loadKnownKeys, markKeysUsed } from '../store/api-keys.ts';
import { replaceSmallFile } from '../system/small-files.ts';
import { pause } from '../system/waiting.ts';

export interface KeyKeeper {
  /** Begins to look; the database may be away, or not migrated yet. */
  start(connect: Connect): void;
  /** Fronts were sent usages with these keys. */
  used(numbers: readonly number[]): void;
  stop(): Promise<void>;
}

const lookEveryMs = 2_000;
const queryMsMax = 5_000;

export function createKeyKeeper(options: { dataDir: string; logger: Logger }): KeyKeeper {
  const trouble = createTrouble(options.logger, 'keys_unknown');
  const path = keptKeysPath(options.dataDir);
  const stopping = new AbortController();
  const used = new Set<number>();
  let connection: Connection | null = null;
  let running: Promise<void> = Promise.resolve();

  async function look(open: Connection): Promise<void> {
    const text = keyFileText(await loadKnownKeys(open));
    const kept = await readKeyFile(path).catch(() => null);
    if (kept === null || keyFileText(kept) !== text) await replaceSmallFile(path, text);
    if (used.size === 0) return;
    const numbers = [...used];
    await markKeysUsed(open, numbers);
    for (const number of numbers) used.delete(number);
  }

  async function lookWithin(connect: Connect): Promise<void> {
    if (connection === null) {
      const opened = await connect();
      connection = opened;
      opened.onLost(() => {
        if (connection === opened) connection = null;
      });
    }
    const open = connection;
    try {
      await withDeadline(
        () => open.cut(),
        queryMsMax,
        () => look(open),
      );
    } catch (error) {
      // Whatever is wrong with it, the next look begins with a new one.
      open.cut();
      connection = null;
      throw error;
    }
  }

  async function run(connect: Connect): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await lookWithin(connect);
        trouble.over();
      } catch (error) {
        if (!stopping.signal.aborted) trouble.failed(error);
      }
      await pause(lookEveryMs, stopping.signal);
    }
  }

  return {
    start(connect) {
      running = run(connect);
    },
    used(numbers) {
      for (const number of numbers) used.add(number);
    },
    async stop() {
      stopping.abort();
      connection?.cut();
      await running;
    },
  };
}
