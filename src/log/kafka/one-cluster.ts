/**
 * One DATA_DIR goes with one Kafka cluster. A name that leads to brokers of two clusters (an alias that both share, a
 * load balancer) lets fronts append to one and the writer read the other, with all that can be measured as it should be.
 * So every connection says of which cluster it is before anything is asked on it, and what is of another one is refused.
 *
 * kafkajs has no place for this: its Connection is extended, as request-queue.ts extends its queue. To be called for
 * each client, before its first connection.
 */

import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Settings } from '../../config/settings.ts';
import { errorCode } from '../../system/errno.ts';
import { createSmallFile, readSmallFile } from '../../system/small-files.ts';
import { KafkaMisconfiguredError } from './misconfigured-error.ts';

/** What is used here of kafkajs' own classes. */
interface Exchange {
  readonly request: { readonly apiKey: number };
}
interface Connection {
  readonly socket?: Socket;
  readonly socketFactory: unknown;
  send(exchange: Exchange): Promise<unknown>;
}
interface Encoder {
  writeArray(items: readonly unknown[]): Encoder;
  writeBoolean(value: boolean): Encoder;
}
interface Decoder {
  readInt32(): number;
  readString(): string | null;
  readArray(each: (decoder: Decoder) => void): void;
}

const require = createRequire(import.meta.url);
const { prototype } = require('kafkajs/src/network/connection') as { prototype: Connection };
const EncoderClass = require('kafkajs/src/protocol/encoder') as new () => Encoder;
const DecoderClass = require('kafkajs/src/protocol/decoder') as new (answer: Buffer) => Decoder;
const send = prototype.send;

/** What a connection begins with, before it may be asked for anything: versions, and the login. */
const beginnings: readonly number[] = [17, 18, 36];

/** Whose connections are held to a cluster: clients by their socket factory, which is theirs alone. */
const dataDirs = new WeakMap<object, string>();
const checked = new WeakMap<Socket, Promise<void>>();
/** Where DATA_DIR cannot be written to: at least this process keeps to one cluster. */
const remembered = new Map<string, string>();
let isExtended = false;

/** @throws Error where this is not the kafkajs that was looked at */
export function holdToOneCluster(socketFactory: object, { DATA_DIR }: Pick<Settings, 'DATA_DIR'>): void {
  dataDirs.set(socketFactory, DATA_DIR);
  if (isExtended) return;
  if (typeof send !== 'function') throw new Error('kafkajs has another connection than that of 2.2.4');
  prototype.send = async function (this: Connection, exchange) {
    const dataDir = dataDirs.get(this.socketFactory as object);
    if (dataDir !== undefined && this.socket && !beginnings.includes(exchange.request.apiKey)) {
      const { socket } = this;
      if (!checked.has(socket)) checked.set(socket, checkConnection(this, dataDir));
      await checked.get(socket);
    }
    return send.call(this, exchange);
  };
  isExtended = true;
}

async function checkConnection(connection: Connection, dataDir: string): Promise<void> {
  const { clusterId } = (await send.call(connection, whichCluster)) as { clusterId: string | null };
  if (clusterId !== null) await checkCluster(dataDir, clusterId);
}

/** Metadata of no topic, version 4. */
const whichCluster = {
  request: {
    apiKey: 3,
    apiVersion: 4,
    apiName: 'Metadata',
    encode: async () => new EncoderClass().writeArray([]).writeBoolean(false),
  },
  response: {
    async decode(answer: Buffer) {
      const decoder = new DecoderClass(answer);
      decoder.readInt32(); // throttle
      decoder.readArray((broker) => {
        broker.readInt32(); // node
        broker.readString(); // host
        broker.readInt32(); // port
        broker.readString(); // rack
      });
      return { clusterId: decoder.readString() };
    },
    parse: async (decoded: object) => decoded,
  },
};

/** @throws KafkaMisconfiguredError where DATA_DIR goes with another cluster; the first one found is the one it goes with */
export async function checkCluster(dataDir: string, clusterId: string): Promise<void> {
  const file = join(dataDir, 'kafka-cluster');
  const kept = (await keptIn(file, clusterId)) ?? remembered.get(file);
  remembered.set(file, kept ?? clusterId);
  if (kept === undefined || kept === clusterId) return;
  throw new KafkaMisconfiguredError([
    `KAFKA_BROKERS leads to Kafka cluster ${clusterId}, and ${file} says ${kept}: usages would be appended to one and read from the other. Let KAFKA_BROKERS name brokers of one cluster alone. If that one took the place of the other for good, remove the file once all usages in the other are stored`,
  ]);
}

/** What the file says, once it was made if there was none; undefined where it can be neither read nor made. */
async function keptIn(file: string, clusterId: string): Promise<string | undefined> {
  try {
    return (await readSmallFile(file))?.trim() || (await createSmallFile(file, `${clusterId}\n`)).trim();
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}
