/** The least servers as the runner measures them, with Node's arguments and environment of a front. */

import { roleEnvironment, roleNodeArguments } from '../../src/role/arguments.ts';
import { type Program, startProgram } from '../program.ts';
import type { CreateSubject, Subject } from '../subject.ts';

export const createBare: CreateSubject = () => leastServer('bare', 'none: it keeps nothing', 'bare.ts');

export const createBareDurable: CreateSubject = ({ folder }) =>
  leastServer('bare-durable', 'on disk (O_DSYNC), the bodies as they came, in no database', 'durable.ts', {
    DURABLE_FOLDER: folder,
  });

function leastServer(
  name: 'bare' | 'bare-durable',
  durability: string,
  file: string,
  env: Readonly<Record<string, string>> = {},
): Subject {
  let program: Program | null = null;
  return {
    name,
    durability,
    async start() {
      program = await startProgram(new URL(file, import.meta.url), {
        env: { ...roleEnvironment, ...env },
        nodeArguments: roleNodeArguments,
      });
      return { url: `http://127.0.0.1:${program.port}/api/usages` };
    },
    async stageRoots() {
      if (program === null) throw new Error(`${name} is not started`);
      return [{ stage: 'subject', pid: program.pid }];
    },
    // Bodies in a file that is written over are nothing that could be counted.
    countRows: async () => null,
    settle: async () => null,
    async forget() {},
    async stop() {
      await program?.stop();
    },
  };
}
