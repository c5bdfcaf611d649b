/**
 * Measures the disk of a folder in a process of its own, and tells the rate of each size of group.
 *
 *     node bench/limits/fsync.ts [--folder data] [--seconds 2]
 */

import { parseArgs } from 'node:util';
import { groupBytes, measureDisk } from './disk-rate.ts';

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: '.' },
    seconds: { type: 'string', default: '2' },
    bytes: { type: 'string', multiple: true, default: groupBytes.map(String) },
  },
});
for (const bytes of values.bytes) {
  const rate = measureDisk(values.folder, Number(bytes), Number(values.seconds));
  if (process.send) process.send(rate);
  else console.log(JSON.stringify(rate));
}
