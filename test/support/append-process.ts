/**
 * A process that appends to a local log until it is killed or stdin ends, and says each record it was
 * acknowledged, one label a line. Arguments: log folder, slot, segment bytes, bytes of a record's rows.
 */

import { createLocalAppender } from '../../src/log/local/appender.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { headerOf, rowsOf } from './log-records.ts';

const [logDir, slot, segmentBytes, rowBytes] = process.argv.slice(2);
const appender = createLocalAppender({
  logDir: logDir!,
  slot: Number(slot),
  segmentBytes: Number(segmentBytes),
  bytesMax: 1024 ** 3,
  logger: silentLogger,
});
let isEnding = false;
process.stdin.on('end', () => {
  isEnding = true;
});
process.stdin.resume();

await appender.start();
process.stdout.write(`partition ${appender.partition}\n`);
for (let index = 0; !isEnding; index += 1) {
  const label = `${process.pid}-${index}`;
  await appender.append(headerOf(), rowsOf(label, Number(rowBytes)));
  process.stdout.write(`${label}\n`);
}
await appender.stop();
