/**
 * A volume that runs full below its file system, as a thin one does: blocks that were never written cannot be written
 * back. Here an ext4 on a loop device whose sparse file lies on a full tmpfs. What cannot be written back must not be
 * acknowledged, whatever else is written beside it.
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { durableFiles } from '../../src/log/local/durable-files.ts';
import { segmentHeaderBytes } from '../../src/log/local/segment-format.ts';
import { SegmentWriter } from '../../src/log/local/segment-writer.ts';
import { closeAfter } from '../support/close-after.ts';
import { makeTempDir } from '../support/local-log.ts';

const blockBytes = 4096;
/** Of the segment: these can be written, those behind them cannot. */
const backedBytes = 16 * blockBytes;
const MiB = 1024 * 1024;
const tries = 400;

const run = (command: string, ...words: string[]) =>
  execFileSync(command, words, { stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' });

/** The path of a file whose blocks from `backedBytes` on have nothing below them; null where no such volume can be had. */
async function makeThinVolume(t: TestContext): Promise<string | null> {
  const below = await makeTempDir(t);
  const volume = await makeTempDir(t);
  const image = join(below, 'image');
  try {
    run('mount', '-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', below);
    closeAfter(t, () => void run('umount', '-l', below));
    await writeFile(image, Buffer.alloc(40 * MiB));
    run('mkfs.ext4', '-q', '-F', '-b', String(blockBytes), '-E', 'nodiscard,lazy_itable_init=0', image);
    run('mount', '-o', 'loop', image, volume);
    closeAfter(t, () => void run('umount', '-l', volume));
  } catch {
    return null;
  }
  const segment = join(volume, 'segment');
  await writeFile(segment, Buffer.alloc(4 * MiB, 1), { flush: true });
  for (const { block, blocks, at } of extentsOf(segment)) {
    const backed = Math.max(0, Math.min(blocks, backedBytes / blockBytes - block));
    const [offset, length] = [(at + backed) * blockBytes, (blocks - backed) * blockBytes];
    if (length > 0) run('fallocate', '--punch-hole', '-o', String(offset), '-l', String(length), image);
  }
  await fill(join(below, 'filler'));
  return segment;
}

/** Where a file's blocks lie on its device. */
function extentsOf(path: string): { block: number; blocks: number; at: number }[] {
  const lines = run('filefrag', '-v', path).matchAll(/^\s*\d+:\s*(\d+)\.\.\s*(\d+):\s*(\d+)\.\./gm);
  return [...lines].map(([, first, last, at]) => ({
    block: Number(first),
    blocks: Number(last) - Number(first) + 1,
    at: Number(at),
  }));
}

async function fill(path: string): Promise<void> {
  const file = await open(path, 'w');
  const bytes = Buffer.alloc(blockBytes);
  try {
    for (;;) await file.write(bytes);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  } finally {
    await file.close();
  }
}

test('no record is acknowledged whose blocks cannot be written back, while zeros beside it fail too', async (t) => {
  const segment = await makeThinVolume(t);
  if (segment === null) return t.skip('no loop device can be had here');
  const outcomes = { acknowledged: 0, refused: 0 };
  let zerosFailed = 0;
  const files = {
    ...durableFiles,
    write: ((fd, buffers, offset, done) =>
      durableFiles.write(fd, buffers, offset, (error, bytes) => {
        if (error && buffers[0]!.length > MiB / 2) zerosFailed += 1;
        done(error, bytes);
      })) satisfies typeof durableFiles.write,
  };
  for (let index = 0; index < tries; index += 1) {
    const writer = new SegmentWriter(files, await files.openToWrite(segment), segment, 0, 4 * MiB);
    const append = (bytes: number) => {
      const fillByte = 65 + (index % 26);
      const [head, rows] = [Buffer.alloc(64, fillByte), Buffer.alloc(bytes - 64, fillByte)];
      return new Promise<Error | null>((resolve) => writer.append(head, rows, resolve));
    };
    // Up to the last block that can be written. (A loop device takes a write that fits in part for a whole one.)
    assert.equal(await append(backedBytes - segmentHeaderBytes), null);
    outcomes[(await append(3_000)) ? 'refused' : 'acknowledged'] += 1;
    await writer.abandon();
  }
  assert.deepEqual(outcomes, { acknowledged: 0, refused: tries });
  assert.ok(zerosFailed > 0, 'zeros were laid beside them, and failed');
});
