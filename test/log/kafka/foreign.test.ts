/** What others leave in the topic is read past: each message, and each mark of a transaction, is one record not ours. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Kafka, logLevel } from 'kafkajs';
import { createKafkaReader } from '../../../src/log/kafka/reader.ts';
import { prepareTopic } from '../../../src/log/kafka/topic.ts';
import type { LogPartition } from '../../../src/log/log.ts';
import { silentLogger } from '../../../src/observability/logger.ts';
import { kafkaSettings, skipWithoutKafka, startTestKafka, withAdmin } from '../../support/kafka.ts';
import { readCount } from '../../support/log-records.ts';
import { until } from '../../support/until.ts';

const kafka = await startTestKafka();
after(() => kafka?.stop());

test('transactions, committed, aborted or open, hold nothing up and leave nothing over', {
  skip: skipWithoutKafka(kafka),
}, async (t) => {
  const settings = kafkaSettings(kafka!.brokers, { USAGE_KAFKA_PARTITIONS: '1' });
  const topic = settings.USAGE_KAFKA_TOPIC;
  await withAdmin(kafka!.brokers, (admin) => prepareTopic(admin, settings));
  const reader = createKafkaReader({ settings, clientId: 'test', logger: silentLogger });
  t.after(() => reader.stop());
  const partition = await new Promise<LogPartition>((resolve) => void reader.start(resolve));

  const producer = new Kafka({ brokers: kafka!.brokers.split(','), logLevel: logLevel.NOTHING }).producer({
    transactionalId: topic,
    maxInFlightRequests: 1,
    idempotent: true,
  });
  await producer.connect();
  t.after(() => producer.disconnect());
  let at = 0;
  const readOne = async () => {
    const [record] = await readCount(partition, 1, at);
    assert.deepEqual([record!.position, record!.header], [at, null]);
    at = record!.next;
    await partition.stored(at);
  };
  for (const end of ['commit', 'abort', 'none'] as const) {
    const transaction = await until(() => producer.transaction().catch(() => null), { what: 'it begins' });
    await transaction.send({ topic, messages: [{ value: end }] });
    // Read before the transaction ends: then its mark comes alone.
    await readOne();
    if (end === 'none') continue;
    await transaction[end]();
    await readOne();
  }
  assert.deepEqual(await partition.backlog(), { records: 0, oldestReceivedAtMs: null });
});
