import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { calmRequestQueues } from '../../../src/log/kafka/request-queue.ts';

interface Queue {
  pending: unknown[];
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  destroy(): void;
}

function createQueue(): Queue {
  const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as new (
    options: object,
  ) => Queue;
  const logger = { namespace: () => logger, debug() {}, warn() {} };
  return new RequestQueue({
    maxInFlightRequests: 1,
    requestTimeout: 1_000,
    enforceRequestTimeout: false,
    clientId: 'test',
    broker: 'none',
    logger,
    instrumentationEmitter: new EventEmitter(),
    isConnected: () => true,
  });
}

test('a connection to Kafka on which nothing waits is not looked at', () => {
  calmRequestQueues();
  const queue = createQueue();
  queue.checkPendingRequests();
  const timer = queue.throttleCheckTimeoutId;
  queue.destroy();
  assert.ok(!timer);
});

test('a request that the broker throttles is looked at again', () => {
  calmRequestQueues();
  const queue = createQueue();
  queue.throttledUntil = Date.now() + 60_000;
  queue.pending.push({});
  queue.checkPendingRequests();
  const timer = queue.throttleCheckTimeoutId;
  queue.destroy();
  assert.ok(timer);
});
