/** A bare server or a front in a process of its own, which tells what it has taken of CPU and of its event loop. */

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { roleEnvironment, roleNodeArguments } from '../src/role/arguments.ts';
import type { FrontSample } from './front-cpu-server.ts';

export const frontKinds = ['bare', 'local', 'kafka'] as const;
export type FrontKind = (typeof frontKinds)[number];

export interface FrontServer {
  readonly kind: FrontKind;
  readonly url: string;
  readonly pid: number;
  sample(): Promise<FrontSample>;
  stop(): Promise<void>;
}

/** @param watched whether it looks at every turn of its event loop, which costs CPU */
export async function startFrontServer(
  kind: FrontKind,
  { brokers = '', watched = false } = {},
): Promise<FrontServer> {
  // As the supervisor runs a front.
  const child = fork(
    fileURLToPath(new URL('front-cpu-server.ts', import.meta.url)),
    watched ? [kind, 'turns'] : [kind],
    {
      execArgv: [...roleNodeArguments],
      env: { ...roleEnvironment, ...process.env, KAFKA_BROKERS: brokers },
    },
  );
  const { port } = (await nextMessage(child)) as { port: number };
  return {
    kind,
    pid: child.pid!,
    url: `http://127.0.0.1:${port}/api/usages`,
    sample() {
      child.send('sample');
      return nextMessage(child) as Promise<FrontSample>;
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.send('stop');
      await ended;
    },
  };
}

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`the server exited with ${code}`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message);
    });
  });
}
