/** Paths and methods. What answers at once, whatever the load: health, readiness, the API's description, 404 and 405. */

import {
  apiDocumentAnswer,
  healthyAnswer,
  methodNotAllowedAnswer,
  problemAnswer,
  readinessAnswer,
  unheldProblemAnswer,
} from './answers.ts';
import type { Answer, Exchange } from './exchange.ts';
import { readHead } from './request-head.ts';
import type { HttpRequest, HttpResponse, TemplatedApp } from './uws.ts';

export interface RouteParts {
  postUsages(res: HttpResponse, req: HttpRequest): void;
  begin(res: HttpResponse, startedMs: number): Exchange;
  readiness(): { ready: boolean; reason: string };
  readonly apiDocument: Buffer;
}

export function addRoutes(app: TemplatedApp, parts: RouteParts): void {
  const { postUsages, begin, readiness } = parts;
  /** An answer that needs nothing of the request but its framing. */
  const direct = (answerOf: () => Answer) => (res: HttpResponse, req: HttpRequest) => {
    const exchange = begin(res, performance.now());
    if (readHead(req).ambiguous) exchange.answer(unheldProblemAnswer('malformed_request'), true);
    else if (req.getCaseSensitiveMethod() === 'HEAD') exchange.answerHead(answerOf());
    else exchange.answer(answerOf());
  };
  const readable = (path: string, answerOf: () => Answer) => {
    const handler = direct(answerOf);
    app.get(path, handler);
    app.head(path, handler);
    app.any(
      path,
      direct(() => methodNotAllowedAnswer('GET, HEAD')),
    );
  };

  app.post('/api/usages', postUsages);
  app.any(
    '/api/usages',
    direct(() => methodNotAllowedAnswer('POST')),
  );
  readable('/healthz', () => healthyAnswer);
  readable('/readyz', () => readinessAnswer(readiness()));
  const apiDocument = apiDocumentAnswer(parts.apiDocument);
  readable('/openapi.json', () => apiDocument);
  app.any(
    '/*',
    direct(() => problemAnswer('not_found')),
  );
}
