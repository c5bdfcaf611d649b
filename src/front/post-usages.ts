/** POST /api/usages: from the head of the request to its answer. */

import type { Admission } from './admission.ts';
import { problemAnswer, resultsMember, storedAnswer, unheldProblemAnswer } from './answers.ts';
import { BodyBlocks, BodyBuffer } from './body-buffer.ts';
import type { BodyDeadlines } from './body-deadlines.ts';
import type { Exchange, ExchangeScope } from './exchange.ts';
import type { GroupCommit, SubmissionOutcome } from './group-commit.ts';
import type { HttpProblemCode } from './http-problems.ts';
import { InflatedTooLargeError, type Inflater, MalformedEncodingError } from './inflate.ts';
import { type BodyFormat, bodyFormat, type ContentCoding, contentCoding } from './media-type.ts';
import { idempotencyKeyOf, readHead } from './request-head.ts';
import type { RefusedBody, RequestUsages } from './request-outcome.ts';
import type { UsageReader } from './request-usages.ts';
import type { HttpRequest, HttpResponse } from './uws.ts';

export interface PostUsagesParts {
  readonly scope: ExchangeScope;
  readonly admission: Admission;
  readonly deadlines: BodyDeadlines;
  readonly inflater: Inflater;
  readonly reader: UsageReader;
  readonly groupCommit: GroupCommit;
  readonly bodyBytesMax: number;
  begin(res: HttpResponse, startedMs: number): Exchange;
  /** A 503 that is not the client's doing, by its code. */
  onShed(reason: HttpProblemCode): void;
  onRefused(code: HttpProblemCode): void;
  onDurable(usages: number): void;
  /** A mistake of ours: the request is answered 500. */
  onDefect(error: unknown): void;
}

/** The longest length that the HTTP server frames; it ends the connection at once beyond. */
const framedBytesMax = 999_999_999;
/** Bytes over the limit that a chunked body may still bring before its connection is closed, so that an honest client reads its 413. */
const drainBytesMax = 8 * 1024 * 1024;
/** What a row costs beside its text: the string's head and the array slots. */
const rowOverheadBytes = 48;
/** What a request costs beside its rows: the objects of its turn through a group, and of its answer. */
const requestOverheadBytes = 512;

interface Body {
  readonly format: BodyFormat;
  readonly coding: ContentCoding;
  readonly idempotencyKey: string | null;
}

export function createPostUsages(parts: PostUsagesParts): (res: HttpResponse, req: HttpRequest) => void {
  const { admission, deadlines, inflater, reader, groupCommit, bodyBytesMax } = parts;
  const blocks = new BodyBlocks();

  function refuse(exchange: Exchange, code: HttpProblemCode, close?: boolean): void {
    parts.onRefused(code);
    exchange.answer(problemAnswer(code), close);
  }

  function shed(exchange: Exchange, code: HttpProblemCode, member: string | null = null): void {
    parts.onShed(code);
    exchange.answer(problemAnswer(code, member));
  }

  return function postUsages(res, req) {
    const exchange = parts.begin(res, performance.now());
    const head = readHead(req);
    const { contentLength } = head;
    if (head.ambiguous || contentLength > framedBytesMax) {
      const code = head.ambiguous ? 'malformed_request' : 'body_too_large';
      parts.onRefused(code);
      exchange.answer(unheldProblemAnswer(code), true);
      return;
    }
    // Keys and rates (401, 403, 429) come here, before anything is looked at that costs more than the head.
    const format = bodyFormat(head.contentType);
    if (format === null) return void refuse(exchange, 'unsupported_media_type');
    const coding = contentCoding(head.contentEncoding);
    if (coding === null) return void refuse(exchange, 'unsupported_encoding');
    const idempotencyKey = idempotencyKeyOf(head);
    if (idempotencyKey === undefined) return void refuse(exchange, 'invalid_idempotency_key');
    if (contentLength > bodyBytesMax) return void refuse(exchange, 'body_too_large');
    const refusal = admission.refusal(Math.max(0, contentLength), exchange.startedMs);
    if (refusal !== null) return void shed(exchange, refusal);
    receive(exchange, { format, coding, idempotencyKey }, contentLength, head.chunked);
  };

  function receive(exchange: Exchange, body: Body, contentLength: number, chunked: boolean): void {
    const { res } = exchange;
    // The server keeps the handlers until the next request: what is done with must not hang on them.
    let buffer: BodyBuffer | null = null;
    let overBytes = 0;
    /** Nothing more of the body is kept. */
    const letGo = () => {
      deadlines.delete(exchange);
      buffer?.clear();
      buffer = null;
    };
    res.onAborted(() => {
      letGo();
      exchange.aborted();
    });
    // A chunked body whose first chunk has not come calls nothing.
    if (chunked) deadlines.add(exchange);
    res.onData((data, isLast) => {
      if (exchange.isClosed) {
        if (buffer) letGo();
        return;
      }
      const chunk = new Uint8Array(data);
      // Nearly every body comes whole: it is parsed where it lies.
      if (isLast && buffer === null && overBytes === 0) {
        if (chunked) deadlines.delete(exchange);
        if (chunk.length > bodyBytesMax) refuse(exchange, 'body_too_large');
        else complete(exchange, body, chunk);
        return;
      }
      if (buffer === null && overBytes === 0) {
        buffer = new BodyBuffer(blocks, contentLength < 0 ? bodyBytesMax : contentLength);
        deadlines.add(exchange);
      }
      if (buffer?.append(chunk)) exchange.holds(buffer.capacity);
      else {
        buffer?.clear();
        buffer = null;
        exchange.holds(0);
        overBytes += chunk.length;
      }
      if (admission.isOver && buffer !== null) {
        letGo();
        shed(exchange, 'overloaded');
      } else if (overBytes > 0 && (isLast || overBytes > drainBytesMax)) {
        letGo();
        refuse(exchange, 'body_too_large', !isLast || undefined);
      } else if (isLast && buffer !== null) {
        const whole = buffer.takeWhole();
        letGo();
        complete(exchange, body, whole);
      }
    });
  }

  /** `bytes` are valid only until this returns. */
  function complete(exchange: Exchange, body: Body, bytes: Uint8Array): void {
    // Of nothing there is nothing to inflate.
    if (body.coding === 'identity' || bytes.length === 0) {
      take(exchange, body, bytes);
      return;
    }
    const copy = Buffer.from(bytes);
    exchange.holds(copy.length);
    inflater
      .inflate(body.coding, copy, () => !exchange.isClosed)
      .then(
        (inflated) => exchange.isClosed || take(exchange, body, inflated),
        (error) => {
          if (error instanceof InflatedTooLargeError) refuse(exchange, 'inflated_too_large');
          else if (error instanceof MalformedEncodingError) refuse(exchange, 'malformed_encoding');
          else defect(exchange, error);
        },
      );
  }

  function defect(exchange: Exchange, error: unknown): void {
    parts.onDefect(error);
    exchange.answer(problemAnswer('internal_error'));
  }

  /** Never throws: a mistake of ours costs one request, not the process. */
  function take(exchange: Exchange, body: Body, bytes: Uint8Array): void {
    try {
      const usages = reader.read(bytes, body.format, body.idempotencyKey);
      if ('problem' in usages) refuseBody(exchange, usages);
      else if (usages.rows.length === 0) exchange.answer(storedAnswer(usages));
      else submit(exchange, usages);
    } catch (error) {
      defect(exchange, error);
    }
  }

  function refuseBody(exchange: Exchange, { problem, errors }: RefusedBody): void {
    exchange.answer(problemAnswer(problem, errors === null ? null : `"errors":${errors}`));
  }

  function submit(exchange: Exchange, usages: RequestUsages): void {
    const { rows, results } = usages;
    let bytes = results.length + rows.length * rowOverheadBytes + requestOverheadBytes;
    for (const row of rows) bytes += row.bytes;
    exchange.holds(0);
    // The rows outlive the exchange where the client goes: what it sent may still become durable.
    admission.hold(bytes);
    groupCommit.submit(rows, performance.now(), (outcome) => {
      admission.release(bytes);
      settle(exchange, usages, outcome);
    });
  }

  function settle(exchange: Exchange, usages: RequestUsages, outcome: SubmissionOutcome): void {
    if (outcome === 'durable') {
      parts.onDurable(usages.rows.length);
      exchange.answer(storedAnswer(usages));
    } else shed(exchange, outcome, resultsMember(usages));
  }
}
