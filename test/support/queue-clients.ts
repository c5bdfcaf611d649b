/** The clients of docs/clients.md that queue on the device: how each is started, and what is in its queue. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface QueueClient {
  readonly name: string;
  /** The snippets it is made of. */
  readonly snippets: readonly string[];
  readonly command: readonly string[];
  /** What must be on the PATH, where it is not the command's first word. */
  readonly program?: string;
  /** Ids that wait in `folder`, in order. */
  waiting(folder: string): string[];
  /** Ids that were set aside there. */
  refused(folder: string): string[];
}

export const queueClients: readonly QueueClient[] = [
  {
    name: 'JavaScript',
    snippets: ['usage-queue.mjs', 'device.mjs'],
    command: [process.execPath, 'device.mjs'],
    waiting: (folder) => idsOf(linesOf(join(folder, 'usages.jsonl'))),
    refused: (folder) =>
      linesOf(join(folder, 'usages.jsonl.refused')).map((line) => JSON.parse(line).usage.id),
  },
  {
    name: 'Python',
    snippets: ['device.py'],
    command: ['python3', 'device.py'],
    waiting: (folder) => idsIn(join(folder, 'usages.sqlite'), 'waiting'),
    refused: (folder) => idsIn(join(folder, 'usages.sqlite'), 'refused'),
  },
  {
    name: 'Java',
    snippets: ['Device.java'],
    command: ['java', 'Device.java'],
    waiting: (folder) => idsOf(linesOf(join(folder, 'usages.jsonl'))),
    refused: (folder) => idsOf(linesOf(join(folder, 'usages.jsonl.refused'))),
  },
  {
    name: 'C++',
    snippets: ['device.cpp'],
    command: ['sh', '-c', 'g++ -std=c++11 -Wall -Werror -O1 -o device device.cpp && exec ./device'],
    program: 'g++',
    waiting: (folder) => idsOf(linesOf(join(folder, 'usages.jsonl'))),
    refused: (folder) => idsOf(linesOf(join(folder, 'usages.refused.jsonl'))),
  },
  {
    name: 'React Native',
    snippets: ['app-queue.mjs'],
    command: [process.execPath, join(import.meta.dirname, 'app-device.mjs')],
    waiting: (folder) => stored(folder, 'usages').map(({ id }) => id),
    refused: (folder) => stored(folder, 'usages.refused').map(({ usage }) => usage.id),
  },
];

/** Whether this machine has the program that runs it. */
export function canRun(client: QueueClient): boolean {
  return spawnSync(programOf(client), ['--version'], { stdio: 'ignore' }).status === 0;
}

export const programOf = ({ command, program }: QueueClient): string => program ?? command[0]!;

/** Of the storage of `app-device.mjs`. */
function stored(folder: string, key: string): { id: string; usage: { id: string } }[] {
  const file = join(folder, 'storage.json');
  if (!existsSync(file)) return [];
  return JSON.parse(JSON.parse(readFileSync(file, 'utf8'))[key] ?? '[]');
}

/** Without what is not written to its end yet. */
function linesOf(file: string): string[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .filter((line) => line !== '');
}

const idsOf = (lines: string[]): string[] => lines.map((line) => JSON.parse(line).id);

function idsIn(file: string, table: string): string[] {
  if (!existsSync(file)) return [];
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const found = database.prepare('SELECT name FROM sqlite_master WHERE name = ?').all(table);
    if (found.length === 0) return [];
    return database
      .prepare(`SELECT id FROM ${table} ORDER BY rowid`)
      .all()
      .map(({ id }) => String(id));
  } finally {
    database.close();
  }
}
