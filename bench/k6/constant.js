/**
 * A million requests a minute, whatever the answers take (open loop): the everyday peak.
 *
 *     k6 run bench/k6/constant.js
 *     k6 run -e RATE=1000 -e DURATION=10s -e USAGES=100 bench/k6/constant.js
 */

import { postUsages, thresholds } from './post-usages.js';

const rate = Number(__ENV.RATE || 16_700);

export const options = {
  discardResponseBodies: true,
  summaryTrendStats: ['med', 'p(90)', 'p(99)', 'p(99.9)', 'max'],
  thresholds,
  scenarios: {
    constant: {
      executor: 'constant-arrival-rate',
      rate,
      timeUnit: '1s',
      duration: __ENV.DURATION || '60s',
      // One holds one request in flight: enough for answers that take 30 ms, twice as many where they are slow.
      preAllocatedVUs: Math.max(50, Math.ceil(rate * 0.03)),
      maxVUs: Math.max(100, Math.ceil(rate * 0.06)),
    },
  },
};

export default postUsages;
