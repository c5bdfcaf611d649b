import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, chown, cp, mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { findBinaries } from '../../../src/postgres/embedded/binaries.ts';
import {
  processesOf,
  readableClone,
  startEmbeddedProcess,
  temporaryFolder,
} from '../../support/embedded-process.ts';
import { query } from '../../support/postgres.ts';
import { until } from '../../support/until.ts';

const asRoot = {
  skip: process.getuid?.() === 0 && process.platform === 'linux' ? false : 'needs root on Linux',
};
/** A user that no system has. */
const stranger = { uid: 12_345, gid: 12_345 };

async function uidOf(pid: number): Promise<number> {
  return Number(/^Uid:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))![1]);
}

async function capabilitiesOf(pid: number): Promise<bigint> {
  return BigInt(`0x${/^CapEff:\s+(\S+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))![1]}`);
}

/** A copy of the programs below a folder that nobody but root can enter. */
async function copyBinariesBelow(folder: string): Promise<object> {
  const { postgres } = await findBinaries();
  const native = dirname(dirname(postgres));
  await cp(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
  return { postgres: join(folder, 'native/bin/postgres'), initdb: join(folder, 'native/bin/initdb') };
}

test('as root the server runs as another user without any capability', asRoot, async (t) => {
  const dataDir = await temporaryFolder(t);
  await chmod(dataDir, 0o755);
  const { pid, url } = await startEmbeddedProcess(t, { dataDir }).started;
  assert.notEqual(await uidOf(pid), 0);
  assert.deepEqual(await query(url, 'select 1 as n'), [{ n: 1 }]);
  assert.equal((await stat(join(dataDir, 'postgres/data'))).uid, await uidOf(pid));
});

test(
  'as root, with programs and data below a closed folder: one capability more, twice in a row',
  asRoot,
  async (t) => {
    const closed = await temporaryFolder(t);
    await chmod(closed, 0o700);
    const binaries = await copyBinariesBelow(closed);
    const dataDir = join(closed, 'data');
    const first = startEmbeddedProcess(t, { dataDir, binaries });
    const { pid, url } = await first.started;
    assert.notEqual(await uidOf(pid), 0);
    assert.equal(await capabilitiesOf(pid), 1n << 2n, 'CAP_DAC_READ_SEARCH alone');
    await query(url, 'create table kept (n int)');
    await first.killOwner();
    const again = await startEmbeddedProcess(t, { dataDir, binaries }).started;
    assert.deepEqual(await query(again.url, 'select * from kept'), []);
  },
);

test('as an ordinary user, in a folder of its own', asRoot, async (t) => {
  const clone = await readableClone(t, stranger);
  const dataDir = join(await temporaryFolder(t), 'own');
  await chmod(dirname(dataDir), 0o755);
  await mkdir(dataDir);
  await chown(dataDir, stranger.uid, stranger.gid);
  const first = startEmbeddedProcess(t, { dataDir }, { ...stranger, clone });
  const { pid, url } = await first.started;
  assert.equal(await uidOf(pid), stranger.uid);
  await query(url, 'create table kept (n int)');
  await first.killOwner();
  // Root, a service manager say, takes the folder over: the server keeps its user.
  const again = await startEmbeddedProcess(t, { dataDir }).started;
  assert.equal(await uidOf(again.pid), stranger.uid);
  assert.deepEqual(await query(again.url, 'select * from kept'), []);
});

test('a folder that the user may not write is said plainly', asRoot, async (t) => {
  const closed = await temporaryFolder(t);
  const clone = await readableClone(t, stranger);
  const dataDir = join(closed, 'data');
  const { failed, message } = await startEmbeddedProcess(t, { dataDir }, { ...stranger, clone }).failed;
  assert.equal(failed, 'data');
  assert.match(message, /EACCES/);
  assert.match(message, /DATA_DIR/);
});

test('as root of a container with less rights than a real one', asRoot, async (t) => {
  const closed = await temporaryFolder(t);
  await chmod(closed, 0o700);
  const binaries = await copyBinariesBelow(closed);
  const dataDir = join(closed, 'data');
  // What Docker leaves root by default.
  const docker =
    'chown dac_override fsetid fowner mknod net_raw setgid setuid setfcap setpcap net_bind_service sys_chroot kill audit_write';
  const prefix = ['setpriv', `--bounding-set=-all,+${docker.replaceAll(' ', ',+')}`];
  const first = startEmbeddedProcess(t, { dataDir, binaries }, { prefix });
  const { pid } = await first.started;
  assert.equal(await capabilitiesOf(pid), 1n << 1n, 'CAP_DAC_OVERRIDE alone');
});

test('as root without any capability it is said what to do', asRoot, async (t) => {
  const dataDir = join(await temporaryFolder(t), 'data');
  const prefix = ['setpriv', '--bounding-set=-all'];
  const { failed, message } = await startEmbeddedProcess(t, { dataDir }, { prefix }).failed;
  assert.equal(failed, 'unprivileged');
  assert.match(message, /start usage-ingest as an ordinary user/);
});

test('data that belongs to root, as a restored copy is, is given to the server', asRoot, async (t) => {
  const dataDir = await temporaryFolder(t);
  const first = startEmbeddedProcess(t, { dataDir });
  await query((await first.started).url, 'create table kept (n int)');
  await first.killOwner();
  await until(async () => (await processesOf(dataDir)).length === 0, { what: 'the server ends' });
  spawnSync('chown', ['-R', '0:0', join(dataDir, 'postgres/data')]);
  const { pid, url } = await startEmbeddedProcess(t, { dataDir }).started;
  assert.notEqual(await uidOf(pid), 0);
  assert.deepEqual(await query(url, 'select * from kept'), []);
});
