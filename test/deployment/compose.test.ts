import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { serverProperties } from '../../kafka/server-properties.ts';
import { loadSettings } from '../../src/config/load.ts';
import { settingsSchema } from '../../src/config/settings.ts';
import { readComposeFile, readDockerfile, repository } from '../support/compose-file.ts';
import { nodesOfDebian } from '../support/debian-root.ts';

const compose = readComposeFile();
const services = Object.entries(compose.services);
const server = compose.services.server!;
const dockerfile = readDockerfile();
const pom = readFileSync(join(repository, 'kafka', 'pom.xml'), 'utf8');

/** The environment of a broker as the image makes properties of it. */
function propertiesOf(environment: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(environment).filter(
    ([name]) => name.startsWith('KAFKA_') && name !== 'KAFKA_HEAP_OPTS',
  );
  return Object.fromEntries(
    entries.map(([name, value]) => [name.slice(6).toLowerCase().replaceAll('_', '.'), value]),
  );
}

/** What the tests' brokers run with, `count` of them; where they are is another matter. */
function testedProperties(count: number): Record<string, string> {
  const nodes = Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    port: 9092,
    controllerPort: 9093,
  }));
  const lines = serverProperties(nodes[0]!, nodes, '/folder').trim().split('\n');
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

const addressNames = ['node.id', 'controller.quorum.voters', 'listeners', 'advertised.listeners', 'log.dirs'];
const withoutAddresses = (properties: Record<string, string>) =>
  Object.fromEntries(Object.entries(properties).filter(([name]) => !addressNames.includes(name)));

/** Checks a compose file against the specification without an engine; not part of every Docker. */
const hasCompose = spawnSync('docker', ['compose', 'version']).status === 0;

describe('docker-compose.yml', () => {
  // Not everywhere, and not a skip: what CI must run cannot depend on a Docker. docs/deployment.md says so.
  if (hasCompose)
    it('is valid to Docker Compose, with either profile', () => {
      for (const profile of ['single', 'cluster'])
        execFileSync('docker', ['compose', '--profile', profile, 'config', '--quiet'], { cwd: repository });
    });

  it('pins every image to a full version', () => {
    for (const [name, { image }] of services) assert.match(image, /^[^:@]+:v?\d+\.\d+(\.\d+)?(-\w+)?$/, name);
  });

  it('checks the health of every service', () => {
    for (const [name, { healthcheck }] of services) {
      assert.ok(healthcheck, `${name} has no healthcheck`);
      assert.match(healthcheck.test[0]!, /^CMD(-SHELL)?$/, name);
      assert.ok(healthcheck.test.length > 1, name);
    }
  });

  it('publishes ports on loopback alone, each once', () => {
    const published = services.flatMap(([, { ports = [] }]) => ports);
    assert.ok(published.length > 0);
    for (const port of published) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/);
    const hostPorts = published.map((port) => port.split(':')[1]);
    assert.equal(new Set(hostPorts).size, hostPorts.length, published.join(' '));
  });

  it('gives no service more rights than it needs', () => {
    for (const [name, service] of services) {
      assert.deepEqual(service.cap_drop, ['ALL'], name);
      assert.equal(service.cap_add, undefined, name);
      assert.equal(service.privileged, undefined, name);
      assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
      if (!name.startsWith('kafka')) assert.equal(service.read_only, true, `${name} can write its image`);
    }
    for (const [name, { user }] of services)
      if (user !== undefined) assert.match(user, /^\d+:\d+$/, `${name}: a name cannot be checked for root`);
    const roots = services.filter(([, { user }]) => user === '0:0').map(([name]) => name);
    assert.deepEqual(
      roots,
      ['edge-certificate', 'database-password'],
      'they make files that others cannot change',
    );
    for (const name of roots) assert.equal(compose.services[name]?.network_mode, 'none');
  });

  it('limits the memory and the processes of every service, and leaves open files to the engine', () => {
    for (const [name, { mem_limit, pids_limit, ulimits }] of services) {
      assert.match(mem_limit ?? '', /^\d+[mg]$/, name);
      assert.ok(pids_limit, name);
      assert.equal(ulimits, undefined, name);
    }
  });

  it('keeps databases and brokers on networks without a way out', () => {
    for (const [name, { networks = [], ports }] of services) {
      const names = Array.isArray(networks) ? networks : Object.keys(networks);
      for (const network of names) assert.ok(network in compose.networks, `${name}: ${network}`);
      const isInternal = names.every((network) => compose.networks[network]?.internal === true);
      assert.equal(isInternal, ports === undefined, `${name} is on ${names.join(', ')}`);
    }
  });

  it('keeps data in named volumes and mounts files that are there', () => {
    const used = new Set<string>();
    for (const [name, { volumes = [] }] of services) {
      for (const volume of volumes) {
        const [source = ''] = volume.split(':');
        if (source.startsWith('./')) {
          assert.ok(existsSync(join(repository, source)), `${name}: ${source}`);
          assert.match(volume, /:ro$/, `${name} could change ${source}`);
        } else used.add(source);
      }
    }
    assert.deepEqual([...used].sort(), Object.keys(compose.volumes).sort());
  });

  it('waits for health, and starts without the brokers of the other profile', () => {
    for (const [name, { depends_on = {} }] of services) {
      for (const [needed, { condition, required }] of Object.entries(depends_on)) {
        const service = compose.services[needed];
        assert.ok(service, `${name} needs ${needed}, which is none`);
        const wanted = service.restart === 'no' ? 'service_completed_successfully' : 'service_healthy';
        assert.equal(condition, wanted, `${name} needs ${needed}`);
        if (service.profiles) assert.equal(required, false, `${name} needs ${needed}`);
      }
    }
  });

  it('starts one broker where no profile is named', () => {
    const defaults = readFileSync(join(repository, '.env'), 'utf8').replace(/^#.*\n/gm, '');
    assert.equal(defaults, 'COMPOSE_PROFILES=single\n', 'nothing else, and no secret, belongs there');
    const inProfile = (profile: string) =>
      services.filter(([, { profiles }]) => profiles?.includes(profile)).map(([name]) => name);
    assert.deepEqual(inProfile('single'), ['kafka']);
    assert.deepEqual(inProfile('cluster'), ['kafka-1', 'kafka-2', 'kafka-3']);
  });

  it('cannot start both clusters at once: the server would meet either behind one name', () => {
    const { kafka, 'kafka-1': first } = compose.services;
    assert.ok(kafka?.container_name);
    assert.equal(kafka.container_name, first?.container_name);
  });

  it('has an outer door that hands on to the server', () => {
    const fronts = readFileSync(join(repository, 'deploy', 'nginx', 'compose-fronts.conf'), 'utf8');
    assert.match(fronts, new RegExp(`^server server:${server.environment!.PORT} `, 'm'));
    const sharing = (name: string) => compose.services[name]!.networks as readonly string[];
    assert.ok(sharing('edge').some((network) => sharing('server').includes(network)));
    assert.ok(!sharing('edge').some((network) => sharing('postgres').includes(network)));
  });

  it('holds no password', () => {
    for (const [name, { environment = {} }] of services)
      for (const key of Object.keys(environment))
        assert.doesNotMatch(key, /(PASSWORD|SECRET|TOKEN|KEY)$/, `${name}: ${key}`);
  });
});

describe('the server in compose', () => {
  it('is given settings that are known and fit together', () => {
    const environment = server.environment!;
    for (const name of Object.keys(environment)) assert.ok(name in settingsSchema.shape, name);
    // As its entrypoint makes it.
    const DATABASE_URL = 'postgres://usage_ingest:password@postgres:5432/usage_ingest';
    const settings = loadSettings({ ...environment, DATABASE_URL });
    assert.deepEqual(
      [settings.HOST, settings.ADMIN_HOST, settings.PORT, settings.ADMIN_PORT],
      ['0.0.0.0', '0.0.0.0', 3000, 9464],
    );
    const graceMs = Number(/^(\d+)s$/.exec(server.stop_grace_period!)?.[1]) * 1000;
    assert.ok(graceMs > settings.USAGE_STOP_TIMEOUT_MS, 'a stop in order would be cut short');
  });

  it('is scraped by Prometheus at its admin port', () => {
    const targets = readFileSync(join(repository, 'prometheus', 'targets-compose', 'server.yml'), 'utf8');
    assert.deepEqual(parse(targets), [{ targets: [`server:${server.environment!.ADMIN_PORT}`] }]);
  });

  it("puts the URL together from Postgres' user, password file and database, and passes arguments on", () => {
    const [shell, option, script = '', ...rest] = server.entrypoint!;
    const printing = script
      .replaceAll('$$', '$')
      .replace('/run/database-password/password', join(repository, '.env'))
      .replace(/exec node .*? bin\/usage-ingest\.js/, 'printf "%s|" "$DATABASE_URL"');
    const printed = execFileSync(shell!, [option!, printing, ...rest, 'sql', 'a b']).toString();
    const { POSTGRES_USER: user, POSTGRES_DB: database } = compose.services.postgres!.environment!;
    const password = readFileSync(join(repository, '.env'), 'utf8').trimEnd();
    assert.equal(printed, `postgres://${user}:${password}@postgres:5432/${database}|sql|a b|`);
  });
});

describe('Kafka in compose', () => {
  it('is the version that the tests run', () => {
    const [, version] = /<artifactId>kafka_2\.13<\/artifactId>\s*<version>([^<]+)</.exec(pom) ?? [];
    for (const [name, { image }] of services)
      if (name.startsWith('kafka')) assert.equal(image, `apache/kafka:${version}`);
  });

  it('has the properties that the tests run, one broker or three', () => {
    for (const [name, count] of [
      ['kafka', 1],
      ['kafka-1', 3],
      ['kafka-2', 3],
      ['kafka-3', 3],
    ] as const) {
      const actual = propertiesOf(compose.services[name]!.environment!);
      assert.deepEqual(withoutAddresses(actual), withoutAddresses(testedProperties(count)), name);
      for (const address of addressNames) assert.ok(actual[address], `${name}: ${address}`);
    }
  });

  it('gives every broker an id, a name and a folder of its own, and one cluster its id', () => {
    const brokers = ['kafka-1', 'kafka-2', 'kafka-3'].map((name) => compose.services[name]!);
    const voters = brokers.map(
      ({ environment, hostname }) => `${environment!.KAFKA_NODE_ID}@${hostname}:9093`,
    );
    for (const { environment, hostname } of brokers) {
      assert.equal(environment!.KAFKA_CONTROLLER_QUORUM_VOTERS, voters.join(','));
      assert.equal(environment!.KAFKA_ADVERTISED_LISTENERS, `BROKER://${hostname}:9092`);
      assert.equal(environment!.CLUSTER_ID, brokers[0]!.environment!.CLUSTER_ID);
    }
    assert.equal(new Set(brokers.map(({ volumes }) => volumes![0])).size, 3);
    const single = compose.services.kafka!.environment!.CLUSTER_ID;
    for (const id of [single, brokers[0]!.environment!.CLUSTER_ID]) {
      const [, text] = /^\$\{KAFKA_CLUSTER_ID:-([\w-]+)\}$/.exec(id!) ?? [];
      assert.equal(Buffer.from(text!, 'base64url').length, 16, `${id} is no cluster id`);
    }
    assert.notEqual(single, brokers[0]!.environment!.CLUSTER_ID, 'two clusters, two sources of positions');
  });
});

describe('Dockerfile', () => {
  const stages = dockerfile.filter(({ instruction }) => instruction === 'FROM');
  const last = dockerfile.slice(dockerfile.lastIndexOf(stages.at(-1)!));

  it('builds with a Node that the tests run, and ends on a Debian with nothing else', () => {
    const defaults = dockerfile
      .filter(({ instruction }) => instruction === 'ARG')
      .map(({ argument }) => argument);
    const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
    assert.deepEqual(defaults, [
      `NODE_IMAGE=node:${nodesOfDebian[0]}-trixie-slim`,
      'BASE_IMAGE=debian:trixie-slim',
      `VERSION=${version}`,
    ]);
    assert.deepEqual(
      stages.map(({ argument }) => argument.replace(/[${}]/g, '')),
      ['NODE_IMAGE AS dependencies', 'BASE_IMAGE'],
    );
  });

  it('ends without root and without build tools, and checks its health', () => {
    const argumentOf = (name: string) =>
      last.filter(({ instruction }) => instruction === name).at(-1)?.argument;
    assert.equal(argumentOf('USER'), '1000:1000');
    assert.equal(argumentOf('VOLUME'), undefined);
    assert.match(argumentOf('HEALTHCHECK')!, /CMD \["node", .*\/healthz/);
    assert.equal(last.filter(({ argument }) => /npm (ci|install)|apt-get/.test(argument)).length, 0);
  });

  it('copies what is there and what .dockerignore lets through', () => {
    const passed = readFileSync(join(repository, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copies = dockerfile.filter(
      ({ instruction, argument }) => instruction === 'COPY' && !argument.startsWith('--from'),
    );
    for (const { argument } of copies)
      for (const source of argument.split(' ').slice(0, -1)) {
        assert.ok(
          passed.some((path) => source === path || source.startsWith(`${path}/`)),
          `${source} never reaches the build`,
        );
        if (!source.includes('*')) assert.ok(existsSync(join(repository, source)), source);
      }
  });
});
