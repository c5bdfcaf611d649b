/** Paths and methods. What answers at once, whatever the load: health, readiness, the API's description, 404 and 405. */

import {
  apiDocumentAnswer,
  healthyAnswer,
  methodNotAllowedAnswer,
  preflightAnswer,
  problemAnswer,
  readinessAnswer,
} from './answers.ts';
import type { Answer, Exchange } from './exchange.ts';
import type { HeadCheck } from './head-check.ts';
import type { HttpRequest, HttpResponse, TemplatedApp } from './uws.ts';

export interface RouteParts {
  postUsages(res: HttpResponse, req: HttpRequest): void;
  begin(res: HttpResponse, startedMs: number): Exchange;
  readonly headCheck: HeadCheck;
  readiness(): { ready: boolean; reason: string };
  readonly apiDocument: Buffer;
}

export function addRoutes(app: TemplatedApp, parts: RouteParts): void {
  const { postUsages, begin, readiness, headCheck } = parts;
  /** An answer that needs nothing of the request but its head. */
  const direct =
    (answerOf: (req: HttpRequest, exchange: Exchange) => Answer) => (res: HttpResponse, req: HttpRequest) => {
      const exchange = begin(res, performance.now());
      if (headCheck(exchange, req) === null) return;
      const answer = answerOf(req, exchange);
      if (req.getCaseSensitiveMethod() === 'HEAD' || answer === preflightAnswer) exchange.answerHead(answer);
      else exchange.answer(answer);
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
  app.options(
    '/api/usages',
    direct((req, { readableBy }) =>
      readableBy !== '' && req.getHeader('access-control-request-method') !== ''
        ? preflightAnswer
        : methodNotAllowedAnswer('POST'),
    ),
  );
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
