/** What counts as an acknowledgement, and what a front does about an answer that is none. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  acknowledgedOffset,
  createOffsetOrder,
  LogMadeAnewError,
  NotAcknowledgedError,
  type SendResult,
} from '../../../src/log/kafka/acknowledgement.ts';
import { createKafkaAppender } from '../../../src/log/kafka/appender.ts';
import { frontPatience } from '../../../src/log/kafka/client.ts';
import type { ConnectedProducer } from '../../../src/log/kafka/connected-producer.ts';
import { kafkaTopicAccess, type TopicAccess } from '../../../src/log/kafka/topic-access.ts';
import { LogUnavailableError } from '../../../src/log/log.ts';
import { kafkaSettings, skipWithoutKafka, startTestKafka, withAdmin } from '../../support/kafka.ts';
import { headerOf, rowsOf } from '../../support/log-records.ts';
import { loggedEvents } from '../../support/logged-events.ts';

const kafka = await startTestKafka();
after(() => kafka?.stop());
const skip = skipWithoutKafka(kafka);

const good: SendResult = { topicName: 't', partition: 3, errorCode: 0, baseOffset: '17' };

test('one answer of the partition, without an error, with an offset, is an acknowledgement', () => {
  assert.equal(acknowledgedOffset([good], 't', 3), 17);
});

const none: Record<string, readonly SendResult[]> = {
  'no answer': [],
  'two answers': [good, good],
  'another topic': [{ ...good, topicName: 'u' }],
  'another partition': [{ ...good, partition: 4 }],
  'an error': [{ ...good, errorCode: 6 }],
  'no offset': [{ topicName: 't', partition: 3, errorCode: 0 }],
  'an offset that the broker does not know': [{ ...good, baseOffset: '-1' }],
};

for (const [name, results] of Object.entries(none))
  test(`${name} is no acknowledgement`, () => {
    assert.throws(() => acknowledgedOffset(results, 't', 3), NotAcknowledgedError);
  });

test('an offset at or below one acknowledged before the send began is a log made anew, told once', () => {
  const order = createOffsetOrder();
  const floors = [order.floor(0), order.floor(0)] as const;
  order.acknowledged(0, floors[1], 12); // in flight together: either may be answered first
  order.acknowledged(0, floors[0], 11);
  order.acknowledged(1, order.floor(1), 0);
  assert.equal(order.floor(0), 12);
  assert.throws(() => order.acknowledged(0, order.floor(0), 12), LogMadeAnewError);
  assert.throws(() => order.acknowledged(0, order.floor(0), 3), LogMadeAnewError);
  order.acknowledged(0, order.floor(0), 4);
});

/** An appender on the real topic whose producers are changed by `change`, and what it logs. */
function changedAppender(change: (producer: ConnectedProducer) => ConnectedProducer) {
  const settings = kafkaSettings(kafka!.brokers, {
    USAGE_KAFKA_PARTITIONS: '2',
    USAGE_KAFKA_STAY_MS: '0',
    USAGE_KAFKA_PROBE_MS: '50',
  });
  const logger = loggedEvents();
  const options = { settings, clientId: 'test', patience: frontPatience, appendTimeoutMs: 5_000, logger };
  const real = kafkaTopicAccess(options);
  const access: TopicAccess = { ...real, connect: async () => change(await real.connect()) };
  return { appender: createKafkaAppender({ ...options, access }), settings, logger };
}

const held = async (topic: string) =>
  (await withAdmin(kafka!.brokers, (admin) => admin.fetchTopicOffsets(topic))).reduce(
    (sum, { high }) => sum + Number(high),
    0,
  );

test('kafkajs sends nothing to a partition that its metadata lacks: never acknowledged', {
  skip,
}, async (t) => {
  // What a topic that was made anew with fewer partitions comes to: the front knows of more.
  const { appender, settings } = changedAppender((producer) => ({
    ...producer,
    partitions: [7, 8, 9],
    leaderOf: () => 1,
  }));
  t.after(() => appender.stop());
  await appender.start();
  await assert.rejects(appender.append(headerOf(), rowsOf('nowhere')), (error) => {
    assert.ok(error instanceof LogUnavailableError);
    assert.ok(error.cause instanceof NotAcknowledgedError);
    return true;
  });
  assert.equal(await held(settings.USAGE_KAFKA_TOPIC), 0);
});

test('a partition that is not there costs a turn: the record goes to one that is', { skip }, async (t) => {
  const { appender, settings } = changedAppender((producer) => ({
    ...producer,
    partitions: [7, 0, 8, 1, 9],
    leaderOf: (partition) => producer.leaderOf(partition) || 1,
  }));
  t.after(() => appender.stop());
  await appender.start();
  for (let count = 1; count <= 10; count++) {
    await appender.append(headerOf(), rowsOf(count));
    assert.equal(await held(settings.USAGE_KAFKA_TOPIC), count);
  }
});

test('a log made anew is told, and the record that found it is sent once more', { skip }, async (t) => {
  let sends = 0;
  const { appender, logger } = changedAppender((producer) => ({
    ...producer,
    partitions: [0],
    leaderOf: (partition) => producer.leaderOf(partition),
    send: async (partition) => [
      { topicName: producer.topic.name, partition, errorCode: 0, baseOffset: `${[5, 6, 2, 3, 4][sends++]}` },
    ],
  }));
  t.after(() => appender.stop());
  await appender.start();
  for (let count = 0; count < 4; count++) await appender.append(headerOf(), rowsOf(count));
  assert.equal(sends, 5);
  assert.equal(logger.count('kafka_log_made_anew'), 1);
});
