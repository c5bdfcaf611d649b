/** The least servers as the runner measures them, with Node's arguments and environment of a front. */

import { roleEnvironment, roleNodeArguments } from '../../src/role/arguments.ts';
import { type Program, startProgram } from '../program.ts';
import type { CreateSubject, Subject } from '../subject.ts';
import { uniqueName } from '../unique-name.ts';

export const createBare: CreateSubject = () => leastServer('bare', 'none: it keeps nothing', 'bare.ts');

export const createBareDurable: CreateSubject = ({ folder }) =>
  leastServer('bare-durable', 'on disk (O_DSYNC), the bodies as they came, in no database', 'durable.ts', {
    env: { DURABLE_FOLDER: folder },
  });

export const createBareKafka: CreateSubject = ({ kafka }) => {
  if (kafka === null) throw new Error('bare-kafka needs a Kafka');
  return leastServer(
    'bare-kafka',
    'in Kafka (acks=-1), the bodies as they came, in no database',
    'kafka.ts',
    {
      env: { KAFKA_BROKERS: kafka.brokers, KAFKA_TOPIC: uniqueName('bare') },
      brokers: kafka.pids,
    },
  );
};

function leastServer(
  name: 'bare' | 'bare-durable' | 'bare-kafka',
  durability: string,
  file: string,
  needs: { readonly env?: Readonly<Record<string, string>>; readonly brokers?: readonly number[] } = {},
): Subject {
  let program: Program | null = null;
  return {
    name,
    durability,
    async start() {
      program = await startProgram(new URL(file, import.meta.url), {
        env: { ...roleEnvironment, ...needs.env },
        nodeArguments: roleNodeArguments,
      });
      return { url: `http://127.0.0.1:${program.port}/api/usages` };
    },
    async stageRoots() {
      if (program === null) throw new Error(`${name} is not started`);
      return [
        { stage: 'subject', pid: program.pid },
        ...(needs.brokers ?? []).map((pid) => ({ stage: 'broker', pid }) as const),
      ];
    },
    // Bodies that lie together, as they came, are nothing that could be counted.
    countRows: async () => null,
    settle: async () => null,
    async forget() {},
    async stop() {
      await program?.stop();
    },
  };
}
