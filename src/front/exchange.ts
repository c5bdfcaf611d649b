/**
 * One request and its answer, until the answer has gone to the socket or the client has gone. A client that does not
 * read keeps its answer here and not in the HTTP server's own buffer, so it is counted; about 10 s later the
 * server closes its connection.
 */

import type { RateLimit } from '../keys/rate-limit.ts';
import type { Admission } from './admission.ts';
import type { HttpResponse } from './uws.ts';

export interface Answer {
  /** The status line's code and phrase. */
  readonly status: string;
  /** '' for a 204, which has no body. */
  readonly contentType: string;
  /** ASCII only where it is a string. */
  readonly body: string | Buffer;
  /** Further fields; most answers have none. */
  readonly headers?: readonly (readonly [string, string])[];
}

export interface ExchangeScope {
  readonly admission: Admission;
  /** While stopping every answer closes its connection, so that the last one is known to be the last. */
  readonly isStopping: boolean;
  /** Once an exchange, when its answer is given to the socket. `durationMs` is since its request line was read. */
  onAnswered(statusCode: number, durationMs: number): void;
  /** In place of it, where the client has gone before. */
  onAbandoned(): void;
  /** Once an exchange, when nothing more comes of it. */
  onEnded(): void;
}

export class Exchange {
  readonly res: HttpResponse;
  readonly startedMs: number;
  readonly #scope: ExchangeScope;
  #heldBytes = 0;
  /**
   * Its body comes in chunks: the HTTP server would run trailers behind them as a request of their own, so the
   * connection ends with the answer, and the answer is given when the server has looked at all that came with the body
   * (to which it then closes the connection: a request may not come before the one ahead of it is answered).
   */
  isChunked = false;
  /** The listed origin whose page asks, and may read the answer; '' where no such page does. */
  readableBy = '';
  /** The limit of the key that the request came with; null where there is none. */
  limit: RateLimit | null = null;
  /** No answer is possible any more: one was begun, or the client has gone. */
  isClosed = false;
  #ended = false;

  /** @param startedMs of the monotonic clock */
  constructor(res: HttpResponse, startedMs: number, scope: ExchangeScope) {
    this.res = res;
    this.startedMs = startedMs;
    this.#scope = scope;
  }

  /** Sets what this exchange holds against the bound on waiting bytes. */
  holds(bytes: number): void {
    this.#scope.admission.hold(bytes - this.#heldBytes);
    this.#heldBytes = bytes;
  }

  /** The client has gone. What it sent may still become durable. */
  aborted(): void {
    if (!this.isClosed) this.#scope.onAbandoned();
    this.isClosed = true;
    this.#end();
  }

  /** Answers, unless the client has gone. `close`: the connection ends with it. */
  answer(answer: Answer, close = this.#scope.isStopping): void {
    if (this.isClosed) return;
    this.#close(answer);
    if (this.isChunked) {
      this.#answerLast(answer);
      return;
    }
    const { res } = this;
    res.cork(() => {
      this.#writeHead(answer);
      if (close) {
        res.end(answer.body, true);
        this.#end();
      } else if (res.tryEnd(answer.body, answer.body.length)[1]) this.#end();
      else this.#sendRest(answer.body);
    });
  }

  #answerLast(answer: Answer): void {
    const { res } = this;
    res.onAborted(() => this.#end());
    setImmediate(() => {
      if (this.#ended) return;
      res.cork(() => {
        this.#writeHead(answer);
        res.end(answer.body, true);
      });
      this.#end();
    });
  }

  /** Answers without a body: a HEAD as `answer` would, or a 204. */
  answerHead(answer: Answer): void {
    if (this.isClosed) return;
    this.#close(answer);
    const { res } = this;
    res.cork(() => {
      this.#writeHead(answer);
      // Given a length (or anything) to report, the server would wait for the bytes and not take it as answered.
      if (answer.contentType !== '') res.writeHeader('Content-Length', String(answer.body.length));
      res.endWithoutBody();
    });
    this.#end();
  }

  /** From here on there is no other answer. */
  #close({ status }: Answer): void {
    this.isClosed = true;
    this.#scope.onAnswered(statusCode(status), performance.now() - this.startedMs);
  }

  #writeHead({ status, contentType, headers }: Answer): void {
    const { res } = this;
    res.writeStatus(status);
    if (contentType !== '') res.writeHeader('Content-Type', contentType);
    if (this.readableBy !== '') this.#writeReadable();
    if (this.limit) this.#writeLimit(this.limit);
    if (headers) for (const [name, value] of headers) res.writeHeader(name, value);
  }

  /** As draft-ietf-httpapi-ratelimit-headers-09 has them. */
  #writeLimit(limit: RateLimit): void {
    const nowMs = performance.now();
    this.res
      .writeHeader('RateLimit-Policy', `"usages";q=${limit.rate};w=1`)
      .writeHeader('RateLimit', `"usages";r=${limit.left(nowMs)};t=${limit.secondsToFull(nowMs)}`);
  }

  #writeReadable(): void {
    this.res
      .writeHeader('Access-Control-Allow-Origin', this.readableBy)
      .writeHeader('Access-Control-Expose-Headers', 'Retry-After, RateLimit, RateLimit-Policy')
      .writeHeader('Vary', 'Origin');
  }

  #sendRest(body: string | Buffer): void {
    const { res } = this;
    const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
    this.holds(bytes.length);
    res.onAborted(() => this.#end());
    res.onWritable((offset) => {
      const [ok, done] = res.tryEnd(bytes.subarray(offset), bytes.length);
      if (done) this.#end();
      return ok;
    });
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.holds(0);
    this.#scope.onEnded();
  }
}

/** The number that a status line begins with: three digits. */
function statusCode(status: string): number {
  return status.charCodeAt(0) * 100 + status.charCodeAt(1) * 10 + status.charCodeAt(2) - 0x30 * 111;
}
