/**
 * Follows a key file: a front's keys are those of its newest whole state. One that cannot be read changes nothing: the
 * last known keys go on serving, and the log says so once.
 */

import type { Trouble } from '../observability/told.ts';
import { KeyFileError, type KnownKey, keyFileStamp, readKeyFile } from './key-file.ts';

export interface KnownKeys {
  /** Looks once, then every second. Resolves after the first look, whether or not there is a file. */
  start(): Promise<void>;
  stop(): void;
}

const lookEveryMs = 1_000;

export function followKeyFile(options: {
  path: string;
  /** At the first whole state, and at every change. */
  onKeys(keys: readonly KnownKey[]): void;
  /** The file cannot be used, or can be again. */
  readonly trouble: Trouble;
}): KnownKeys {
  const { path, onKeys, trouble } = options;
  let stamp: string | null = null;
  let isTroubled = false;
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;

  async function look(): Promise<void> {
    try {
      const found = await keyFileStamp(path);
      if (found !== stamp || isTroubled) {
        const keys = await readKeyFile(path);
        // The stamp is older than what was read, never newer: a change in between is seen at the next look.
        stamp = found;
        if (keys) onKeys(keys);
      }
      isTroubled = false;
      trouble.over();
    } catch (error) {
      if (!(error instanceof KeyFileError)) throw error;
      isTroubled = true;
      trouble.failed(error);
    }
    if (!stopped) timer = setTimeout(look, lookEveryMs);
  }

  return {
    start: look,
    stop() {
      stopped = true;
      if (timer) clearTimeout(timer);
    },
  };
}
