/** Requests for people to copy. Each is posted in a test, and gives the status that its description says. */

const one = { patientId: '100', timestamp: '2016-11-01T09:11:51-05:00', medication: 'Albuterol' };
const known = {
  id: '5f0c6b9e-3a1d-4c8f-9b1e-2d7a4e6f8a01',
  patientId: 'p-4711',
  timestamp: '2026-03-02T22:41:07.250+01:00',
  medication: 'Budesonide/Formoterol',
};

export interface RequestExample {
  readonly summary: string;
  readonly description: string;
  readonly value: unknown;
}

const lines = (...values: unknown[]) => `${values.map((value) => JSON.stringify(value)).join('\n')}\n`;

export const jsonExamples: Record<string, RequestExample> = {
  oneUsage: { summary: 'One usage', description: 'Answered 201.', value: one },
  ownId: {
    summary: "With the device's own id",
    description: 'Answered 201, however often it is repeated; stored once.',
    value: known,
  },
  withAttributes: {
    summary: 'With further fields',
    description: 'Answered 201. They are kept as data.',
    value: {
      patientId: 100,
      timestamp: 'Tue Nov 01 2016 09:11:51 GMT-0500 (CDT)',
      medication: 'Albuterol',
      doses: 2,
      device: { model: 'S3', firmware: '2.1.0', batteryPercent: 81.5 },
    },
  },
  epochMilliseconds: {
    summary: 'Epoch milliseconds',
    description: 'Answered 201. The zone of the sender is unknown.',
    value: { patientId: '100', timestamp: 1478009511000, medication: 'Albuterol' },
  },
  severalUsages: {
    summary: 'Several usages',
    description: 'Answered 201: a result for each, in order.',
    value: [one, known],
  },
  someInvalid: {
    summary: 'Several, of which one is invalid',
    description: 'Answered 207: the others are durable.',
    value: [one, { ...one, timestamp: 'yesterday' }],
  },
};

export const ndjsonExamples: Record<string, RequestExample> = {
  lines: { summary: 'Two lines', description: 'Answered 201.', value: lines(one, known) },
  malformedLine: {
    summary: 'One line is no JSON',
    description: 'Answered 207: it is the error of its line.',
    value: `${lines(one)}{"patientId":\n`,
  },
};

/** What `curl -d` sends without being asked for a media type. */
export const textExamples: Record<string, RequestExample> = {
  oneUsage: { summary: 'One usage', description: 'Answered 201.', value: JSON.stringify(one) },
};
