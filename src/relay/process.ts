/** The process of the relay: the spool in DATA_DIR into Kafka. */

import { runRole } from '../role/run-role.ts';
import { createRelay } from './relay.ts';

await runRole('relay', ({ settings, logger }) => createRelay({ settings, logger }));
