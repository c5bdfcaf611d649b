/** Two requests of Kafka's protocol that kafkajs does not know, as bytes: https://kafka.apache.org/protocol */

import type { Socket } from 'node:net';

/** Codes of the protocol. */
const metadataKey = 3;
const heartbeatKey = 12;
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

/** Goes through an answer. @throws RangeError past its end */
function reader(bytes: Buffer) {
  let at = 0;
  const step = (length: number) => {
    at += length;
    return at - length;
  };
  const int16 = () => bytes.readInt16BE(step(2));
  const int32 = () => bytes.readInt32BE(step(4));
  return {
    int16,
    int32,
    skip: (length: number) => void step(length),
    text() {
      const length = int16();
      step(Math.max(0, length)); // -1: null
    },
    list(each: () => void) {
      for (let left = int32(); left > 0 && at < bytes.length; left--) each();
    },
  };
}
