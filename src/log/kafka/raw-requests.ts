/** Requests of Kafka's protocol that kafkajs does not know, as bytes: https://kafka.apache.org/protocol */

import type { Socket } from 'node:net';

/** Codes of the protocol. */
const metadataKey = 3;
const heartbeatKey = 12;
const apiVersionsKey = 18;
/** The first one that tells a topic's id for sure (Kafka 2.8), and from version 9 on lengths are of another kind. */
const metadataVersionWithIds = 11;
const groupAuthorizationFailed = 30;
/** Stands where the broker was not asked, or does not tell. */
const operationsUnknown = -(2 ** 31);
/** An answer about one topic is a few kilobytes; of 10,000 partitions, some hundred. */
const answerBytesMax = 4 * 1024 * 1024;

/** kafkajs numbers its requests from 0 up. */
let correlationId = -1;

/** @returns the answer's body */
export function askForTopicRights(socket: Socket, topic: string): Promise<Buffer> {
  const doNotMakeIt = 0;
  const notOfTheCluster = 0;
  const ofTheTopic = 1;
  return ask(socket, metadataKey, 8, [
    int32(1),
    text(topic),
    Buffer.from([doNotMakeIt, notOfTheCluster, ofTheTopic]),
  ]);
}

/** A heartbeat of a member that does not exist. @returns the answer's body */
export function askForGroupRight(socket: Socket, group: string): Promise<Buffer> {
  return ask(socket, heartbeatKey, 2, [text(group), int32(-1), text('usage-ingest-rights')]);
}

/** What a broker says of a topic: the id of its making, and for each partition who leads it, for which time. */
export interface TopicLeaders {
  readonly topicId: string;
  readonly partitions: ReadonlyMap<number, { readonly leader: number; readonly epoch: number }>;
  readonly brokers: ReadonlyMap<number, { readonly host: string; readonly port: number }>;
}

/**
 * What this broker knows at this moment of the topic.
 * @throws where the connection ends first, or the broker knows no such topic
 */
export async function askForLeaders(socket: Socket, topic: string): Promise<TopicLeaders> {
  const noId = Buffer.alloc(16);
  const noTags = Buffer.from([0]);
  const doNotMakeIt = 0;
  const noRights = 0;
  const answer = await ask(socket, metadataKey, metadataVersionWithIds, [
    noTags, // of the request's header
    ...[Buffer.from([1 + 1]), noId, compactText(topic), noTags],
    ...[Buffer.from([doNotMakeIt, noRights]), noTags],
  ]);
  return leadersIn(answer, topic);
}

/** Whether `askForLeaders` can be asked there. */
export async function tellsTopicIds(socket: Socket): Promise<boolean> {
  const body = reader(await ask(socket, apiVersionsKey, 0, []));
  body.int16(); // error
  let highest = 0;
  body.list(() => {
    const key = body.int16();
    body.int16(); // lowest version
    const version = body.int16();
    if (key === metadataKey) highest = version;
  });
  return highest >= metadataVersionWithIds;
}

function leadersIn(answer: Buffer, topic: string): TopicLeaders {
  const body = reader(answer);
  const brokers = new Map<number, { host: string; port: number }>();
  const partitions = new Map<number, { leader: number; epoch: number }>();
  let topicId = '';
  body.tags(); // of the answer's header
  body.int32(); // throttle
  body.compactList(() => {
    const node = body.int32();
    brokers.set(node, { host: body.compactText(), port: body.int32() });
    body.compactText(); // rack
    body.tags();
  });
  body.compactText(); // cluster
  body.int32(); // controller
  body.compactList(() => {
    const error = body.int16();
    body.compactText();
    const id = body.bytes(16).toString('hex');
    if (error !== 0) throw new Error(`Kafka answered with error ${error} for topic ${topic}`);
    topicId = id;
    body.skip(1); // internal
    body.compactList(() => {
      body.int16(); // error
      partitions.set(body.int32(), { leader: body.int32(), epoch: body.int32() });
      for (let lists = 0; lists < 3; lists++) body.compactList(() => body.skip(4)); // replicas, in sync, offline
      body.tags();
    });
    body.int32(); // rights
    body.tags();
  });
  return { topicId, partitions, brokers };
}

/** The operations allowed on the topic that was asked for, a bit each; null where the answer does not tell. */
export function topicOperations(answer: Buffer): number | null {
  const body = reader(answer);
  body.int32(); // throttle
  body.list(() => {
    body.int32(); // node
    body.text();
    body.int32(); // port
    body.text(); // rack
  });
  body.text(); // cluster
  body.int32(); // controller
  let operations: number | null = null;
  body.list(() => {
    const error = body.int16();
    body.text();
    body.skip(1); // internal
    body.list(() => {
      body.skip(2 + 4 + 4 + 4); // error, partition, leader, epoch
      for (let lists = 0; lists < 3; lists++) body.list(() => body.skip(4)); // replicas, in sync, offline
    });
    const told = body.int32();
    if (error === 0 && told !== operationsUnknown) operations = told;
  });
  return operations;
}

export function groupDenied(answer: Buffer): boolean {
  const body = reader(answer);
  body.int32(); // throttle
  return body.int16() === groupAuthorizationFailed;
}

/** Sends one request and waits for its answer, among whatever else comes. @throws where the connection ends first */
function ask(socket: Socket, key: number, version: number, body: readonly Buffer[]): Promise<Buffer> {
  const id = correlationId--;
  const request = Buffer.concat([int16(key), int16(version), int32(id), text('usage-ingest'), ...body]);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  let received = Buffer.alloc(0);
  const onData = (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 8) {
      const bytes = received.readInt32BE(0);
      if (bytes < 4 || bytes > answerBytesMax) return reject(new Error('no answer of Kafka has that size'));
      if (received.length < 4 + bytes) return;
      const answer = received.subarray(4, 4 + bytes);
      received = received.subarray(4 + bytes);
      if (answer.readInt32BE(0) === id) resolve(answer.subarray(4));
    }
  };
  const onClose = () => reject(new Error('Kafka closed the connection'));
  socket.on('data', onData);
  socket.once('close', onClose);
  socket.write(Buffer.concat([int32(request.length), request]));
  return promise.finally(() => {
    socket.off('data', onData);
    socket.off('close', onClose);
  });
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([int16(bytes.length), bytes]);
}

/** With its length, plus one, in groups of seven bits; a topic's name has at most 249 bytes. */
function compactText(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = bytes.length + 1;
  const head = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
  return Buffer.concat([Buffer.from(head), bytes]);
}

/** Goes through an answer. @throws RangeError past its end */
function reader(bytes: Buffer) {
  let at = 0;
  const step = (length: number) => {
    at += length;
    return at - length;
  };
  const int16 = () => bytes.readInt16BE(step(2));
  const int32 = () => bytes.readInt32BE(step(4));
  const varint = () => {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = bytes.readUInt8(step(1));
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80 || shift > 28) return value;
    }
  };
  const slice = (length: number) => {
    const from = step(length);
    return bytes.subarray(from, from + length);
  };
  return {
    int16,
    int32,
    skip: (length: number) => void step(length),
    bytes: slice,
    compactText: () => slice(Math.max(0, varint() - 1)).toString(),
    compactList(each: () => void) {
      for (let left = varint() - 1; left > 0 && at < bytes.length; left--) each();
    },
    /** None of them means anything to us. */
    tags() {
      for (let left = varint(); left > 0 && at < bytes.length; left--) {
        varint();
        step(varint());
      }
    },
    text() {
      const length = int16();
      step(Math.max(0, length)); // -1: null
    },
    list(each: () => void) {
      for (let left = int32(); left > 0 && at < bytes.length; left--) each();
    },
  };
}
