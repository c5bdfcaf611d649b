/** The outer doors of deploy/ as processes of a test's own, before fronts of its own; all but addresses is as it is shipped. */

import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { keptPort } from '../../harness/kept-port.ts';
import { type Closing, closeAfter } from './close-after.ts';
import { repository } from './compose-file.ts';
import { until } from './until.ts';

const run = promisify(execFile);

export type EdgeName = 'nginx' | 'haproxy';
export const edgeNames: readonly EdgeName[] = ['nginx', 'haproxy'];

export interface Edge {
  readonly port: number;
  readonly tlsPort: number;
  /** Where its configuration and its temporary files are. */
  readonly folder: string;
  /** PEM, of the certificate on `tlsPort`, for `localhost`. */
  readonly certificate: string;
  /** What it printed so far, and the lines about what it refused itself. */
  output(): Promise<string>;
  /** SIGTERM; resolves when it is gone. */
  stop(): Promise<void>;
}

export function hasEdge(name: EdgeName): boolean {
  return spawnSync(name, ['-v']).status === 0;
}

/** Starts one before fronts on these ports of 127.0.0.1; ended after the test. */
export async function startEdge(t: Closing, name: EdgeName, frontPorts: readonly number[]): Promise<Edge> {
  const folder = await mkdtemp(join(tmpdir(), `usage-${name}-`));
  closeAfter(t, () => rm(folder, { recursive: true, force: true }));
  await cp(join(repository, 'deploy', name), folder, { recursive: true });
  const certificate = await makeCertificate(folder);
  const refusals = join(folder, 'refusals.log');
  const [port, tlsPort] = [await keptPort(), await keptPort()];
  const address = (text: string) =>
    text
      .replaceAll('/etc/usage-ingest-tls', folder)
      // A pipe of Node's is a socket, which cannot be opened by name.
      .replace('/dev/stdout', refusals)
      .replace(/\b(listen |bind :)8080\b/, `$1${port}`)
      .replace(/\b(listen |bind :)8443\b/, `$1${tlsPort}`);
  const servers = (prefix: (index: number) => string, text: string) =>
    text.replace(/^( *)server .*127\.0\.0\.1:3000(.*)$/m, (_line, indent: string, options: string) =>
      frontPorts.map((front, at) => `${indent}server ${prefix(at)}127.0.0.1:${front}${options}`).join('\n'),
    );
  if (name === 'nginx') {
    await edit(join(folder, 'usage-ingest', 'site.conf'), address);
    await edit(join(folder, 'usage-ingest', 'fronts.conf'), (text) => servers(() => '', text));
  } else await edit(join(folder, 'haproxy.cfg'), (text) => servers((at) => `front-${at} `, address(text)));

  const child = spawn(...commandOf(name, folder), { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const stop = () => end(child);
  closeAfter(t, stop);
  await until(
    () => {
      if (child.exitCode !== null) throw new Error(`${name} ended:\n${output}`);
      return accepts(port);
    },
    { what: `${name} listens` },
  );
  return {
    port,
    tlsPort,
    folder,
    certificate,
    output: async () => output + (await readFile(refusals, 'utf8').catch(() => '')),
    stop,
  };
}

/** In the foreground; nginx with its pid and temporary files in the folder. */
function commandOf(name: EdgeName, folder: string): [string, string[]] {
  if (name === 'haproxy') return ['haproxy', ['-f', 'haproxy.cfg']];
  const globals = `daemon off; pid ${join(folder, 'nginx.pid')};`;
  return ['nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr', '-g', globals]];
}

/** @returns the certificate, PEM; tls.crt, tls.key and both as tls.pem are in the folder */
async function makeCertificate(folder: string): Promise<string> {
  const [crt, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', crt],
  ]);
  const certificate = await readFile(crt, 'utf8');
  await writeFile(join(folder, 'tls.pem'), certificate + (await readFile(key, 'utf8')));
  return certificate;
}

async function edit(file: string, change: (text: string) => string): Promise<void> {
  const text = await readFile(file, 'utf8');
  const changed = change(text);
  if (changed === text) throw new Error(`${file} has no address to change`);
  await writeFile(file, changed);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}
