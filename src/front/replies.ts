/** Answers to requests that are not stored, each counted by its code. */

import { problemAnswer, unheldProblemAnswer } from './answers.ts';
import type { Exchange } from './exchange.ts';
import type { HttpProblemCode } from './http-problems.ts';

export interface Replies {
  /** The request cannot be taken as it is. `close`: the connection ends with the answer. */
  refuse(exchange: Exchange, code: HttpProblemCode, close?: boolean): void;
  /** As `refuse`, where what follows on the connection is not known to be a request: it is not read. */
  refuseUnheld(exchange: Exchange, code: HttpProblemCode): void;
  /** The key has sent more than it may; `waitMs` from now on it may again. */
  limit(exchange: Exchange, waitMs: number): void;
  /** A 503 that is not the client's doing; `member` is further JSON text of its body. */
  shed(exchange: Exchange, code: HttpProblemCode, member?: string | null): void;
  /** A mistake of ours: 500. */
  defect(exchange: Exchange, error: unknown): void;
}

export interface ReplyCounts {
  onRefused(code: HttpProblemCode): void;
  onShed(code: HttpProblemCode): void;
  onDefect(error: unknown): void;
}

export function createReplies({ onRefused, onShed, onDefect }: ReplyCounts): Replies {
  return {
    refuse(exchange, code, close) {
      onRefused(code);
      exchange.answer(problemAnswer(code), close);
    },
    refuseUnheld(exchange, code) {
      onRefused(code);
      exchange.answer(unheldProblemAnswer(code), true);
    },
    limit(exchange, waitMs) {
      onRefused('rate_limited');
      const seconds = Math.ceil(waitMs / 1_000);
      exchange.answer({ ...problemAnswer('rate_limited'), headers: [['Retry-After', String(seconds)]] });
    },
    shed(exchange, code, member = null) {
      onShed(code);
      exchange.answer(problemAnswer(code, member));
    },
    defect(exchange, error) {
      onDefect(error);
      exchange.answer(problemAnswer('internal_error'));
    },
  };
}
