/** The topic as the server makes it, and what it says of one that was made otherwise. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { prepareTopic } from '../../../src/log/kafka/topic.ts';
import { kafkaSettings, skipWithoutKafka, startTestKafka, withAdmin } from '../../support/kafka.ts';
import { until } from '../../support/until.ts';

const kafka = await startTestKafka();
after(() => kafka?.stop());
const skip = skipWithoutKafka(kafka);

/** Of one broker every topic is weak in these two. */
const ofOneBroker = /replica\(s\) a partition|min\.insync\.replicas/;

/** What else is weak: the names of settings. */
async function weaknesses(compression: string, configuration?: Record<string, string>): Promise<string[]> {
  const settings = kafkaSettings(kafka!.brokers, { USAGE_KAFKA_COMPRESSION: compression });
  return withAdmin(kafka!.brokers, async (admin) => {
    if (configuration) {
      const configEntries = Object.entries(configuration).map(([name, value]) => ({ name, value }));
      await admin.createTopics({
        topics: [{ topic: settings.USAGE_KAFKA_TOPIC, configEntries }],
        waitForLeaders: false,
      });
    }
    // Metadata lags behind a topic that was made just now.
    const state = await until(() => prepareTopic(admin, settings).catch(() => null), {
      what: 'the topic is there',
    });
    return state.weaknesses
      .filter((text) => !ofOneBroker.test(text))
      .map((text) => /has ([a-z.]+)=/.exec(text)?.[1] ?? text);
  });
}

for (const compression of ['none', 'gzip'])
  test(`a topic that the server makes, compression ${compression}, is not weak`, { skip }, async () => {
    assert.deepEqual(await weaknesses(compression), []);
  });

test('timestamps of the sender, and any codec, are weak', { skip }, async () => {
  assert.deepEqual(await weaknesses('none', {}), ['message.timestamp.type', 'compression.type']);
  assert.deepEqual(
    await weaknesses('none', {
      'message.timestamp.type': 'LogAppendTime',
      'compression.type': 'uncompressed',
    }),
    [],
  );
});
