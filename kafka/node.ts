/** One Kafka node: its folder, its process, started and ended one by one. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeArchive, withArchive } from './class-archive.ts';
import type { NodeAddress } from './server-properties.ts';

const run = promisify(execFile);
const log4jConfiguration = join(import.meta.dirname, 'log4j2.properties');

/** What a node is run for, and so with which arguments of Java. */
export type JavaPurpose = keyof typeof jvmOptions;

const jvmOptions = {
  /** Small heaps and short start times suit a broker beside tests; it serves tens of MB/s all the same. */
  tests: ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'],
  /** As Kafka's own kafka-server-start.sh runs it, every tier of the compiler included: what is measured is no less. */
  service: [
    '-Xms1g',
    '-Xmx1g',
    '-server',
    '-XX:+UseG1GC',
    '-XX:MaxGCPauseMillis=20',
    '-XX:InitiatingHeapOccupancyPercent=35',
    '-XX:+ExplicitGCInvokesConcurrent',
  ],
} as const;

export interface KafkaNode {
  readonly address: NodeAddress;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** Formats the folder the first time. Does not wait until it serves. */
  start(): Promise<void>;
  /** Sends a signal; nothing where it does not run. */
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the process has ended. */
  ended(): Promise<void>;
  /** The last lines of the broker's log and of what it printed. */
  lastWords(): Promise<string>;
}

export function createKafkaNode(options: {
  address: NodeAddress;
  /** Holds configuration, log and, in `data/`, the records. */
  folder: string;
  jars: string;
  clusterId: string;
  properties: string;
  purpose: JavaPurpose;
  /** More arguments for the storage tool when the folder is formatted. */
  formatArguments: readonly string[];
  /** Told of every process that starts and ends. */
  onStart(pid: number): void;
  onEnd(pid: number): void;
}): KafkaNode {
  const { folder } = options;
  const configuration = join(folder, 'server.properties');
  const javaArguments = [
    ...jvmOptions[options.purpose],
    `-Dkafka.logs.dir=${folder}`,
    `-Dlog4j2.configurationFile=${log4jConfiguration}`,
    '-cp',
    `${options.jars}/*`,
  ];
  let child: ChildProcess | undefined;
  let printed = '';
  let end: Promise<void> = Promise.resolve();

  async function start() {
    await mkdir(join(folder, 'data'), { recursive: true, mode: 0o700 });
    await writeFile(configuration, options.properties);
    const formatted = await access(join(folder, 'data', 'meta.properties')).then(
      () => true,
      () => false,
    );
    // What is measured starts as Kafka's own scripts start it.
    const sharesClasses = options.purpose === 'tests';
    const archived = sharesClasses ? await withArchive(options.jars) : [];
    const maker = sharesClasses && archived.length === 0 ? makeArchive(options.jars) : null;
    if (!formatted)
      await run(
        'java',
        [
          ...archived,
          ...javaArguments,
          'kafka.tools.StorageTool',
          'format',
          '-t',
          options.clusterId,
          '-c',
          configuration,
          ...options.formatArguments,
        ],
        { timeout: 60_000 },
      );
    const started = spawn(
      'java',
      [...archived, ...(maker?.arguments ?? []), ...javaArguments, 'kafka.Kafka', configuration],
      // A group of its own: a terminal's Ctrl-C reaches the starter, which stops the nodes in order.
      { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
    );
    child = started;
    printed = '';
    const keep = (chunk: Buffer) => {
      printed = `${printed}${chunk}`.slice(-4_000);
    };
    started.stdout.on('data', keep);
    started.stderr.on('data', keep);
    end = new Promise((resolve) => {
      started.once('close', (code) => {
        if (started.pid !== undefined) options.onEnd(started.pid);
        if (child === started) child = undefined;
        // By itself, or by the handler of a SIGTERM.
        resolve(maker?.ended(code === 0 || code === 143));
      });
    });
    started.once('error', (error) => keep(Buffer.from(String(error))));
    if (started.pid !== undefined) options.onStart(started.pid);
  }

  return {
    address: options.address,
    get pid() {
      return child?.pid;
    },
    start,
    kill: (signal) => void child?.kill(signal),
    ended: () => end,
    async lastWords() {
      const log = await readFile(join(folder, 'kafka.log'), 'utf8').catch(() => '');
      return `${log.slice(-4_000)}${printed}`;
    },
  };
}
