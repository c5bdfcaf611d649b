/** Fastify and one INSERT a request as the runner measures them, with a Postgres of their own like the product's. */

import { createBenchDatabase } from '../bench-database.ts';
import { type Program, startProgram } from '../program.ts';
import type { CreateSubject } from '../subject.ts';

export const createFastifyInsert: CreateSubject = ({ folder }) => {
  const database = createBenchDatabase(folder);
  let program: Program | null = null;

  return {
    name: 'fastify-insert',
    durability: 'committed in Postgres; one process, ten connections',
    async start() {
      const url = await database.start();
      program = await startProgram(new URL('fastify-insert.ts', import.meta.url), {
        env: { DATABASE_URL: url },
      });
      return { url: `http://127.0.0.1:${program.port}/api/usages` };
    },
    async stageRoots() {
      if (program === null) throw new Error('fastify-insert is not started');
      return [{ stage: 'subject', pid: program.pid }, database.stageRoot()];
    },
    countRows: () => database.countRows(),
    settle: async () => null,
    forget: () => database.forget(),
    async stop() {
      await program?.stop();
      await database.stop();
    },
  };
};
