/**
 * Fills a log with a backlog, as fast as the log takes it: records of 500 rows as a front makes them. A process of its
 * own, told by arguments and the server's settings in its environment; it ends with code 0 once all is acknowledged.
 *
 *     node bench/fill-log.ts --usages 300000 [--repeat-every 20]
 */

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { settingsSchema } from '../src/config/settings.ts';
import { createKafkaAppender } from '../src/log/kafka/appender.ts';
import { frontPatience } from '../src/log/kafka/client.ts';
import { createLocalAppender } from '../src/log/local/appender.ts';
import type { LogAppender } from '../src/log/log.ts';
import { recordFormatVersion } from '../src/log/record.ts';
import { silentLogger } from '../src/observability/logger.ts';
import { timestampText, utcMonth } from '../src/usage/calendar.ts';
import { usageColumns } from '../src/usage/row.ts';
import { rowBytesMax, rowOf, usageAt, usageOf } from './usages.ts';

/** Slots that no front of the instance has. */
const firstSlot = 1_000;
const appendTimeoutMs = 30_000;

const { values } = parseArgs({
  options: { usages: { type: 'string' }, 'repeat-every': { type: 'string' } },
});
const usages = Number(values.usages);
const repeatEvery = values['repeat-every'] === undefined ? null : Number(values['repeat-every']);
const settings = settingsSchema.parse(process.env);
const perRecord = settings.USAGE_GROUP_USAGES_MAX;
const scratch = Buffer.allocUnsafe(perRecord * rowBytesMax);

const lanes = makeLanes();
await Promise.all(lanes.map(({ appender }) => appender.start()));
let next = 0;
await Promise.all(
  lanes.flatMap(({ appender, inFlightMax }) => Array.from({ length: inFlightMax }, () => fill(appender))),
);
await Promise.all(lanes.map(({ appender }) => appender.stop()));

async function fill(appender: LogAppender): Promise<void> {
  while (next < usages) {
    const first = next;
    next += perRecord;
    const { header, rows } = recordOf(first, Math.min(perRecord, usages - first));
    await appender.append(header, rows);
  }
}

/** As many partitions of the local log as fronts would have made, or one way to Kafka. */
function makeLanes(): { appender: LogAppender; inFlightMax: number }[] {
  const logger = silentLogger;
  if (settings.KAFKA_BROKERS === undefined)
    return Array.from({ length: settings.USAGE_FRONTS }, (_, worker) => ({
      appender: createLocalAppender({
        logDir: join(settings.DATA_DIR, 'log'),
        slot: firstSlot + worker,
        segmentBytes: settings.USAGE_LOG_SEGMENT_BYTES,
        bytesMax: settings.USAGE_LOCAL_LOG_BYTES_MAX,
        logger,
      }),
      inFlightMax: 1,
    }));
  const appender = createKafkaAppender({
    settings,
    clientId: 'bench-fill',
    patience: frontPatience,
    appendTimeoutMs,
    logger,
  });
  return [{ appender, inFlightMax: settings.USAGE_KAFKA_IN_FLIGHT_MAX }];
}

function recordOf(first: number, count: number) {
  const receivedAtMs = Date.now();
  const receivedAt = timestampText(receivedAtMs);
  const months = new Set<number>();
  let bytes = 0;
  for (let place = first; place < first + count; place++) {
    const n = usageAt(place, repeatEvery);
    months.add(utcMonth(usageOf(n).usedAtMs));
    // Copied at once, so that millions of texts die young; ASCII, as all that the benchmark makes up.
    bytes += scratch.write(rowOf(n, receivedAt), bytes, 'latin1');
  }
  const header = {
    version: recordFormatVersion,
    columns: usageColumns,
    count,
    months: [...months].sort((a, b) => a - b),
    receivedAtMs,
  };
  return { header, rows: Buffer.from(scratch.subarray(0, bytes)) };
}
