/** From the usages of a request to durable rows, and the answer that says so. */

import type { JudgedKey } from '../keys/key-ring.ts';
import { type Row, withKeyNumber } from '../usage/row.ts';
import type { Admission } from './admission.ts';
import { resultsMember, storedAnswer } from './answers.ts';
import type { Exchange } from './exchange.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Replies } from './replies.ts';
import type { PostHead } from './request-head.ts';
import type { RequestUsages } from './request-outcome.ts';

/** What a row costs beside its text: the string's head and the array slots. */
const rowOverheadBytes = 48;
/** What a request costs beside its rows: the objects of its turn through a group, and of its answer. */
const requestOverheadBytes = 512;

export function createCommit(options: {
  admission: Admission;
  groupCommit: GroupCommit;
  replies: Replies;
  onDurable(usages: number): void;
  /** A request holds so many usages, valid or not. */
  onCharged(key: JudgedKey, usages: number): void;
}): (exchange: Exchange, head: PostHead, usages: RequestUsages) => void {
  const { admission, groupCommit, replies, onDurable, onCharged } = options;
  return function commit(exchange, { key }, usages) {
    const rows = key === null ? usages.rows : usages.rows.map((row) => withKeyNumber(row, key.number));
    if (key !== null) onCharged(key, rows.length + usages.rejected);
    if (rows.length === 0) return void exchange.answer(storedAnswer(usages));
    const bytes = heldBytes(rows, usages.results);
    exchange.holds(0);
    // A few bytes on the wire may have become many: what they are is charged when it is known.
    if (admission.isOver) return replies.shed(exchange, 'overloaded');
    // The rows outlive the exchange where the client goes: what it sent may still become durable.
    admission.hold(bytes);
    groupCommit.submit(rows, performance.now(), (outcome) => {
      admission.release(bytes);
      if (outcome === 'durable') {
        onDurable(rows.length);
        exchange.answer(storedAnswer(usages));
      } else replies.shed(exchange, outcome, resultsMember(usages));
    });
  };
}

function heldBytes(rows: readonly Row[], results: string): number {
  let bytes = results.length + rows.length * rowOverheadBytes + requestOverheadBytes;
  for (const row of rows) bytes += row.bytes;
  return bytes;
}
