/**
 * From 10 requests a second up, ten times as many each 20 s, until and past saturation.
 *
 *     k6 run -e RATE_MAX=100000 bench/k6/staircase.js
 */

import { postUsages } from './post-usages.js';

const rateMax = Number(__ENV.RATE_MAX || 100_000);
const stepS = 20;
const rates = [10, 100, 1_000, 10_000, 16_700, 25_000, 50_000, 100_000].filter((rate) => rate <= rateMax);

export const options = {
  discardResponseBodies: true,
  summaryTrendStats: ['med', 'p(90)', 'p(99)', 'p(99.9)', 'max'],
  scenarios: Object.fromEntries(
    rates.map((rate, step) => [
      `rate_${rate}`,
      {
        executor: 'constant-arrival-rate',
        rate,
        timeUnit: '1s',
        startTime: `${step * stepS}s`,
        duration: `${stepS}s`,
        // Those of all steps are made at the start, and each takes megabytes.
        preAllocatedVUs: Math.max(10, Math.ceil(rate * 0.005)),
        maxVUs: Math.max(100, Math.ceil(rate * 0.02)),
      },
    ]),
  ),
  // A threshold that always holds makes k6 show each step's figures apart.
  thresholds: Object.fromEntries(
    rates.flatMap((rate) => [
      [`http_req_duration{scenario:rate_${rate}}`, ['max>=0']],
      [`http_req_failed{scenario:rate_${rate}}`, ['rate>=0']],
      [`dropped_iterations{scenario:rate_${rate}}`, ['count>=0']],
    ]),
  ),
};

export default postUsages;
