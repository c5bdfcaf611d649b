/** Refuses what a browser sends for a foreign site's page, and lets a listed page read its answer. */

import { pageOrigin } from '../http/browser-origin.ts';
import type { Exchange } from './exchange.ts';
import type { Replies } from './replies.ts';
import type { RequestHead } from './request-head.ts';

/** True where the request may go on; else it was answered 403. */
export type PageCheck = (exchange: Exchange, head: Readonly<RequestHead>) => boolean;

export function createPageCheck(options: {
  listed: ReadonlySet<string>;
  /** Whether the front listens on loopback alone. */
  onLoopback: boolean;
  replies: Replies;
}): PageCheck {
  const { listed, onLoopback, replies } = options;
  return (exchange, head) => {
    const page = pageOrigin(head, listed, onLoopback);
    if (page === 'own') return true;
    if (page === 'listed') {
      exchange.readableBy = head.origin;
      return true;
    }
    replies.refuse(exchange, 'origin_not_allowed');
    return false;
  };
}
