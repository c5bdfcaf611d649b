/**
 * Sends one made usage to the API in the name of whoever looks at the console: the API takes no requests from pages of
 * other origins, and this port's is another, so the page asks here. That no foreign page does is the port's to see
 * (../admin-server.ts); the header asked for below no page of another origin may set.
 */

import type { ServerResponse } from 'node:http';
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
      if (request.headers['x-usage-console'] !== 'sample') return answerProblem(response, foreign);
      if (inFlight >= inFlightMax) return answerProblem(response, busy);
      inFlight++;
      response.setTimeout(timeoutMs + 4_000);
      try {
        await forward(response, api, timeoutMs + 2_000);
      } finally {
        inFlight--;
      }
    },
  };
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
