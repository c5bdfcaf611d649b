/**
 * A stream of server-sent events: the same text to everyone who listens, once in a while. While nobody listens
 * nothing is worked out. Listeners are bounded, and so is what waits for a slow one: it misses events rather than
 * have them queued, and is cut off when it takes none for long.
 */

import type { ServerResponse } from 'node:http';
import { type AdminPath, answerProblem } from './admin-paths.ts';

export interface EventStreamOptions {
  readonly everyMs: number;
  /** Listeners at once; one more is answered 503. */
  readonly listenersMax: number;
  /** What is told now, without a line break. */
  text(): Promise<string>;
}

export interface EventStream {
  readonly path: AdminPath;
  /** Ends every listener's stream. */
  stop(): void;
}

interface Listener {
  readonly response: ServerResponse;
  missed: number;
}

/** Events in a row that a listener may miss before it is cut off. */
const missedMax = 10;

const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // nginx would gather events otherwise.
  'x-accel-buffering': 'no',
};

const ending = { status: 503, code: 'stopping', detail: 'The server is stopping.' };
const tooMany = (listenersMax: number) => ({
  status: 503,
  code: 'too_many_listeners',
  detail: `${listenersMax} pages listen already, which is all that may: close one of them.`,
});

export function createEventStream(options: EventStreamOptions): EventStream {
  const { everyMs, listenersMax } = options;
  const listeners = new Set<Listener>();
  let timer: NodeJS.Timeout | null = null;
  let isTelling = false;
  let stopped = false;

  async function tell(): Promise<void> {
    if (isTelling) return;
    isTelling = true;
    try {
      const event = `data: ${await options.text()}\n\n`;
      for (const listener of listeners) give(listener, event);
    } catch {
      // They come back by themselves, and see meanwhile that they see nothing.
      for (const { response } of listeners) response.destroy();
    } finally {
      isTelling = false;
    }
  }

  function give(listener: Listener, event: string): void {
    if (!listener.response.writableNeedDrain) {
      listener.missed = 0;
      listener.response.write(event);
      return;
    }
    listener.missed++;
    if (listener.missed > missedMax) listener.response.destroy();
  }

  function leave(listener: Listener): void {
    listeners.delete(listener);
    if (listeners.size > 0 || !timer) return;
    clearInterval(timer);
    timer = null;
  }

  function listen(response: ServerResponse): void {
    const listener = { response, missed: 0 };
    response.once('close', () => leave(listener));
    response.writeHead(200, headers);
    response.flushHeaders();
    listeners.add(listener);
    timer ??= setInterval(() => void tell(), everyMs);
    if (listeners.size === 1) void tell();
  }

  return {
    path: {
      allow: 'GET, HEAD',
      answer(request, response) {
        if (stopped || listeners.size >= listenersMax) {
          response.setHeader('retry-after', '5');
          return answerProblem(response, stopped ? ending : tooMany(listenersMax));
        }
        if (request.method !== 'HEAD') return listen(response);
        response.writeHead(200, headers);
        response.end();
      },
    },
    stop() {
      stopped = true;
      for (const { response } of listeners) response.end();
    },
  };
}
