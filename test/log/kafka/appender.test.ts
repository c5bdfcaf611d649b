/** What a front's appender does while brokers are slow, and when the topic grows. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createKafkaAppender } from '../../../src/log/kafka/appender.ts';
import { frontPatience } from '../../../src/log/kafka/client.ts';
import { connectProducer } from '../../../src/log/kafka/connected-producer.ts';
import { createKafkaReader } from '../../../src/log/kafka/reader.ts';
import type { LogPartition } from '../../../src/log/log.ts';
import { silentLogger } from '../../../src/observability/logger.ts';
import { LateError } from '../../../src/system/waiting.ts';
import { kafkaSettings, skipWithoutKafka, startProxiedKafka, withAdmin } from '../../support/kafka.ts';
import { headerOf, labelOf, readCount, rowsOf } from '../../support/log-records.ts';
import { until } from '../../support/until.ts';

const kafka = await startProxiedKafka();
after(() => kafka?.stop());
const skip = skipWithoutKafka(kafka);

function makeLog(more: Record<string, string> = {}) {
  const settings = kafkaSettings(kafka!.brokers, { USAGE_KAFKA_PARTITIONS: '1', ...more });
  return {
    topic: settings.USAGE_KAFKA_TOPIC,
    producer: () => connectProducer(settings, { clientId: 'test', patience: frontPatience, inFlightMax: 5 }),
    appender: () =>
      createKafkaAppender({
        settings,
        clientId: 'test',
        patience: frontPatience,
        appendTimeoutMs: 5_000,
        logger: silentLogger,
      }),
    reader: () => createKafkaReader({ settings, clientId: 'test', logger: silentLogger }),
  };
}

test("the rows of a send that was given up are the caller's again, whenever it lands", {
  skip,
}, async (t) => {
  const log = makeLog();
  const producer = await log.producer();
  t.after(() => producer.close());
  // The connection ends; while kafkajs makes another one it holds what it is given, to make a request of it later.
  const cut = kafka!.proxy.cutAt(() => true);
  const ended = assert.rejects(producer.send(0, headerOf(), rowsOf('cut'), 10_000));
  await cut;
  kafka!.proxy.slow({ latencyMs: 500, byteEveryMs: 0 });
  const rows = rowsOf('given up', 1_000);
  await assert.rejects(producer.send(0, headerOf(), rows, 100), LateError);
  rows.fill('z');
  kafka!.proxy.slow(null);
  await ended;
  await until(() => producer.inFlight === 0, { what: 'nothing is in flight' });
  const reader = log.reader();
  t.after(() => reader.stop());
  const partition = await new Promise<LogPartition>((resolve) => void reader.start(resolve));
  const { end } = await partition.bounds();
  const records = await readCount(partition, end);
  assert.ok(
    records.every(({ header }) => header !== null),
    'every record is whole',
  );
  assert.equal(records.map(labelOf).at(-1), 'given up');
});

test('partitions added to the topic are appended to, read and counted within a minute', {
  skip,
}, async (t) => {
  const log = makeLog({ USAGE_KAFKA_STAY_MS: '0' });
  const appender = log.appender();
  const reader = log.reader();
  t.after(() => Promise.all([appender.stop(), reader.stop()]));
  const partitions = new Map<string, LogPartition>();
  await appender.start();
  await reader.start((partition) => partitions.set(partition.name, partition));
  await until(() => partitions.size === 1, { what: 'the first partition is ours' });
  await withAdmin(kafka!.brokers, (admin) =>
    admin.createPartitions({ topicPartitions: [{ topic: log.topic, count: 3 }] }),
  );
  await until(
    async () => {
      await appender.append(headerOf(), rowsOf('more'));
      // A partition has no leader at first.
      const offsets = await withAdmin(kafka!.brokers, (admin) =>
        admin.fetchTopicOffsets(log.topic).catch(() => null),
      );
      return offsets?.every(({ high }) => Number(high) > 0);
    },
    { what: 'every partition is appended to', timeoutMs: 60_000 },
  );
  await until(() => partitions.size === 3, { what: 'every partition is read', timeoutMs: 60_000 });
  for (const [name, partition] of partitions) {
    if (name === '0') continue;
    assert.ok((await partition.backlog()).records > 0, `partition ${name} is counted`);
    assert.equal(labelOf((await readCount(partition, 1))[0]!), 'more');
  }
});
