import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { concealPassword } from '../../src/config/conceal.ts';
import { ConfigError } from '../../src/config/config-error.ts';
import { describeSettings } from '../../src/config/describe.ts';
import { loadSettings, settingsEnvironment } from '../../src/config/load.ts';
import { editDistance, nearestName } from '../../src/config/nearest-name.ts';
import { makeTempDir } from '../support/local-log.ts';

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    loadSettings(environment);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
  return [];
}

test('nothing set: the defaults', () => {
  const settings = loadSettings({ PATH: '/bin', HOME: '/' });
  assert.equal(settings.PORT, 3000);
  assert.equal(settings.DATABASE_URL, undefined);
});

test('every problem is told at once, contradictions of the valid ones too', () => {
  const problems = problemsOf({
    PORT: 'abc',
    LOG_LEVEL: 'loud',
    DATABASE_URL: '',
    USAGE_FRONT: '3',
    KAFKA_BROKERS: 'a',
    USAGE_BODY_BYTES_MAX: String(64 * 1024 * 1024),
  });
  assert.deepEqual(problems.map((problem) => problem.split(' ')[0]).sort(), [
    'DATABASE_URL',
    'KAFKA_BROKERS',
    'LOG_LEVEL',
    'PORT',
    'USAGE_BODY_BYTES_MAX',
    'USAGE_BODY_BYTES_MAX',
    'USAGE_FRONT',
  ]);
});

test('an unknown name of ours is told with the nearest right one; names of others are left alone', () => {
  assert.deepEqual(problemsOf({ USAGE_WRITER_CONECTIONS: '3', USER: 'me', USAGES: 'x' }), [
    'USAGE_WRITER_CONECTIONS is an unknown setting; did you mean USAGE_WRITER_CONNECTIONS?',
  ]);
});

test('numbers are whole, decimal and within bounds', () => {
  for (const value of ['-1', '1.5', '1e3', '0x10', '65536', ' 80', '80 ', '９']) {
    assert.equal(problemsOf({ PORT: value }).length, 1, value);
  }
  assert.equal(loadSettings({ PORT: '0', ADMIN_PORT: '0' }).PORT, 0);
});

test('no problem repeats a secret', () => {
  const text =
    problemsOf({ DATABASE_URL: 'mysql://me:hunter2@db/x' }).join() +
    problemsOf({ DATABASE_URL: 'postgres://me:hun ter2@[/x' }).join();
  assert.ok(text.includes('DATABASE_URL'));
  assert.doesNotMatch(text, /hun/);
});

test('the same address cannot be given twice', () => {
  assert.equal(problemsOf({ PORT: '9464' }).length, 1);
  assert.equal(problemsOf({ PORT: '9464', ADMIN_HOST: '127.0.0.2' }).length, 0);
});

test('the local log must hold two segments for each front: with less, once full it could stay full', () => {
  const least = { USAGE_LOG_SEGMENT_BYTES: '65536', USAGE_FRONTS: '3', USAGE_LOCAL_LOG_BYTES_MAX: '393216' };
  assert.equal(problemsOf(least).length, process.platform === 'linux' ? 0 : 1);
  const [problem] = problemsOf({ ...least, USAGE_FRONTS: '1', USAGE_LOCAL_LOG_BYTES_MAX: '131071' });
  assert.match(problem!, /^USAGE_LOCAL_LOG_BYTES_MAX .*two segments/);
  // The defaults hold on the largest machine.
  if (process.platform === 'linux') assert.deepEqual(problemsOf({ USAGE_FRONTS: '64' }), []);
});

test('a child that gets the settings as an environment has the same settings', () => {
  const settings = loadSettings({
    PORT: '4000',
    DATABASE_URL: 'postgres://me:secret@db/x',
    USAGE_FRONTS: '1',
  });
  assert.deepEqual(loadSettings(settingsEnvironment(settings)), settings);
  const without = loadSettings({});
  assert.deepEqual(loadSettings(settingsEnvironment(without)), without);
});

test('every setting is described, and named with its unit', () => {
  for (const { name, bounds, description } of describeSettings()) {
    assert.ok(description.length > 10 && bounds.length > 0, name);
  }
});

test('a password is concealed wherever a URL can hold it', () => {
  assert.equal(concealPassword('postgres://me:secret@db/x'), 'postgres://me:***@db/x');
  assert.doesNotMatch(concealPassword('postgres://db/x?user=me&password=secret'), /secret/);
  assert.equal(concealPassword('no url with secret'), '(hidden)');
});

test('edit distance', () => {
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('kitten', 'sitting'), 3);
  assert.equal(editDistance('same', 'same'), 0);
  assert.equal(nearestName('FRNTS', ['BACKS', 'FRONTS']), 'FRONTS');
});

test('settings of Kafka that do not go together are told', () => {
  const names = problemsOf({
    USAGE_KAFKA_SASL: 'plain',
    USAGE_KAFKA_USER: 'me',
    USAGE_KAFKA_TLS_CERT_FILE: '/cert.pem',
  }).map((problem) => problem.split(' ')[0]);
  assert.deepEqual(names, ['USAGE_KAFKA_PASSWORD', 'USAGE_KAFKA_TLS_CERT_FILE', 'USAGE_KAFKA_TLS_CERT_FILE']);
});

test('an IPv6 address is taken with its brackets and without', () => {
  for (const name of ['HOST', 'ADMIN_HOST'] as const)
    for (const given of ['::1', '[::1]']) assert.equal(loadSettings({ [name]: given })[name], '::1');
  const brokers = '[::1]:9092,kafka:9092,[2001:db8::7]:9092';
  assert.equal(loadSettings({ KAFKA_BROKERS: brokers }).KAFKA_BROKERS, brokers);
  for (const wrong of ['::1:9092', '[::1]', '[::1:9092', 'a:b:9092'])
    assert.match(problemsOf({ KAFKA_BROKERS: wrong })[0] ?? '', /IPv6 address in brackets/, wrong);
});

test('a secret may come from a file, without the line feed that ends it', async (t) => {
  const file = `${await makeTempDir(t)}/secret`;
  await writeFile(file, 'postgres://me:word@db/usages\n');
  assert.equal(loadSettings({ DATABASE_URL_FILE: file }).DATABASE_URL, 'postgres://me:word@db/usages');
  assert.deepEqual(problemsOf({ DATABASE_URL_FILE: file, DATABASE_URL: 'postgres://x/y' }), [
    'DATABASE_URL and DATABASE_URL_FILE are both set: set one of them',
  ]);
  assert.deepEqual(problemsOf({ DATABASE_URL_FILE: `${file}.none` }), [
    'DATABASE_URL_FILE must name a file that this user can read (ENOENT)',
  ]);
  await writeFile(file, '\n');
  assert.deepEqual(
    problemsOf({ USAGE_KAFKA_PASSWORD_FILE: file, USAGE_KAFKA_SASL: 'plain', USAGE_KAFKA_USER: 'u' }),
    [
      'USAGE_KAFKA_PASSWORD is set but empty: give it a value, or unset it',
      'USAGE_KAFKA_PASSWORD is not set, and USAGE_KAFKA_SASL=plain needs it',
    ],
  );
});

test('what is wrong with a secret is told without it', async (t) => {
  const file = `${await makeTempDir(t)}/secret`;
  await writeFile(file, 'mysql://me:word@db/usages');
  const problems = problemsOf({ DATABASE_URL_FILE: file });
  assert.ok(problems.length > 0);
  assert.doesNotMatch(problems.join(), /word/);
});
