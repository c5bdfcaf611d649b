/** What a real broker says of a topic's making and of a partition's leader. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createLineages } from '../../../src/log/kafka/lineage.ts';
import { prepareTopic } from '../../../src/log/kafka/topic.ts';
import { kafkaSettings, skipWithoutKafka, startOwnKafka, withAdmin } from '../../support/kafka.ts';
import { until } from '../../support/until.ts';

const kafka = await startOwnKafka();
after(() => kafka?.stop());

test('it stays while the log only grows; another topic of the name and another leader are told apart', {
  skip: skipWithoutKafka(kafka),
}, async (t) => {
  const { brokers, cluster } = kafka!;
  // As long as a topic's name may be.
  const settings = kafkaSettings(brokers, { USAGE_KAFKA_TOPIC: 'u'.repeat(249) });
  const make = () =>
    until(() => withAdmin(brokers, (admin) => prepareTopic(admin, settings)).catch(() => null), {
      what: 'the topic is there',
    });
  const lineages = createLineages(settings, 'test');
  t.after(() => lineages.close());
  const told = (partition: number) =>
    until(() => lineages.of(partition).catch(() => null), { what: 'a leader tells', timeoutMs: 60_000 });

  await make();
  const first = await told(0);
  assert.match(first.topicId, /^[0-9a-f]{32}$/);
  assert.deepEqual(await Promise.all([told(0), told(0), told(0)]), [first, first, first]);
  assert.equal((await told(11)).topicId, first.topicId);

  await withAdmin(brokers, (admin) => admin.deleteTopics({ topics: [settings.USAGE_KAFKA_TOPIC] }));
  await until(
    () =>
      lineages.of(0).then(
        () => false,
        () => true,
      ),
    { what: 'the topic is gone' },
  );
  await make();
  const second = await told(0);
  assert.notEqual(second.topicId, first.topicId);
  assert.equal(second.leaderEpoch, first.leaderEpoch);

  const node = cluster.nodes[0]!;
  node.kill('SIGKILL');
  await node.ended();
  await assert.rejects(lineages.of(0));
  await node.start();
  await cluster.ready();
  const third = await told(0);
  assert.equal(third.topicId, second.topicId);
  assert.ok(third.leaderEpoch > second.leaderEpoch);
});
