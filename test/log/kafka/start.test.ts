/** What waiting does not mend is an error at the start, with what to do, and no retry loop. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import kafkajs from 'kafkajs';
import { createInstance } from '../../support/instance.ts';
import { skipWithoutKafka, startOwnKafka, withAdmin } from '../../support/kafka.ts';
import { allStored, kafkaEnvironment, kafkaIsUp, post } from '../../support/kafka-instance.ts';

/** Rights are denied unless granted. */
const rights = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'allow.everyone.if.no.acl.found': 'false',
  'super.users': 'User:ANONYMOUS;User:chief',
};

const kafka = await startOwnKafka({
  properties: rights,
  users: { chief: 'secret', clerk: 'secret', porter: 'secret' },
});
after(() => kafka?.stop());
const skip = skipWithoutKafka(kafka);
const entry = fileURLToPath(new URL('../../../bin/usage-ingest.js', import.meta.url));

/** Runs `start` to its end. */
async function start(
  env: Record<string, string>,
  ...args: string[]
): Promise<{ code: number | null; text: string }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'usage-ingest-'));
  try {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', entry, 'start', ...args],
      {
        env: { PATH: process.env.PATH, DATA_DIR: dataDir, PORT: '0', ADMIN_PORT: '0', ...env },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    const ended = new Promise((resolve) => child.once('close', resolve));
    let text = '';
    for await (const chunk of child.stderr) text += chunk;
    await ended;
    return { code: child.exitCode, text };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function makeTopic(topic: string, configuration: Record<string, string>): Promise<void> {
  const configEntries = Object.entries(configuration).map(([name, value]) => ({ name, value }));
  await withAdmin(kafka!.brokers, (admin) => admin.createTopics({ topics: [{ topic, configEntries }] }));
}

const cases: [string, Record<string, string>, RegExp][] = [
  ['a compacted topic', { 'cleanup.policy': 'compact' }, /cleanup\.policy=delete/],
  ['a codec that cannot be read', { 'compression.type': 'zstd' }, /compression\.type=zstd/],
  ['messages too small for a group', { 'max.message.bytes': '10000' }, /max\.message\.bytes=10000/],
];

for (const [name, configuration, text] of cases)
  test(`${name} is refused with 78`, { skip }, async () => {
    const env = kafkaEnvironment(kafka!.brokers);
    await makeTopic(env.USAGE_KAFKA_TOPIC!, configuration);
    const ended = await start(env);
    assert.match(ended.text, text);
    assert.equal(ended.code, 78);
  });

test('more replicas than brokers is refused with 78', { skip }, async () => {
  const ended = await start({ ...kafkaEnvironment(kafka!.brokers), USAGE_KAFKA_REPLICATION: '3' });
  assert.match(ended.text, /USAGE_KAFKA_REPLICATION/);
  assert.equal(ended.code, 78);
});

function secure(mechanism: string, user: string, password: string): Record<string, string> {
  return {
    ...kafkaEnvironment(kafka!.cluster.secureBrokers!),
    USAGE_KAFKA_TLS: 'on',
    USAGE_KAFKA_TLS_CA_FILE: kafka!.caFile,
    USAGE_KAFKA_SASL: mechanism,
    USAGE_KAFKA_USER: user,
    USAGE_KAFKA_PASSWORD: password,
  };
}

for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512']) {
  test(`TLS, ${mechanism}: a wrong password is refused with 78`, { skip }, async () => {
    const ended = await start(secure(mechanism, 'chief', 'mistaken'));
    assert.match(ended.text, /USAGE_KAFKA_PASSWORD/);
    assert.doesNotMatch(ended.text, /mistaken/);
    assert.equal(ended.code, 78);
  });

  test(`TLS, ${mechanism}: a user without rights is refused with 78`, { skip }, async () => {
    const ended = await start(secure(mechanism, 'clerk', 'secret'));
    assert.match(ended.text, /grant/);
    assert.equal(ended.code, 78);
  });

  test(`TLS, ${mechanism}: usages are stored`, { skip }, async (t) => {
    const instance = await createInstance({
      USAGE_FRONTS: '1',
      ...secure(mechanism, 'chief', 'secret'),
    });
    t.after(() => instance.close());
    await instance.start();
    await kafkaIsUp(instance, 1);
    await allStored(instance, await post(instance, 20));
    assert.equal(await instance.metric('usage_spooled_total'), 0);
  });
}

const { AclOperationTypes: can, AclResourceTypes: on, AclPermissionTypes, ResourcePatternTypes } = kafkajs;
type Grant = readonly [resourceType: number, operation: number];
const allGrants: Record<string, Grant> = {
  'DESCRIBE of the topic': [on.TOPIC, can.DESCRIBE],
  'DESCRIBE_CONFIGS of the topic': [on.TOPIC, can.DESCRIBE_CONFIGS],
  'WRITE on the topic': [on.TOPIC, can.WRITE],
  'READ on the topic': [on.TOPIC, can.READ],
  'READ on the group': [on.GROUP, can.READ],
};

/** The environment of a user who was granted all but some of them, on a topic that is there. */
async function porterWithout(...missing: string[]): Promise<Record<string, string>> {
  const env = secure('plain', 'porter', 'secret');
  await makeTopic(env.USAGE_KAFKA_TOPIC!, {});
  const acl = Object.entries(allGrants)
    .filter(([name]) => !missing.includes(name))
    .map(([, [resourceType, operation]]) => ({
      resourceType,
      resourceName: resourceType === on.TOPIC ? env.USAGE_KAFKA_TOPIC! : env.USAGE_KAFKA_GROUP!,
      resourcePatternType: ResourcePatternTypes.LITERAL,
      principal: 'User:porter',
      host: '*',
      operation,
      permissionType: AclPermissionTypes.ALLOW,
    }));
  await withAdmin(kafka!.brokers, (admin) => admin.createAcls({ acl }));
  return env;
}

const withoutOne: [string, RegExp][] = [
  ['WRITE on the topic', /append to topic .* grant WRITE/],
  ['READ on the topic', /read topic .* grant READ/],
  ['READ on the group', /consumer group .* grant READ/],
];

for (const [right, text] of withoutOne)
  test(`all rights but ${right}: refused with 78, before anything is appended`, { skip }, async () => {
    const env = await porterWithout(right);
    const ended = await start(env);
    assert.match(ended.text, text);
    assert.equal(ended.code, 78);
    const offsets = await withAdmin(kafka!.brokers, (admin) =>
      admin.fetchTopicOffsets(env.USAGE_KAFKA_TOPIC!),
    );
    assert.deepEqual([...new Set(offsets.map(({ offset }) => offset))], ['0']);
  });

test('all three missing: all three are told', { skip }, async () => {
  const ended = await start(await porterWithout(...withoutOne.map(([right]) => right)));
  for (const [, text] of withoutOne) assert.match(ended.text, text);
  assert.equal(ended.code, 78);
});

test('all of them: usages are stored', { skip }, async (t) => {
  const instance = await createInstance({ USAGE_FRONTS: '1', ...(await porterWithout()) });
  t.after(() => instance.close());
  await instance.start();
  await kafkaIsUp(instance, 1);
  await allStored(instance, await post(instance, 20));
  assert.equal(await instance.metric('usage_spooled_total'), 0);
});

/** Each role asks for the rights of its own work. */
for (const [role, right] of [
  ['front', 'WRITE on the topic'],
  ['relay', 'WRITE on the topic'],
  ['writer', 'READ on the topic'],
  ['writer', 'READ on the group'],
] as const)
  test(`the role ${role} alone, without ${right}: refused with 78`, { skip }, async () => {
    const env = { ...(await porterWithout(right)), DATABASE_URL: 'postgres://127.0.0.1:9/none' };
    const ended = await start(env, '--role', role);
    assert.match(ended.text, /grant/);
    assert.equal(ended.code, 78);
  });
