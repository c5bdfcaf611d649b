/** The body of a request, bounded in bytes, memory and time, from the socket to one piece. */

import type { Admission } from './admission.ts';
import { BodyBlocks, BodyBuffer } from './body-buffer.ts';
import type { BodyDeadlines } from './body-deadlines.ts';
import type { Exchange } from './exchange.ts';
import type { Replies } from './replies.ts';
import type { PostHead } from './request-head.ts';

/** Bytes over the limit that a chunked body may still bring before its connection is closed, so that an honest client reads its 413. */
const drainBytesMax = 8 * 1024 * 1024;

/** @param onBody takes the whole body; `bytes` are valid only until it returns */
export function createReceive(options: {
  admission: Admission;
  deadlines: BodyDeadlines;
  bodyBytesMax: number;
  replies: Replies;
  onBody(exchange: Exchange, head: PostHead, bytes: Uint8Array): void;
}): (exchange: Exchange, head: PostHead) => void {
  const { admission, deadlines, bodyBytesMax, replies, onBody } = options;
  const blocks = new BodyBlocks();

  return function receive(exchange, head) {
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
    if (head.chunked) deadlines.add(exchange);
    res.onData((data, isLast) => {
      if (exchange.isClosed) {
        if (buffer) letGo();
        return;
      }
      const chunk = new Uint8Array(data);
      // Nearly every body comes whole: it is parsed where it lies.
      if (isLast && buffer === null && overBytes === 0) {
        if (head.chunked) deadlines.delete(exchange);
        if (chunk.length > bodyBytesMax) replies.refuse(exchange, 'body_too_large');
        else onBody(exchange, head, chunk);
        return;
      }
      if (buffer === null && overBytes === 0) {
        buffer = new BodyBuffer(blocks, head.contentLength < 0 ? bodyBytesMax : head.contentLength);
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
        replies.shed(exchange, 'overloaded');
      } else if (overBytes > 0 && (isLast || overBytes > drainBytesMax)) {
        letGo();
        replies.refuse(exchange, 'body_too_large', !isLast || undefined);
      } else if (isLast && buffer !== null) {
        const whole = buffer.takeWhole();
        letGo();
        onBody(exchange, head, whole);
      }
    });
  };
}
