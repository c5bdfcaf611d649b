/** A process that prints as many ids as its first argument says, its clock standing still at the second. */

import { createUuidV7 } from '../../src/usage/uuid-v7.ts';

const [count, ms] = process.argv.slice(2).map(Number);
const uuidV7 = createUuidV7();
process.stdout.write(`${Array.from({ length: count! }, () => uuidV7.next(ms!)).join('\n')}\n`);
