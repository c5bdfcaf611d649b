/** Gives a role that runs alone what the supervisor gives those that it forks. */

import { roleEnvironment, roleNodeArguments } from '../role/arguments.ts';

/**
 * Where Node was started without the arguments of a role, this process becomes one that was: the same process to
 * whoever started it, with the same pid, signals and exit code. Does not return then. What the operator gave to Node,
 * and set in the environment, comes last and so wins.
 */
export function takeRoleRuntime(): void {
  const missing = roleNodeArguments.filter((argument) => !process.execArgv.includes(argument));
  if (missing.length === 0) return;
  // A parent's channel does not outlive it, and some parents take its end for ours.
  if (process.send !== undefined) return;
  process.execve!(
    process.execPath,
    [process.execPath, ...missing, ...process.execArgv, ...process.argv.slice(1)],
    { ...roleEnvironment, ...process.env },
  );
}
