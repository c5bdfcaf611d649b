/** A Docker engine for a test: the one that is there, or one of its own where Debian's `docker.io` is and we are root. */

import { execFile, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Closing, closeAfter } from './close-after.ts';
import { nodeOfDebian } from './debian-root.ts';
import { until } from './until.ts';

const run = promisify(execFile);

/** `docker ...`, its stdout. @throws Error with what it said */
export type Docker = (...args: readonly string[]) => Promise<string>;

/** What an engine needs and this machine lacks; null where there is one, or can be. */
export function missingForDocker(): string | null {
  if (spawnSync('docker', ['version', '--format', '{{.Server.Version}}']).status === 0) return null;
  const isStartable = process.getuid?.() === 0 && spawnSync('dockerd', ['--version']).status === 0;
  return isStartable ? null : 'a Docker engine (Debian: docker.io, as root)';
}

/** One that is started here keeps its images in the user's cache folder, so that a second run builds on the first. */
export async function startDocker(t: Closing): Promise<Docker> {
  if (spawnSync('docker', ['version', '--format', '{{.Server.Version}}']).status === 0) return dockerAt({});
  const folder = await mkdtemp(join(tmpdir(), 'usage-docker-'));
  closeAfter(t, () => rm(folder, { recursive: true, force: true }));
  const data = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'usage-ingest', 'docker');
  await mkdir(data, { recursive: true });
  const socket = `unix://${join(folder, 'docker.sock')}`;
  const files = ['--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'docker.pid')];
  const options: SpawnOptions = { stdio: ['ignore', 'ignore', 'pipe'] };
  const daemon = spawn('dockerd', ['--data-root', data, ...files, '-H', socket], options);
  let said = '';
  daemon.stderr!.on('data', (chunk) => (said += chunk));
  const ended = new Promise((resolve) => daemon.once('exit', resolve));
  closeAfter(t, async () => {
    await dockerAt({ DOCKER_HOST: socket })('image', 'prune', '-f').catch(() => {});
    daemon.kill('SIGTERM');
    await ended;
    // The host's network namespace, which it mounts and leaves.
    await run('umount', [join(folder, 'exec', 'netns', 'default')]).catch(() => {});
  });
  await until(
    () => {
      if (daemon.exitCode !== null) throw new Error(`dockerd ended:\n${said.slice(-2_000)}`);
      return said.includes('API listen on');
    },
    { what: 'dockerd listens' },
  );
  return dockerAt({ DOCKER_HOST: socket });
}

/** Debian's own client before any other: an engine of 20.10 and a newer client do not build together without a plugin. */
function dockerAt(environment: Record<string, string>): Docker {
  const program = spawnSync('/usr/bin/docker', ['--version']).status === 0 ? '/usr/bin/docker' : 'docker';
  const env = { ...process.env, ...environment };
  return async (...args) => (await run(program, args, { env, maxBuffer: 64 * 1024 * 1024 })).stdout.trim();
}

/**
 * Images that stand in for `debian:trixie-slim` and `node:24...-trixie-slim`, from a root that debootstrap made, npm's Node
 * and the npm of this machine. @returns their names, for the Dockerfile's arguments
 */
export async function standInImages(docker: Docker, root: string): Promise<{ base: string; node: string }> {
  const [base, node] = ['usage-ingest-test/debian:13', 'usage-ingest-test/node:24'];
  const folder = await mkdtemp(join(tmpdir(), 'usage-image-'));
  try {
    const small = ['./opt/*', './proc/*', './dev/*', './tmp/*', './var/cache/apt/*', './var/lib/apt/lists/*'];
    const archive = join(folder, 'root.tar');
    await run('tar', ['-C', root, ...small.map((path) => `--exclude=${path}`), '-cf', archive, '.']);
    await docker('import', archive, base);
    await rm(archive);
    // npm looks its registry up by this machine's certificates.
    const certificates = '/etc/ssl/certs/ca-certificates.crt';
    const npm = dirname(dirname(await realpath((await run('which', ['npm'])).stdout.trim())));
    await run('cp', ['-rL', npm, join(folder, 'npm')]);
    await run('cp', [join(root, nodeOfDebian('24.22.3')), join(folder, 'node')]);
    await run('cp', [certificates, join(folder, 'certificates.crt')]);
    await writeFile(
      join(folder, 'Dockerfile'),
      `FROM ${base}
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
COPY certificates.crt ${certificates}
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
ENV NODE_EXTRA_CA_CERTS=${certificates}
`,
    );
    await docker('build', '-q', '-t', node, folder);
    return { base, node };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
