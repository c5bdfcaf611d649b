/** How a role process is run, and told which slot it is and whether a supervisor forked it. */

import { parseArgs } from 'node:util';

export interface RoleArguments {
  /** The slot within the role, from 0. */
  readonly worker: number;
  /** True where the parent is our supervisor; some other parents open an IPC channel too. */
  readonly supervised: boolean;
}

export const workersMax = 256;

/** What the supervisor forks a role with. */
export function roleArguments(worker: number): string[] {
  return ['--supervised', '--worker', String(worker)];
}

/**
 * Node's own arguments for a role process.
 *
 * V8 lets its young generation grow to 48 MB under load; a quarter of it stays in the processor's cache and costs a front
 * no more CPU.
 *
 * V8 makes objects in its old generation from the first where many of a kind outlived a collection of the young one. At
 * the start of a load that is true of a request's; later it is not, but V8 stays with it, and each dead object there keeps
 * alive all it points to until a major collection. Five fronts of eight were caught by it: a heap of 24 to 83 MB and ten
 * major collections in nine seconds at full speed, where the others had 24 MB and one.
 *
 * V8 lets its old generation grow to a multiple of what lives there before it collects it. With 2,000 connections, a
 * quarter of them with arrays of 200, a front's heap was 164 MB, two thirds of it dead, and the process took 245 to 265 MB;
 * collected at a fifth more than what lives it takes 130 to 145. A front of single usages has next to nothing there
 * and collects no more often.
 */
export const roleNodeArguments: readonly string[] = [
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=4',
  '--no-allocation-site-pretenuring',
  '--heap-growing-percent=20',
];

/**
 * One heap for malloc instead of one a thread (glibc; others ignore it): a dozen megabytes less a process, whose
 * threads allocate little. What the operator set comes first.
 */
export const roleEnvironment: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '1' };

/** Reads the slot and the supervision back, out of the arguments of `start --role` too. */
export function parseRoleArguments(argv: readonly string[]): RoleArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: { worker: { type: 'string', default: '0' }, supervised: { type: 'boolean', default: false } },
    strict: false,
    allowPositionals: true,
  });
  const worker = Number(values.worker);
  if (!Number.isInteger(worker) || worker < 0 || worker >= workersMax) {
    throw new RangeError(`--worker must be a whole number from 0 to ${workersMax - 1}`);
  }
  return { worker, supervised: values.supervised === true && process.send !== undefined };
}
