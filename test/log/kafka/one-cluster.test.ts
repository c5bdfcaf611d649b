/** Brokers of two clusters behind one name: what would go to the other one is refused, on every connection. */

import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createKafkaAppender } from '../../../src/log/kafka/appender.ts';
import { frontPatience } from '../../../src/log/kafka/client.ts';
import { KafkaMisconfiguredError } from '../../../src/log/kafka/misconfigured-error.ts';
import { checkCluster } from '../../../src/log/kafka/one-cluster.ts';
import { createKafkaReader } from '../../../src/log/kafka/reader.ts';
import { silentLogger } from '../../../src/observability/logger.ts';
import {
  kafkaSettings,
  skipWithoutKafka,
  startOwnKafka,
  startProxiedKafka,
  withAdmin,
} from '../../support/kafka.ts';
import { headerOf, rowsOf } from '../../support/log-records.ts';
import { loggedEvents } from '../../support/logged-events.ts';
import { until } from '../../support/until.ts';

/** Clients know it, and its brokers, by the proxy's address alone. */
const first = await startProxiedKafka();
const second = first && (await startOwnKafka());
after(() => Promise.all([first?.stop(), second?.stop()]));

test('a name that leads to another cluster by now: readers are refused, appenders append to neither', {
  skip: skipWithoutKafka(second),
}, async (t) => {
  const settings = kafkaSettings(first!.brokers, { USAGE_KAFKA_PROBE_MS: '100' });
  const logger = loggedEvents();
  const appender = createKafkaAppender({
    settings,
    clientId: 'test',
    patience: frontPatience,
    appendTimeoutMs: 5_000,
    logger,
  });
  t.after(() => appender.stop());
  await appender.start();
  await appender.append(headerOf(), rowsOf('to the first'));
  const kept = await readFile(join(settings.DATA_DIR, 'kafka-cluster'), 'utf8');
  const clusterId = await withAdmin(
    first!.brokers,
    async (admin) => (await admin.describeCluster()).clusterId,
  );
  assert.equal(kept, `${clusterId}\n`);

  // A topic of the same name is there too.
  await withAdmin(second!.brokers, (admin) =>
    admin.createTopics({ topics: [{ topic: settings.USAGE_KAFKA_TOPIC, numPartitions: 12 }] }),
  );
  first!.proxy.passTo(second!.cluster.nodes[0]!.address.port);
  await Promise.all([
    first!.proxy.cutAt(() => true),
    appender.append(headerOf(), rowsOf('to neither')).catch(() => {}),
  ]);
  await until(() => logger.count('kafka_misconfigured') > 0, { what: 'it is told' });
  assert.equal(appender.writable, false);
  assert.match(logger.text(), new RegExp(`leads to Kafka cluster .* says ${clusterId}`));

  const reader = createKafkaReader({ settings, clientId: 'test', logger: silentLogger });
  t.after(() => reader.stop());
  await assert.rejects(
    reader.start(() => {}),
    KafkaMisconfiguredError,
  );
  // A new partition has no leader at first.
  const offsets = await until(
    () =>
      withAdmin(second!.brokers, (admin) =>
        admin.fetchTopicOffsets(settings.USAGE_KAFKA_TOPIC).catch(() => null),
      ),
    { what: 'the other topic is counted' },
  );
  assert.deepEqual([...new Set(offsets.map(({ high }) => high))], ['0']);
});

test('of many that look at once, one says which cluster it is', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'usage-ingest-'));
  t.after(() => rm(folder, { recursive: true }));
  const dataDir = join(folder, 'data');
  const looks = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) => checkCluster(dataDir, `cluster-${index % 2}`)),
  );
  const refused = looks.flatMap((look, index) => (look.status === 'rejected' ? [index % 2] : []));
  assert.equal(refused.length, 10);
  assert.equal(new Set(refused).size, 1);
  assert.deepEqual(await readdir(dataDir), ['kafka-cluster']);
});

test('a DATA_DIR that cannot be written to: this process keeps to the first cluster', async () => {
  await checkCluster('/dev/null/data', 'one');
  await checkCluster('/dev/null/data', 'one');
  await assert.rejects(checkCluster('/dev/null/data', 'other'), KafkaMisconfiguredError);
});
