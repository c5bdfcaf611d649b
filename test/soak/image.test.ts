/** The image of the Dockerfile, built and run: read-only, without rights, through a kill, a stop and an upgrade. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { keptPort } from '../../harness/kept-port.ts';
import { repository } from '../support/compose-file.ts';
import { debianRoot, missingForDebian } from '../support/debian-root.ts';
import { missingForDocker, standInImages, startDocker } from '../support/docker.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const missing = missingForDocker() ?? missingForDebian();
const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
const [image, next] = ['usage-ingest-test/server:now', 'usage-ingest-test/server:next'];
/** On a base that debootstrap made; Debian's own slim one, without pages and locales, is some 30 MB smaller. */
const bytesMax = 280e6;

if (missing === null) await testImage();
else it('the image', { skip: `needs ${missing}` }, () => {});

async function testImage(): Promise<void> {
  const postgres = await startTestPostgres();
  const docker = await startDocker({ after });
  const { base, node } = await standInImages(docker, await debianRoot());
  const bases = ['--build-arg', `BASE_IMAGE=${base}`, '--build-arg', `NODE_IMAGE=${node}`];
  await docker('build', '-q', '-t', image, ...bases, repository);
  await docker('build', '-q', '-t', next, ...bases, '--build-arg', 'VERSION=next', repository);

  it('the image is small, says what it is, and runs as nobody in particular', async () => {
    const [{ Size, Config }] = JSON.parse(await docker('inspect', image));
    assert.ok(Size < bytesMax, `${Size} bytes`);
    assert.equal(Config.User, '1000:1000');
    assert.equal(Config.Labels['org.opencontainers.image.version'], version);
    assert.equal(Config.Volumes, null, 'an anonymous volume would pile up with every container');
    const inside = ['run', '--rm', '--entrypoint', 'sh', image, '-c'];
    assert.equal(await docker(...inside, 'command -v npm || echo none'), 'none');
    assert.match(await docker(...inside, 'node --version'), /^v24\./);
    console.log(`the image has ${Math.round(Size / 1e6)} MB`);
  });

  it('the image loses nothing of what it acknowledged through a kill, a stop and an upgrade', async () => {
    const databaseUrl = await postgres.createDatabase();
    const [port, adminPort] = [await keptPort(), await keptPort()];
    const name = `usage-ingest-${randomUUID()}`;
    const volume = `${name}-data`;
    const settings = { HOST: '127.0.0.1', PORT: port, ADMIN_HOST: '127.0.0.1', ADMIN_PORT: adminPort };
    const environment = Object.entries({ ...settings, DATABASE_URL: databaseUrl, USAGE_FRONTS: 1 });
    const start = (from: string) =>
      docker(
        ...['run', '-d', '--name', name, '--init', '--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL'],
        ...[
          '--security-opt',
          'no-new-privileges',
          '--stop-timeout',
          '45',
          '--network',
          'host',
          '--pids-limit',
          '200',
        ],
        ...['--memory', '2g', '-v', `${volume}:/data`],
        ...environment.flatMap(([key, value]) => ['-e', `${key}=${value}`]),
        from,
      );
    const url = `http://127.0.0.1:${port}`;
    const sender = createSender(url);
    try {
      await docker('volume', 'create', volume);
      await start(image);
      await sender.acknowledges(500);
      await docker('kill', name);
      await docker('start', name);
      await sender.acknowledges(500);
      await until(
        async () => (await docker('inspect', '-f', '{{.State.Health.Status}}', name)) === 'healthy',
        {
          what: 'the container is healthy',
        },
      );
      await docker('stop', name);
      assert.equal(await docker('inspect', '-f', '{{.State.ExitCode}}', name), '0');
      await docker('rm', name);
      await start(next);
      await sender.acknowledges(500);
      assert.match(await docker('logs', name), /"event":"http_server_loaded".*"release":"20\.57"/);
      await sender.stop();
      const stored = () => query<{ id: string }>(databaseUrl, 'SELECT id FROM usages');
      await until(async () => (await stored()).length >= sender.acknowledged.size, {
        what: 'all that was acknowledged is stored',
      });
      const rows = (await stored()).map(({ id }) => id);
      assert.equal(new Set(rows).size, rows.length);
      for (const id of sender.acknowledged)
        assert.ok(rows.includes(id), `${id} was acknowledged and is not stored`);
      console.log(`${sender.acknowledged.size} acknowledged, all stored`);
    } finally {
      await sender.stop();
      await docker('rm', '-f', name).catch(() => {});
      await docker('volume', 'rm', volume).catch(() => {});
    }
  });
}

/** Posts usage after usage, whatever becomes of each, and keeps those that were answered 201. */
function createSender(url: string) {
  const acknowledged = new Set<string>();
  let isStopped = false;
  const running = send();
  async function send(): Promise<void> {
    while (!isStopped) {
      const id = randomUUID();
      const usage = { id, patientId: 'image', medication: 'Albuterol', timestamp: 1_478_009_511_000 };
      const answer = await fetch(`${url}/api/usages`, {
        method: 'POST',
        body: JSON.stringify(usage),
        signal: AbortSignal.timeout(5_000),
      }).catch(() => null);
      await answer?.arrayBuffer().catch(() => {});
      if (answer?.status === 201) acknowledged.add(id);
      else await new Promise((resolve) => setTimeout(resolve, 50)); // away: not a spin
    }
  }
  return {
    acknowledged,
    async acknowledges(more: number): Promise<void> {
      const wanted = acknowledged.size + more;
      await until(() => acknowledged.size >= wanted, { what: `${more} more are acknowledged` });
    },
    async stop(): Promise<void> {
      isStopped = true;
      await running;
    },
  };
}
