/** Bare uWebSockets.js in a process of its own. Durability: none, it keeps nothing. */

import { announce, wantedPort } from '../announce.ts';
import { startBareServer } from './bare-server.ts';

announce(await startBareServer(wantedPort));
