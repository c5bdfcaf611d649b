/**
 * The least a server can do that answers only when the body is on disk: bare uWebSockets.js, and one durable write at a
 * time of all bodies that came during the one before. No validation, no row, no database: what its acknowledgement takes
 * is the disk's, the event loop's and the load generator's.
 */

import type { HttpResponse } from 'uWebSockets.js';
import { constants, openSync, write, writeSync } from 'node:fs';
import { answerCreated, listen } from './bare-server.ts';

/** Laid with zeros before it serves and written over and over: no write has to make the file longer. */
const fileBytes = 64 << 20;
/** Of one write; far more than the connections of any measurement can have in flight. */
const groupBytesMax = 4 << 20;
const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_DSYNC;

interface Group {
  readonly bytes: Buffer;
  used: number;
  waiting: HttpResponse[];
}

/** @param file is made, and must not be there. @returns the port it listens on; 0 asks for a free one */
export function startDurableServer(wantedPort: number, file: string): Promise<number> {
  const fd = openSync(file, flags, 0o600);
  for (let at = 0; at < fileBytes; at += groupBytesMax)
    writeSync(fd, Buffer.alloc(groupBytesMax), 0, groupBytesMax, at);
  const aborted = new WeakSet<HttpResponse>();
  let gathering = createGroup();
  let writing = createGroup();
  let isWriting = false;
  let position = 0;

  function writeGathered(): void {
    isWriting = gathering.waiting.length > 0;
    if (!isWriting) return;
    [gathering, writing] = [writing, gathering];
    const { bytes, used } = writing;
    if (position + used > fileBytes) position = 0;
    write(fd, bytes, 0, used, position, (error, written) => {
      if (error) throw error;
      if (written !== used) throw new Error(`the disk took ${written} of ${used} bytes`);
      position += used;
      const { waiting } = writing;
      writing.waiting = [];
      writing.used = 0;
      for (const res of waiting) if (!aborted.has(res)) res.cork(() => answerCreated(res));
      writeGathered();
    });
  }

  return listen(wantedPort, (res) => {
    res.onAborted(() => aborted.add(res));
    res.onData((chunk, isLast) => {
      const { bytes, used, waiting } = gathering;
      if (used + chunk.byteLength > groupBytesMax) throw new Error('more is in flight than a group holds');
      bytes.set(new Uint8Array(chunk), used);
      gathering.used += chunk.byteLength;
      if (!isLast) return;
      waiting.push(res);
      if (isWriting) return;
      isWriting = true;
      // What this turn of the event loop reads shares the write.
      setImmediate(writeGathered);
    });
  });
}

const createGroup = (): Group => ({ bytes: Buffer.allocUnsafeSlow(groupBytesMax), used: 0, waiting: [] });
