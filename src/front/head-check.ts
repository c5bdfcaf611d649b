/** What every request is refused for by its head alone, whatever its path: how it is framed, and whose page sends it. */

import { pageOrigin } from '../http/browser-origin.ts';
import type { Exchange } from './exchange.ts';
import type { Replies } from './replies.ts';
import { type RequestHead, readHead } from './request-head.ts';
import type { HttpRequest } from './uws.ts';

/** The head of a request that may go on, valid until the next call; null where it was refused. */
export type HeadCheck = (exchange: Exchange, req: HttpRequest) => Readonly<RequestHead> | null;

export function createHeadCheck(options: {
  /** Origins whose pages may post. */
  listed: ReadonlySet<string>;
  /** Whether the front listens on loopback alone. */
  onLoopback: boolean;
  replies: Replies;
}): HeadCheck {
  const { listed, onLoopback, replies } = options;
  return (exchange, req) => {
    const head = readHead(req);
    if (head.ambiguous) {
      replies.refuseUnheld(exchange, 'malformed_request');
      return null;
    }
    exchange.isChunked = head.chunked;
    const page = pageOrigin(head, listed, onLoopback);
    if (page === 'foreign') {
      replies.refuse(exchange, 'origin_not_allowed');
      return null;
    }
    if (page === 'listed') exchange.readableBy = head.origin;
    return head;
  };
}
