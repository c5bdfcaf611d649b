/** A phone around app-queue.mjs of docs/clients.md: its storage is a file of the folder, usages come in on stdin. */

import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const { createUsageQueue } = await import(pathToFileURL(join(process.cwd(), 'app-queue.mjs')).href);
const path = 'storage.json';

/** @returns {Record<string, string>} */
function read() {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return {};
  }
}

const storage = {
  /** @param {string} key */
  getItem: async (key) => read()[key] ?? null,
  /** @param {string} key @param {string} text */
  async setItem(key, text) {
    writeFileSync(`${path}.new`, JSON.stringify({ ...read(), [key]: text }), { flush: true });
    renameSync(`${path}.new`, path);
  },
};

const queue = createUsageQueue({
  url: process.env.USAGE_URL,
  storage,
  newId: randomUUID,
  onPause: (/** @type {number} */ status, /** @type {number} */ ms) =>
    console.error(`${status || 'no answer'}: again in ${(ms / 1_000).toFixed(1)} s`),
});
for await (const line of createInterface({ input: process.stdin })) await queue.add(JSON.parse(line));
await queue.send();
