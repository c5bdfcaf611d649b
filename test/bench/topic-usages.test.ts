/** The bench's count of what a topic holds comes out right whatever becomes of the counter's seat in its group. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createTopicUsages } from '../../bench/topic-usages.ts';
import { backgroundPatience } from '../../src/log/kafka/client.ts';
import { connectProducer } from '../../src/log/kafka/connected-producer.ts';
import { closeAfter } from '../support/close-after.ts';
import { kafkaSettings, skipWithoutKafka, startProxiedKafka } from '../support/kafka.ts';
import { numberedRecord } from '../support/usage-records.ts';

const kafka = await startProxiedKafka();
after(() => kafka?.stop());

/** Kafka's protocol: the size of the request in four bytes, then which it is in two. */
const requestOf = (chunk: Buffer): number => chunk.readInt16BE(4);
const fetchRequest = 1;
const joinGroupRequest = 11;

test('a topic is counted by whom the group did not take at once, and who lost the seat', {
  skip: skipWithoutKafka(kafka),
}, async (t) => {
  const { brokers, proxy } = kafka!;
  const settings = kafkaSettings(brokers);
  const producer = await connectProducer(settings, {
    clientId: 'test',
    patience: backgroundPatience,
    inFlightMax: 1,
  });
  closeAfter(t, () => producer.close());
  const counts = [7, 500, 1];
  let first = 0;
  for (const [partition, count] of counts.entries()) {
    const { header, rows } = numberedRecord(first, count);
    await producer.send(partition, header, rows, 10_000);
    first += count;
  }

  const usages = createTopicUsages(brokers, settings.USAGE_KAFKA_TOPIC);
  closeAfter(t, () => usages.stop());
  const refused = proxy.cutAt((chunk) => requestOf(chunk) === joinGroupRequest);
  await usages.start();
  await refused;
  assert.equal(await usages.count(), first);

  const { header, rows } = numberedRecord(first, 30);
  await producer.send(0, header, rows, 10_000);
  const lost = proxy.cutAt((chunk) => requestOf(chunk) === fetchRequest);
  assert.equal(await usages.count(), first + 30);
  await lost;
});
