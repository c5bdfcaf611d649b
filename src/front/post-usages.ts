/** POST /api/usages: its head is judged, then receive -> read -> commit -> answer. */

import type { Admission } from './admission.ts';
import type { BodyDeadlines } from './body-deadlines.ts';
import { createCommit } from './commit.ts';
import type { Exchange } from './exchange.ts';
import type { GroupCommit } from './group-commit.ts';
import type { HeadCheck } from './head-check.ts';
import type { Inflater } from './inflater.ts';
import type { KeyCheck } from './key-check.ts';
import { bodyFormat, contentCoding } from './media-type.ts';
import { createRead } from './read.ts';
import { createReceive } from './receive.ts';
import type { Replies } from './replies.ts';
import { idempotencyKeyOf } from './request-head.ts';
import type { UsageReader } from './request-usages.ts';
import type { Slices } from './slices.ts';
import type { HttpRequest, HttpResponse } from './uws.ts';

export interface PostUsagesParts {
  readonly admission: Admission;
  readonly deadlines: BodyDeadlines;
  readonly inflater: Inflater;
  readonly reader: UsageReader;
  readonly slices: Slices;
  readonly groupCommit: GroupCommit;
  readonly replies: Replies;
  readonly headCheck: HeadCheck;
  readonly keyCheck: KeyCheck;
  readonly bodyBytesMax: number;
  begin(res: HttpResponse, startedMs: number): Exchange;
  onDurable(usages: number): void;
}

/** The longest length that the HTTP server frames; it ends the connection at once beyond. */
const framedBytesMax = 999_999_999;

export function createPostUsages(parts: PostUsagesParts): (res: HttpResponse, req: HttpRequest) => void {
  const { admission, replies, headCheck, keyCheck, bodyBytesMax, begin } = parts;
  const commit = createCommit({ ...parts, onCharged: keyCheck.chargeRest });
  const read = createRead({ ...parts, onUsages: commit });
  const receive = createReceive({ ...parts, onBody: read });

  return function postUsages(res, req) {
    const exchange = begin(res, performance.now());
    const head = headCheck(exchange, req);
    if (head === null) return;
    const { contentLength, chunked } = head;
    if (contentLength < 0 && !chunked) return replies.refuseUnheld(exchange, 'length_required');
    if (contentLength > framedBytesMax) return replies.refuseUnheld(exchange, 'body_too_large');
    const key = keyCheck.check(exchange, head);
    if (key === undefined) return;
    const format = bodyFormat(head.contentType);
    if (format === null) return replies.refuse(exchange, 'unsupported_media_type');
    const coding = contentCoding(head.contentEncoding);
    if (coding === null) return replies.refuse(exchange, 'unsupported_encoding');
    const idempotencyKey = idempotencyKeyOf(head);
    if (idempotencyKey === undefined) return replies.refuse(exchange, 'invalid_idempotency_key');
    if (contentLength > bodyBytesMax) return replies.refuse(exchange, 'body_too_large');
    const refusal = admission.refusal(Math.max(0, contentLength), exchange.startedMs);
    if (refusal !== null) return replies.shed(exchange, refusal);
    const idempotency = idempotencyKey === null ? null : { apiKey: key?.id ?? null, key: idempotencyKey };
    receive(exchange, { format, coding, idempotency, key, contentLength, chunked });
  };
}
