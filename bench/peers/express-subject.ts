/** The naive original as the runner measures it. */

import { type Program, startProgram } from '../program.ts';
import type { CreateSubject } from '../subject.ts';

export const createExpressArray: CreateSubject = () => {
  let program: Program | null = null;

  function started(): Program {
    if (program === null) throw new Error('express-array is not started');
    return program;
  }

  const request = async (method: 'GET' | 'DELETE') => {
    const response = await fetch(`http://127.0.0.1:${started().port}/kept`, { method });
    if (!response.ok) throw new Error(`express-array answered ${method} /kept with ${response.status}`);
    return response;
  };

  return {
    name: 'express-array',
    durability: 'none: an array in the heap of one process',
    async start() {
      program = await startProgram(new URL('express-array.ts', import.meta.url));
      return { url: `http://127.0.0.1:${program.port}/api/usages` };
    },
    stageRoots: async () => [{ stage: 'subject', pid: started().pid }],
    countRows: async () => ((await (await request('GET')).json()) as { count: number }).count,
    settle: async () => null,
    async forget() {
      await request('DELETE');
    },
    async stop() {
      await program?.stop();
    },
  };
};
