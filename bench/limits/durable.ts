/**
 * The least durable server in a process of its own. Durability: each body is on disk (O_DSYNC) before its 201.
 *
 *     DURABLE_FOLDER=/tmp/durable node bench/limits/durable.ts
 */

import { constants, openSync, write, writeSync } from 'node:fs';
import { join } from 'node:path';
import { announce, wantedPort } from '../announce.ts';
import { bodiesBytesMax, startGatheringServer } from './gathering-server.ts';

/** Laid with zeros before it serves and written over and over: no write has to make the file longer. */
const fileBytes = 64 << 20;
const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_DSYNC;

const fd = openSync(join(process.env.DURABLE_FOLDER ?? '.', 'bodies'), flags, 0o600);
for (let at = 0; at < fileBytes; at += bodiesBytesMax)
  writeSync(fd, Buffer.alloc(bodiesBytesMax), 0, bodiesBytesMax, at);
let position = 0;

const port = await startGatheringServer(wantedPort, (bodies, onKept) => {
  if (position + bodies.length > fileBytes) position = 0;
  write(fd, bodies, 0, bodies.length, position, (error, written) => {
    if (error) throw error;
    if (written !== bodies.length) throw new Error(`the disk took ${written} of ${bodies.length} bytes`);
    position += written;
    onKept();
  });
});
announce(port);
