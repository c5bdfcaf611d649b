/** Bare uWebSockets.js as the runner measures it, with Node's arguments and environment of a front. */

import { roleEnvironment, roleNodeArguments } from '../../src/role/arguments.ts';
import { type Program, startProgram } from '../program.ts';
import type { CreateSubject } from '../subject.ts';

export const createBare: CreateSubject = () => {
  let program: Program | null = null;
  return {
    name: 'bare',
    durability: 'none: it keeps nothing',
    async start() {
      program = await startProgram(new URL('bare.ts', import.meta.url), {
        env: { ...roleEnvironment },
        nodeArguments: roleNodeArguments,
      });
      return { url: `http://127.0.0.1:${program.port}/api/usages` };
    },
    async stageRoots() {
      if (program === null) throw new Error('bare is not started');
      return [{ stage: 'subject', pid: program.pid }];
    },
    countRows: async () => null,
    settle: async () => null,
    async forget() {},
    async stop() {
      await program?.stop();
    },
  };
};
