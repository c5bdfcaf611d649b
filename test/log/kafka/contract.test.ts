/** The Kafka log, held to the same contract as the local one, against a real broker. */

import { after, test } from 'node:test';
import { createKafkaAppender } from '../../../src/log/kafka/appender.ts';
import { frontPatience } from '../../../src/log/kafka/client.ts';
import { createKafkaReader } from '../../../src/log/kafka/reader.ts';
import { silentLogger } from '../../../src/observability/logger.ts';
import { kafkaSettings, skipWithoutKafka, startTestKafka, withAdmin } from '../../support/kafka.ts';
import { holdToLogContract } from '../../support/log-contract.ts';

const kafka = await startTestKafka();
after(() => kafka?.stop());

if (!kafka) test('the log contract, held by Kafka', { skip: skipWithoutKafka(kafka) }, () => {});
else {
  let serial = 0;
  for (const compression of ['none', 'gzip'])
    holdToLogContract({
      name: `Kafka, compression ${compression}`,
      partitionsEnd: false,
      createLog: async () => {
        const settings = kafkaSettings(kafka.brokers, {
          USAGE_KAFKA_PARTITIONS: '1',
          USAGE_KAFKA_COMPRESSION: compression,
        });
        return {
          createAppender: () =>
            createKafkaAppender({
              settings,
              clientId: 'contract-appender',
              patience: frontPatience,
              appendTimeoutMs: 10_000,
              logger: silentLogger,
            }),
          // A group each: here every reader is to get the one partition.
          createReader: () =>
            createKafkaReader({
              settings: { ...settings, USAGE_KAFKA_GROUP: `${settings.USAGE_KAFKA_GROUP}-${++serial}` },
              clientId: 'contract-reader',
              logger: silentLogger,
            }),
          remove: () =>
            withAdmin(kafka.brokers, (admin) => admin.deleteTopics({ topics: [settings.USAGE_KAFKA_TOPIC] })),
        };
      },
    });
}
