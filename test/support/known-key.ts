/** Keys of a test's own: what a server knows of each, and the text that a client sends. */

import type { TestContext } from 'node:test';
import { makeApiKey } from '../../src/keys/api-key.ts';
import { type KnownKey, keyFileText } from '../../src/keys/key-file.ts';
import { replaceSmallFile } from '../../src/system/small-files.ts';
import { makeTempDir } from './local-log.ts';

export interface TestKey {
  readonly key: KnownKey;
  readonly text: string;
}

export function knownKey(number: number, changes: Partial<KnownKey> = {}): TestKey {
  const { id, secretSha256, text } = makeApiKey();
  const key = { id, number, name: 'a clinic', secretSha256: secretSha256.toString('hex') };
  return { key: { ...key, expiresAtMs: null, isRevoked: false, rate: null, burst: null, ...changes }, text };
}

/** A key file with these keys, and what replaces it; not there yet where `keys` is null. */
export async function makeKeyFile(t: TestContext, keys: readonly TestKey[] | null) {
  const path = `${await makeTempDir(t)}/keys.json`;
  const write = (each: readonly TestKey[]) => replaceSmallFile(path, keyFileText(each.map(({ key }) => key)));
  if (keys) await write(keys);
  return { path, write };
}
