/**
 * Sends one made usage to the API in the name of whoever looks at the console. The API takes no requests from
 * pages of other sites, so the page asks here. A page of another site cannot: what it sends carries its origin,
 * and the header asked for below only after a permission (CORS) that is never given.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AdminPath, answerProblem, answerText } from '../admin-paths.ts';

export interface SampleOptions {
  /** Where usages are posted. */
  readonly api: string;
  /** The API answers within this, whatever happens to its log. */
  readonly timeoutMs: number;
}

/** Easy to find, and to remove: no device sends as this patient. */
export const samplePatient = 'console-sample';
const inFlightMax = 4;

export function samplePath({ api, timeoutMs }: SampleOptions): AdminPath {
  let inFlight = 0;
  return {
    allow: 'POST',
    async answer(request, response) {
      if (!isFromOurPage(request)) return answerProblem(response, foreign);
      if (inFlight >= inFlightMax) return answerProblem(response, busy);
      inFlight++;
      try {
        await forward(response, api, timeoutMs + 2_000);
      } finally {
        inFlight--;
      }
    },
  };
}

/** Every browser of today sends Sec-Fetch-Site to this machine; an older one sends Origin at least. */
function isFromOurPage({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  if (headers['x-usage-console'] !== 'sample') return false;
  if (site !== undefined && site !== 'same-origin') return false;
  return headers.origin === undefined || headers.origin === `http://${headers.host}`;
}

async function forward(response: ServerResponse, api: string, timeoutMs: number): Promise<void> {
  const usage = { patientId: samplePatient, medication: 'Sample', timestamp: Date.now(), sentBy: 'console' };
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(api, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(usage),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    text = await answer.text();
  } catch {
    return answerProblem(response, unreachable);
  }
  answerText(response, answer.status, answer.headers.get('content-type') ?? 'text/plain', text);
}

const foreign = {
  status: 403,
  code: 'not_from_the_console',
  detail: 'A sample usage is sent from the console itself. Programs post to /api/usages.',
};
const busy = { status: 429, code: 'too_many_samples', detail: 'Samples are on their way: wait for them.' };
const unreachable = {
  status: 502,
  code: 'front_unreachable',
  detail: 'No front answered, so it is not known whether the sample was taken. Send another when one does.',
};
