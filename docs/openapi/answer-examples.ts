/** Answers to the request examples, ids but the device's own aside. */

import { usageProblems } from '../../src/usage/usage-problems.ts';

const made = '019a9f3c-8a51-7cc0-9d0e-3b1f6a2c4d5e';
const own = '5f0c6b9e-3a1d-4c8f-9b1e-2d7a4e6f8a01';

const error = (code: keyof typeof usageProblems, pointer: string) => ({
  code,
  detail: usageProblems[code],
  pointer,
});

export const createdExamples = {
  oneUsage: { summary: 'One usage', value: { id: made } },
  severalUsages: {
    summary: 'Several usages',
    value: { accepted: 2, rejected: 0, results: [{ id: made }, { id: own }] },
  },
};

export const multiStatusExamples = {
  someInvalid: {
    summary: 'The second is invalid',
    value: {
      accepted: 1,
      rejected: 1,
      results: [{ id: made }, { error: error('timestamp_format', '/1/timestamp') }],
    },
  },
};

export const noneAcceptedExamples = {
  allInvalid: {
    summary: 'No usage of the array is valid',
    value: {
      accepted: 0,
      rejected: 2,
      results: [{ error: error('required', '/0/medication') }, { error: error('not_an_object', '/1') }],
    },
  },
};

/** Members that problems have beside those of every problem. */
export const problemMembers = {
  invalid_usage: {
    errors: [error('patient_id_length', '/patientId'), error('timestamp_format', '/timestamp')],
  },
  log_unavailable: { results: [{ id: made }] },
  durability_unknown: { results: [{ id: made }] },
};
