/**
 * The least durable server in a process of its own. Durability: each body is on disk (O_DSYNC) before its 201.
 *
 *     DURABLE_FOLDER=/tmp/durable node bench/limits/durable.ts
 */

import { join } from 'node:path';
import { announce, wantedPort } from '../announce.ts';
import { startDurableServer } from './durable-server.ts';

announce(await startDurableServer(wantedPort, join(process.env.DURABLE_FOLDER ?? '.', 'bodies')));
