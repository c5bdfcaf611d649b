/** Runs the disk's script on the virtual one, and prints its lines. */

import { installLoader } from '../loader.ts';
import { installVirtualGlobals } from '../world/globals.ts';

installLoader(null);
installVirtualGlobals();
const { durableFiles } = await import('../../src/log/local/durable-files.ts');
const { inWorld } = await import('../schedule.ts');
const { diskScript } = await import('./disk-script.ts');

const lines = await inWorld(1, ({ disk }) => {
  disk.makeFolder('/volume');
  return diskScript(durableFiles, '/volume');
});
process.stdout.write(`${lines.join('\n')}\n`);
