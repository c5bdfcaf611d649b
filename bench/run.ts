/**
 * `npm run bench`: measures everything on this machine and writes result.json and a report. A figure whose rows do not
 * add up, or a subject that fails, is left out, told, and makes the exit code 1.
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exitCode } from '../src/system/exit-codes.ts';
import { fileSystemOf } from './machine.ts';
import { type Measured, measure } from './measure.ts';
import { help, type Options, readOptions } from './options.ts';
import { writeReport } from './report/report.ts';

/** Under npm a terminal's Ctrl-C arrives twice, from the terminal and from npm; a person takes longer. */
const echoMs = 300;
const interruptedCode = 130;

process.exitCode = await run();

async function run(): Promise<number> {
  let options: Options | null;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${help}`);
    return exitCode.usage;
  }
  if (options === null) {
    process.stdout.write(help);
    return exitCode.ok;
  }
  const interrupted = listenToSignals();
  try {
    const fileSystem = await fileSystemOf(process.env.TMPDIR ?? '/tmp');
    if (fileSystem === 'tmpfs')
      process.stderr.write('bench: the temporary folder is memory, no disk: set TMPDIR to one on a disk\n');
    const command = ['npm run bench --', ...process.argv.slice(2)].join(' ');
    return await leave(await measure(options, command, interrupted), options.out);
  } catch (error) {
    if (interrupted.aborted) {
      process.stderr.write('bench: interrupted; all that was started is ended, nothing is written\n');
      return interruptedCode;
    }
    throw error;
  }
}

/** Writes the results. @returns the exit code */
async function leave({ result, failures }: Measured, out: string | null): Promise<number> {
  const day = result.startedAt.slice(0, 10);
  const folder = out ?? join(import.meta.dirname, 'results', `${day}-${result.commit}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'result.json'), `${JSON.stringify(result, null, 1)}\n`);
  await writeReport(result, folder);
  process.stdout.write(`${folder}\n`);
  for (const failure of failures) process.stderr.write(`bench: FAILED: ${failure}\n`);
  return failures.length === 0 ? exitCode.ok : exitCode.failure;
}

/** The first signal ends the run in order, a second one at once. */
function listenToSignals(): AbortSignal {
  const controller = new AbortController();
  let firstAtMs = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    if (!controller.signal.aborted) {
      firstAtMs = performance.now();
      process.stderr.write(`\nbench: ${signal}: ending all that was started\n`);
      controller.abort();
    } else if (performance.now() - firstAtMs > echoMs) process.exit(interruptedCode);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return controller.signal;
}
