/** One request with varied usages, and what every script demands of the answers. */

import { check } from 'k6';
import http from 'k6/http';

const url = __ENV.URL || 'http://127.0.0.1:3000/api/usages';
/** In a request: 1 is a single usage, more an array. */
const usages = Number(__ENV.USAGES || 1);

const patients = 50_000;
const medications = ['Albuterol', 'Budesonide', 'Formoterol', 'Salmeterol', 'Tiotropium'];
const dayMs = 86_400_000;
const params = { headers: { 'Content-Type': 'application/json' } };

/** No error, and the acknowledgement's goal. */
export const thresholds = {
  http_req_failed: ['rate==0'],
  dropped_iterations: ['count==0'],
  http_req_duration: ['p(99)<25'],
};

/** @param {number} below */
const random = (below) => Math.floor(Math.random() * below);

const usage = () => ({
  patientId: `${100_000 + random(patients)}`,
  medication: medications[random(medications.length)],
  timestamp: new Date(Date.now() - random(dayMs)).toISOString(),
});

export function postUsages() {
  const body = usages === 1 ? usage() : Array.from({ length: usages }, usage);
  const response = http.post(url, JSON.stringify(body), params);
  check(response, { 'is 201': ({ status }) => status === 201 });
}
