/**
 * Connections to Kafka as kafkajs makes them: TLS, SASL, and time-outs that fail fast and honestly. kafkajs'
 * defaults wait 11 to 21 s for a refused broker and say nothing for 30 s about a hung one (measured).
 */

import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { type ISocketFactory, Kafka, type RetryOptions, type SASLOptions } from 'kafkajs';
import type { Settings } from '../../config/settings.ts';
import { errorCode } from '../../system/errno.ts';
import { KafkaMisconfiguredError } from './misconfigured-error.ts';
import { holdToOneCluster } from './one-cluster.ts';
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

/** @throws KafkaMisconfiguredError where KAFKA_BROKERS is not set, or a file cannot be read */
export function createKafkaClient(
  settings: Settings,
  clientId: string,
  patience: Patience,
  /** Told of every connection that is begun. */
  onSocket: (socket: Socket) => void = () => {},
): Kafka {
  calmRequestQueues();
  const socketFactory: ISocketFactory = ({ host: name, port, ssl, onConnect }) => {
    const host = hostOf(name);
    const socket = ssl ? connectTls({ host, port, ...ssl }, onConnect) : connect({ host, port }, onConnect);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    onSocket(socket);
    return socket;
  };
  holdToOneCluster(socketFactory, settings);
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
    socketFactory,
  });
}

function brokersOf(settings: Settings): string[] {
  if (!settings.KAFKA_BROKERS) throw new KafkaMisconfiguredError(['KAFKA_BROKERS is not set']);
  return settings.KAFKA_BROKERS.split(',').map((broker) =>
    broker.replace(/^\[(.+)\]:/, (_, address: string) => `${address.replaceAll(':', '-')}${literalSuffix}:`),
  );
}

/** kafkajs takes what stands before the first colon for the host: an IPv6 address goes through it under a name. */
const literalSuffix = '.ipv6-literal';

function hostOf(name: string): string {
  return name.endsWith(literalSuffix) ? name.slice(0, -literalSuffix.length).replaceAll('-', ':') : name;
}

/** Which of these go together, config/load.ts has seen to. */
function tlsOptions(settings: Settings): ConnectionOptions | false {
  if (settings.USAGE_KAFKA_TLS === 'off') return false;
  const {
    USAGE_KAFKA_TLS_CA_FILE: caFile,
    USAGE_KAFKA_TLS_CERT_FILE: certFile,
    USAGE_KAFKA_TLS_KEY_FILE: keyFile,
  } = settings;
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
  const {
    USAGE_KAFKA_SASL: mechanism,
    USAGE_KAFKA_USER: username = '',
    USAGE_KAFKA_PASSWORD: password = '',
  } = settings;
  return mechanism === 'off' ? null : { mechanism, username, password };
}
