/**
 * Connections to Kafka as kafkajs makes them: TLS, SASL, and time-outs that fail fast and honestly. kafkajs'
 * defaults wait 11 to 21 s for a refused broker and say nothing for 30 s about a hung one (measured).
 */

import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { Kafka, type RetryOptions, type SASLOptions } from 'kafkajs';
import type { Settings } from '../../config/settings.ts';
import { errorCode } from '../../system/errno.ts';
import { KafkaMisconfiguredError } from './misconfigured-error.ts';
import { calmRequestQueues } from './request-queue.ts';

/** Milliseconds, and how often a failed call is tried again. */
export interface Patience {
  readonly connectionTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly retries: number;
}

/** For a front: it has a spool to go to. A retry or two rides out a stale leader, not an outage. */
export const frontPatience: Patience = { connectionTimeoutMs: 1_000, requestTimeoutMs: 2_000, retries: 2 };
/** For whoever has no other way to go and tries again anyway. */
export const backgroundPatience: Patience = {
  connectionTimeoutMs: 2_000,
  requestTimeoutMs: 10_000,
  retries: 3,
};

const keepAliveMs = 60_000;
const retryTimes = { initialRetryTime: 50, maxRetryTime: 400 };

export function retryOptions(patience: Patience): RetryOptions {
  return { ...retryTimes, retries: patience.retries };
}

/** @throws KafkaMisconfiguredError for settings that do not go together, or a file that cannot be read */
export function createKafkaClient(
  settings: Settings,
  clientId: string,
  patience: Patience,
  /** Told of every connection that is begun. */
  onSocket: (socket: Socket) => void = () => {},
): Kafka {
  calmRequestQueues();
  const sasl = saslOptions(settings);
  return new Kafka({
    clientId,
    brokers: brokersOf(settings),
    ssl: tlsOptions(settings),
    ...(sasl ? { sasl } : {}),
    connectionTimeout: patience.connectionTimeoutMs,
    authenticationTimeout: patience.requestTimeoutMs,
    requestTimeout: patience.requestTimeoutMs,
    enforceRequestTimeout: true,
    retry: retryOptions(patience),
    // It logs ERROR for normal states, such as a group that rebalances. What matters comes back as an error,
    // and is logged by us once a state change.
    logCreator: () => () => {},
    socketFactory: ({ host, port, ssl, onConnect }) => {
      const socket = ssl ? connectTls({ host, port, ...ssl }, onConnect) : connect({ host, port }, onConnect);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, keepAliveMs);
      onSocket(socket);
      return socket;
    },
  });
}

function brokersOf(settings: Settings): string[] {
  if (!settings.KAFKA_BROKERS) throw new KafkaMisconfiguredError(['KAFKA_BROKERS is not set']);
  return settings.KAFKA_BROKERS.split(',');
}

function tlsOptions(settings: Settings): ConnectionOptions | false {
  const caFile = settings.USAGE_KAFKA_TLS_CA_FILE;
  const certFile = settings.USAGE_KAFKA_TLS_CERT_FILE;
  const keyFile = settings.USAGE_KAFKA_TLS_KEY_FILE;
  if (settings.USAGE_KAFKA_TLS === 'off') {
    if (caFile || certFile || keyFile)
      throw new KafkaMisconfiguredError(['USAGE_KAFKA_TLS_*_FILE is set, but USAGE_KAFKA_TLS is not on']);
    return false;
  }
  if (Boolean(certFile) !== Boolean(keyFile))
    throw new KafkaMisconfiguredError(['USAGE_KAFKA_TLS_CERT_FILE and USAGE_KAFKA_TLS_KEY_FILE go together']);
  return {
    ...(caFile ? { ca: pem('USAGE_KAFKA_TLS_CA_FILE', caFile) } : {}),
    ...(certFile ? { cert: pem('USAGE_KAFKA_TLS_CERT_FILE', certFile) } : {}),
    ...(keyFile ? { key: pem('USAGE_KAFKA_TLS_KEY_FILE', keyFile) } : {}),
  };
}

function pem(name: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new KafkaMisconfiguredError([`${name} cannot be read (${errorCode(error)})`], {
      cause: error,
    });
  }
}

function saslOptions(settings: Settings): SASLOptions | null {
  const { USAGE_KAFKA_SASL: mechanism, USAGE_KAFKA_USER: user, USAGE_KAFKA_PASSWORD: password } = settings;
  if (mechanism === 'off') {
    if (user || password)
      throw new KafkaMisconfiguredError([
        'USAGE_KAFKA_USER or USAGE_KAFKA_PASSWORD is set, but USAGE_KAFKA_SASL is off',
      ]);
    return null;
  }
  if (!user || !password)
    throw new KafkaMisconfiguredError([
      `USAGE_KAFKA_SASL=${mechanism} needs USAGE_KAFKA_USER and USAGE_KAFKA_PASSWORD`,
    ]);
  return { mechanism, username: user, password };
}
