/** The programs of docs/clients.md, taken out of the page as they stand. */

import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const page = join(import.meta.dirname, '..', '..', 'docs', 'clients.md');

/** Every fenced block by the file name that the comment above it gives. @throws Error where one has no name, or one that is taken */
export function readSnippets(markdown = readFileSync(page, 'utf8')): Map<string, string> {
  const snippets = new Map<string, string>();
  const lines = markdown.split('\n');
  for (let at = 0; at < lines.length; at++) {
    if (!lines[at]!.startsWith('```')) continue;
    const name = /^<!-- snippet: (\S+) -->$/.exec(lines[at - 1] ?? '')?.[1];
    const end = lines.indexOf('```', at + 1);
    if (!name || end < 0 || snippets.has(name))
      throw new Error(`line ${at + 1}: a block without a name of its own`);
    snippets.set(name, `${lines.slice(at + 1, end).join('\n')}\n`);
    at = end;
  }
  return snippets;
}

/** Writes some of them into a temporary folder that goes with the test. @returns the folder */
export async function writeSnippets(
  names: readonly string[],
  t: { after(close: () => Promise<void>): void },
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'usage-clients-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const snippets = readSnippets();
  for (const name of names) {
    const text = snippets.get(name);
    if (text === undefined) throw new Error(`the page has no ${name}`);
    await writeFile(join(folder, name), text);
  }
  return folder;
}
