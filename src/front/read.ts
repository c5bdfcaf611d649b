/** From the bytes of a body to its usages: inflated where it is compressed, then read. */

import { problemAnswer } from './answers.ts';
import type { Exchange } from './exchange.ts';
import { InflatedTooLargeError, MalformedEncodingError } from './inflate.ts';
import { type Inflater, InflaterBusyError } from './inflater.ts';
import { type BodyOutcome, Reading } from './reading.ts';
import type { Replies } from './replies.ts';
import type { PostHead } from './request-head.ts';
import type { RequestUsages } from './request-outcome.ts';
import type { UsageReader } from './request-usages.ts';
import type { Slices } from './slices.ts';

/** The function takes `bytes`, which are valid only until it returns. */
export function createRead(options: {
  inflater: Inflater;
  reader: UsageReader;
  slices: Slices;
  replies: Replies;
  onUsages(exchange: Exchange, head: PostHead, usages: RequestUsages): void;
}): (exchange: Exchange, head: PostHead, bytes: Uint8Array) => void {
  const { inflater, reader, slices, replies, onUsages } = options;

  /** Never throws: a mistake of ours costs one request, not the process. */
  function readPlain(exchange: Exchange, head: PostHead, bytes: Uint8Array): void {
    try {
      const read = reader.read(bytes, head.format, head.idempotency);
      if (read instanceof Reading) readInSlices(exchange, head, read);
      else onRead(exchange, head, read);
    } catch (error) {
      replies.defect(exchange, error);
    }
  }

  function readInSlices(exchange: Exchange, head: PostHead, reading: Reading): void {
    slices.add({
      reading,
      isWanted: () => !exchange.isClosed,
      holds: (bytes) => exchange.holds(bytes),
      onRead: (outcome) => onRead(exchange, head, outcome),
      onLate: () => replies.shed(exchange, 'overloaded'),
      onDefect: (error) => replies.defect(exchange, error),
    });
  }

  function onRead(exchange: Exchange, head: PostHead, outcome: BodyOutcome): void {
    if ('problem' in outcome) {
      const { problem, errors } = outcome;
      exchange.answer(problemAnswer(problem, errors === null ? null : `"errors":${errors}`));
    } else onUsages(exchange, head, outcome);
  }

  function notInflated(exchange: Exchange, error: unknown): void {
    if (error instanceof InflatedTooLargeError) replies.refuse(exchange, 'inflated_too_large');
    else if (error instanceof InflaterBusyError) replies.shed(exchange, 'overloaded');
    else if (error instanceof MalformedEncodingError) replies.refuse(exchange, 'malformed_encoding');
    else replies.defect(exchange, error);
  }

  return function read(exchange, head, bytes) {
    // Of nothing there is nothing to inflate.
    if (head.coding === 'identity' || bytes.length === 0) {
      readPlain(exchange, head, bytes);
      return;
    }
    const copy = Buffer.from(bytes);
    exchange.holds(copy.length);
    inflater
      .inflate(head.coding, copy, () => !exchange.isClosed)
      .then(
        (inflated) => exchange.isClosed || readPlain(exchange, head, inflated),
        (error) => notInflated(exchange, error),
      );
  };
}
