import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBacklogGauges } from '../../src/log/backlog-gauges.ts';
import type { LogKind, LogPartition } from '../../src/log/log.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import type { PartitionWriter } from '../../src/writer/partition-writer.ts';
import { createWriterMetrics } from '../../src/writer/writer-metrics.ts';
import { until } from '../support/until.ts';

const reader = (kind: LogKind) => ({ kind, unassignedBacklog: async () => 0 });

test('the oldest age grows while something waits, also where no record tells when it was received', async () => {
  const metrics = createWriterMetrics();
  const gauges = createBacklogGauges(reader('local'), metrics, silentLogger);
  let backlog: { records: number; oldestReceivedAtMs: number | null };
  const partition = { backlog: async () => backlog } as LogPartition;
  const workers = new Map([[{ active: () => true } as PartitionWriter, partition]]);
  const age = async () => {
    await gauges.show(workers);
    return (await metrics.metric.usage_log_oldest_seconds.get()).values[0]!.value;
  };
  backlog = { records: 2, oldestReceivedAtMs: Date.now() - 60_000 };
  assert.ok((await age()) >= 60);
  backlog = { records: 1, oldestReceivedAtMs: null };
  const first = await age();
  assert.ok(first < 60);
  await until(async () => (await age()) > first, { what: 'the age has grown' });
  backlog = { records: 0, oldestReceivedAtMs: null };
  assert.equal(await age(), 0);
});

test('a log that was never counted tells nothing; one that cannot be counted any more goes on ageing', async () => {
  const metrics = createWriterMetrics();
  const gauges = createBacklogGauges(reader('kafka'), metrics, silentLogger);
  let backlog: () => { records: number; oldestReceivedAtMs: number | null };
  const partition = { backlog: async () => backlog() } as LogPartition;
  const workers = new Map([[{ active: () => true } as PartitionWriter, partition]]);
  const told = async () => {
    await gauges.show(workers);
    const records = (await metrics.metric.usage_log_backlog_records.get()).values;
    const oldest = (await metrics.metric.usage_log_oldest_seconds.get()).values;
    return [...records, ...oldest].map(({ value }) => value);
  };
  const away = () => {
    throw new Error('Kafka is away');
  };
  backlog = away;
  assert.deepEqual(await told(), []);
  backlog = () => ({ records: 3, oldestReceivedAtMs: Date.now() - 60_000 });
  const counted = await told();
  assert.equal(counted[0], 3);
  backlog = away;
  assert.equal((await told())[0], 3);
  await until(async () => (await told())[1]! > counted[1]!, { what: 'the oldest has grown older' });
  backlog = () => ({ records: 0, oldestReceivedAtMs: null });
  assert.deepEqual(await told(), [0, 0]);
  backlog = away;
  assert.deepEqual(await told(), [0, 0]);
});

test('a partition that cannot be counted hides no other, and keeps its own last count', async () => {
  const metrics = createWriterMetrics();
  const gauges = createBacklogGauges(reader('local'), metrics, silentLogger);
  const receivedAtMs = Date.now() - 60_000;
  const good = { backlog: async () => ({ records: 4, oldestReceivedAtMs: receivedAtMs }) } as LogPartition;
  let isReadable = false;
  const bad = {
    backlog: async () => {
      if (!isReadable) throw new Error('its folder is out of sight');
      return { records: 7, oldestReceivedAtMs: receivedAtMs - 60_000 };
    },
  } as LogPartition;
  const consumer = () => ({ active: () => true });
  const consumers = new Map([
    [consumer(), good],
    [consumer(), bad],
  ]);
  const told = async () => {
    await gauges.show(consumers);
    return (await metrics.metric.usage_log_backlog_records.get()).values[0]!.value;
  };
  assert.equal(await told(), 5, 'never counted: more than none');
  isReadable = true;
  assert.equal(await told(), 11);
  isReadable = false;
  assert.equal(await told(), 11);
  assert.ok((await metrics.metric.usage_log_oldest_seconds.get()).values[0]!.value >= 120);
});
