/** `node:child_process` for the supervisor: a forked role is a virtual process (roles.ts). */

import { EventEmitter } from 'node:events';
import type { FromRole, ToRole } from '../../src/role/messages.ts';
import { startRole } from '../roles.ts';
import type { Process } from '../world/scheduler.ts';
import { thisProcess, world } from '../world/world.ts';
import { children } from './children.ts';

export { execFile } from 'node:child_process';

/** The supervisor's end of a child process. */
export class VirtualChild extends EventEmitter {
  readonly pid = world().nextPid++;
  connected = true;
  readonly process: Process;
  readonly #parent: Process;
  /** What was said before the role listens waits in the channel. */
  readonly #unread: ToRole[] = [];
  #onMessage: (message: ToRole) => void = (message) => void this.#unread.push(message);

  constructor(name: string) {
    super();
    this.#parent = thisProcess();
    this.process = { name, alive: true, onEnd: [] };
    this.process.onEnd.push(() => this.#ended());
    // A role ends with its supervisor.
    this.#parent.onEnd.push(() => world().scheduler.kill(this.process));
  }

  send(message: ToRole, done?: () => void): boolean {
    const { scheduler } = world();
    scheduler.after(0.05, () => this.#onMessage(message), this.process);
    if (done) scheduler.after(0.05, done);
    return true;
  }

  kill(): boolean {
    world().scheduler.kill(this.process);
    return true;
  }

  /** The role's side. */
  listen(onMessage: (message: ToRole) => void): void {
    this.#onMessage = onMessage;
    for (const message of this.#unread.splice(0)) onMessage(message);
  }

  tell(message: FromRole): void {
    world().scheduler.after(0.05, () => this.emit('message', message), this.#parent);
  }

  #ended(): void {
    const { scheduler } = world();
    this.connected = false;
    world().trace(`${this.process.name} has ended`);
    scheduler.after(1, () => this.emit('exit', null, 'SIGKILL'), this.#parent);
  }
}

export function fork(
  entry: URL,
  args: readonly string[],
  { env }: { env: Record<string, string | undefined> },
): VirtualChild {
  const role = /\/src\/(\w+)\/process\.ts$/.exec(entry.href)?.[1];
  const worker = Number(args[args.indexOf('--worker') + 1]);
  if (role === undefined) throw new Error(`no role is known at ${entry.href}`);
  const child = new VirtualChild(`${role} ${worker}`);
  children.set(child.process.name, child.process);
  // A process takes a while from its fork to its first line.
  world().scheduler.after(20, () => startRole(role, worker, env, child), child.process);
  return child;
}
