/**
 * How far the database has a partition that was stored from the local log, in the time before Kafka: that much need
 * not go round. Only the database knows; the log's own mark may be of another one than is there now.
 */

import type { Settings } from '../config/settings.ts';
import type { LogPartition } from '../log/log.ts';
import { locateDatabase } from '../postgres/database-url.ts';
import { overBriefConnection } from '../store/brief-connection.ts';
import { loadPosition, type StoredPosition } from '../store/positions.ts';

export interface StoredBeforeKafka {
  /** 0 where the database has nothing of this log; null where it cannot be asked. Rejects where the log cannot be read. */
  position(partition: Pick<LogPartition, 'name' | 'crcBefore' | 'revoked'>): Promise<number | null>;
}

/** A database that did not answer is left alone this long, or a thousand partitions would wait for it in turn. */
const restMs = 5_000;

export function createStoredBeforeKafka(options: {
  settings: Pick<Settings, 'DATA_DIR' | 'DATABASE_URL'>;
  /** Of the local log; known after its reader's start. */
  source: () => string;
}): StoredBeforeKafka {
  /** One connection at a time. */
  let turn: Promise<unknown> = Promise.resolve();
  let restUntilMs = Number.NEGATIVE_INFINITY;

  async function ask(partition: string): Promise<StoredPosition | null | undefined> {
    if (performance.now() < restUntilMs) return undefined;
    try {
      const { url } = await locateDatabase(options.settings);
      if (url === null) return undefined;
      const key = { source: options.source(), partition };
      return await overBriefConnection(url, 'relay', (client) => loadPosition(client, key));
    } catch {
      // What the database has is then sent again, which harms nothing, and is told by whoever needs it.
      restUntilMs = performance.now() + restMs;
      return undefined;
    }
  }

  return {
    async position(partition) {
      const asked = turn.then(() => (partition.revoked.aborted ? undefined : ask(partition.name)));
      turn = asked;
      const stored = await asked;
      if (stored === undefined) return null;
      if (stored === null) return 0;
      const crc = stored.lastCrc === null ? null : await partition.crcBefore(stored.position);
      return crc === null || crc === stored.lastCrc ? stored.position : 0;
    },
  };
}
