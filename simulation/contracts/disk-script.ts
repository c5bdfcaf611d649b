/** What a disk has to answer, whether it is a real or the virtual one: run on both, the lines must be the same. */

import type { DurableFiles } from '../../src/log/local/durable-files.ts';

export async function diskScript(files: DurableFiles, folder: string): Promise<string[]> {
  const lines: string[] = [];
  const say = async (what: string, work: () => Promise<unknown>) => {
    try {
      lines.push(`${what}: ${JSON.stringify(await work())}`);
    } catch (error) {
      lines.push(`${what}: ${(error as { code?: string }).code}`);
    }
  };
  const write = (fd: number, text: string, offset: number) =>
    new Promise<number>((resolve, reject) => {
      const buffers = [Buffer.from(text), Buffer.from('!')];
      files.write(fd, buffers, offset, (error, bytes) => (error ? reject(error) : resolve(bytes)));
    });
  const read = async (fd: number, offset: number) => {
    const buffer = Buffer.alloc(16);
    const got = await files.read(fd, buffer, 0, 16, offset);
    return buffer.toString('latin1', 0, got);
  };
  await say('makes folders', async () => (await files.makeFolder(`${folder}/a/b`))?.slice(folder.length));
  await say('makes them again', async () => (await files.makeFolder(`${folder}/a/b`)) ?? null);
  const path = `${folder}/a/b/file`;
  const fd = await files.create(path);
  await say('makes what is there', () => files.create(path));
  await say('writes', () => write(fd, 'hello', 0));
  await say('writes past the end', () => write(fd, 'there', 10));
  const reading = (await files.open(path))!;
  await say('reads', () => read(reading, 0));
  await say('reads at the end', () => read(reading, 16));
  await say('knows an open file', async () => files.statOpen(reading));
  await say('knows a file', async () => (await files.stat(path))?.bytes);
  await say('knows no file', () => files.stat(`${folder}/none`));
  await say('opens none', () => files.open(`${folder}/none`));
  await say('cuts', () => files.truncate(fd, 3));
  await say('reads what is left', () => read(reading, 0));
  await say('links', () => files.link(path, `${folder}/a/b/second`));
  await say('links again', () => files.link(path, `${folder}/a/b/second`));
  await say('renames', () => files.rename(path, `${folder}/a/b/third`));
  await say('renames none', () => files.rename(path, `${folder}/a/b/fourth`));
  await say('lists', async () => (await files.list(`${folder}/a/b`))?.sort());
  await say('lists none', () => files.list(`${folder}/none`));
  await say('removes', () => files.remove(`${folder}/a/b/third`));
  await say('removes none', () => files.remove(`${folder}/a/b/third`));
  await say('removes the other name', () => files.remove(`${folder}/a/b/second`));
  await say('knows that it is gone', async () => files.statOpen(reading).names);
  await say('reads what is gone', () => read(reading, 0));
  await say('closes', () => files.close(reading));
  await say('closes again', () => files.close(reading));
  const lock = files.tryLock(`${folder}/lock`);
  const probe = files.openLockProbe(`${folder}/lock`);
  await say('locks', async () => [lock !== null, probe.isHeld()]);
  lock?.release();
  await say('frees', async () => probe.isHeld());
  await say('believes in no death without a lock', async () =>
    files.openLockProbe(`${folder}/none`).isHeld(),
  );
  probe.close();
  await say('syncs', () => files.syncFolder(folder));
  await say('removes all', () => files.removeAll(`${folder}/a`));
  await say('lists what was removed', () => files.list(`${folder}/a`));
  return lines;
}
