/** The unit file, by systemd's own programs, and what the server tells systemd. */

import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { exitCode } from '../../src/system/exit-codes.ts';
import { createInstance } from '../support/instance.ts';
import { until } from '../support/until.ts';

const unit = join(import.meta.dirname, '../../deploy/systemd/usage-ingest.service');
const run = promisify(execFile);

const isThere = (program: string, argument: string) => spawnSync(program, [argument]).status === 0;
const missing = ['systemd-analyze', 'systemd-notify'].find((program) => !isThere(program, '--version'));
const skip = missing !== undefined && process.env.CI !== 'true' && `needs ${missing}`;

test('systemd understands every line of the unit', { skip }, async () => {
  const { stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', unit]).catch(
    (error) => error,
  );
  // What it complains of is this machine: nobody installed the server to /opt here.
  const complaints = `${stdout}${stderr}`
    .split('\n')
    .filter((line) => line.includes('usage-ingest') && !/ExecStart|not executable|executable/.test(line));
  assert.deepEqual(complaints, []);
});

test('the unit exposes little of the machine', { skip }, async () => {
  // 0 is best, 10 worst; what is left is the network, which it serves.
  await run('systemd-analyze', ['security', '--offline=yes', '--threshold=25', unit]);
});

test('no restart of what a restart does not mend', async () => {
  const line = /^RestartPreventExitStatus=(.*)$/m.exec(await readFile(unit, 'utf8'));
  assert.equal(line?.[1], `${exitCode.usage} ${exitCode.config}`);
});

/** A datagram socket as systemd's, which Node cannot open; each message is a line. */
const listener = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    data, fds, flags, address = socket.recv_fds(s, 4096, 8)
    for fd in fds:
        import os
        os.close(fd)
    print(data.decode().replace("\\n", " "), flush=True)
`;

test('systemd is told when requests are taken, and of the stop', { skip }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'usage-notify-'));
  t.after(() => rm(folder, { recursive: true }));
  const socket = join(folder, 'notify');
  const python = spawn('python3', ['-c', listener, socket]);
  t.after(() => python.kill());
  let heard = '';
  python.stdout.on('data', (chunk) => {
    heard += chunk;
  });
  await until(() => heard.includes('bound'), { what: 'the socket is there' });
  const instance = await createInstance({ NOTIFY_SOCKET: socket });
  t.after(() => instance.close());
  await instance.start();
  await until(() => heard.includes('READY=1'), { what: 'it is told ready' });
  assert.equal(await instance.stop(), 0);
  await until(() => heard.includes('STOPPING=1'), { what: 'it is told of the stop' });
  assert.ok(!instance.output().includes('service_manager_untold'), instance.output());
});
