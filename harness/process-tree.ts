/** Who started whom, for those that look after whole servers: the tests' instance and the benchmark. Linux. */

import { readdir } from 'node:fs/promises';
import { processParent } from '../src/system/live-process.ts';

/** The processes that run now, by the one that started them or took them over. */
export async function childrenByParent(): Promise<Map<number, number[]>> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = await Promise.all(pids.map(processParent));
  const children = new Map<number, number[]>();
  for (const [index, parent] of parents.entries())
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), pids[index]!]);
  return children;
}
