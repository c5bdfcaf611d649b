/** What a Kafka without Docker needs of the machine, and a text for each thing that is missing. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const javaVersionMin = 17;

/** One line for each thing that is missing, with what to do; empty where a broker can be run. */
export async function missingRequirements(jarsCached: boolean): Promise<string[]> {
  const missing = [await missingJava()];
  if (!jarsCached) missing.push(await missingMaven());
  return missing.filter((line) => line !== null);
}

async function missingJava(): Promise<string | null> {
  const version = await firstVersion('java', ['-version']);
  const wanted = `Kafka 4.3 needs Java ${javaVersionMin} or newer (Debian: apt install openjdk-17-jre-headless)`;
  if (version === null) return `java is not on the PATH. ${wanted}.`;
  return version >= javaVersionMin ? null : `java is version ${version}. ${wanted}.`;
}

async function missingMaven(): Promise<string | null> {
  const version = await firstVersion('mvn', ['-v']);
  return version === null
    ? 'mvn is not on the PATH. It fetches the jars once (Debian: apt install maven).'
    : null;
}

/** The first number of what `command` prints about its version; null where it cannot be run. */
async function firstVersion(command: string, args: string[]): Promise<number | null> {
  try {
    const { stdout, stderr } = await run(command, args, { timeout: 60_000 });
    const version = /(\d+)(?:[.+"]|\s|$)/.exec(`${stdout}${stderr}`);
    return version ? Number(version[1]) : null;
  } catch {
    return null; // not there, or broken: either way it is of no use
  }
}
