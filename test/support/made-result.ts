/** A benchmark's result that was made up, with every scenario and subject, for tests of what is made from one. */

import type { BenchResult, Measurement, Round } from '../../bench/result.ts';

/** A round in which nothing went wrong. */
export function madeRound(given: Partial<Round> = {}): Round {
  return {
    durationS: 10,
    requests: 100_000,
    usages: 100_000,
    shed: 0,
    errors: 0,
    rowsFound: given.rowsExpected ?? null,
    rowsExpected: null,
    cpuUs: {},
    latencyMs: null,
    rssBytesMax: {},
    lagSMax: null,
    drainedAfterS: null,
    series: [],
    machine: { coresBusy: 1.4, coresStolen: 0.02 },
    ...given,
  };
}

/** A measurement of `rounds`; each round takes the given figures times its own small factor, as noise does. */
export function madeMeasurement(
  given: Pick<Measurement, 'scenario' | 'subject'> & Partial<Measurement>,
  round: Partial<Round> = {},
): Measurement {
  return {
    durability: 'on disk before the answer',
    connections: 64,
    offeredRate: null,
    rounds: [0.98, 1, 1.03].map((noise) => madeRound(noisy(round, noise))),
    ...given,
  };
}

/** CPU and rates move together, as on a machine that others use too. */
function noisy(round: Partial<Round>, noise: number): Partial<Round> {
  const cpuUs = Object.fromEntries(
    Object.entries(round.cpuUs ?? {}).map(([stage, us]) => [stage, us! * noise]),
  );
  return { ...round, cpuUs };
}

const latencyMs = (scale: number) => ({
  p50: scale,
  p90: 2 * scale,
  p99: 4 * scale,
  p999: 8 * scale,
  max: 20 * scale,
});
const series = Array.from({ length: 60 }, (_, at) => ({
  atS: at,
  requests: 16_700,
  usagesStored: 16_600,
  backlogRecords: 40 + (at % 7) * 5,
  rssBytes: { front: 90e6 + at * 1e4, writer: 80e6, postgres: 60e6, supervisor: 70e6 },
}));

/** Figures of one round, at 100,000 requests of one usage each. */
const singles: Record<string, Partial<Round>> = {
  local: { cpuUs: { front: 1.8e6, writer: 0.05e6, postgres: 0.9e6, supervisor: 0.02e6, load: 1.1e6 } },
  kafka: {
    cpuUs: {
      front: 2.2e6,
      broker: 0.4e6,
      log: 0.01e6,
      writer: 0.06e6,
      postgres: 0.9e6,
      supervisor: 0.02e6,
      load: 1.1e6,
    },
  },
  'kafka-front': { cpuUs: { front: 2e6, broker: 0.4e6, load: 1.1e6 }, durationS: 8 },
  'bare-kafka': { cpuUs: { subject: 1.4e6, broker: 0.4e6, load: 1.1e6 }, durationS: 6 },
  bare: { cpuUs: { subject: 1.2e6, load: 1.1e6 } },
  'bare-durable': { cpuUs: { subject: 1.5e6, load: 1.1e6 }, durationS: 6.5 },
  'express-array': { cpuUs: { subject: 24e6, load: 1.4e6 }, durationS: 130 },
  'fastify-kafkajs': { cpuUs: { subject: 33e6, broker: 12e6, load: 1.4e6 }, durationS: 260 },
  'fastify-insert': { cpuUs: { subject: 28e6, postgres: 30e6, load: 1.4e6 }, durationS: 300 },
};

/** The whole of it; `more` takes the place of its parts. */
export function madeResult(more: Partial<BenchResult> = {}): BenchResult {
  const single = Object.entries(singles).map(([subject, round]) =>
    madeMeasurement(
      { scenario: 'single', subject: subject as Measurement['subject'] },
      { latencyMs: latencyMs(2), rowsExpected: 100_000, rssBytesMax: { front: 110e6 }, ...round },
    ),
  );
  const staircase = (['local', 'kafka'] as const).flatMap((subject, at) =>
    [10, 100, 1_000, 10_000, 16_700, 25_000, 50_000, 100_000].map((offeredRate) => {
      const requests = Math.min(offeredRate, 41_000) * 10;
      const late = offeredRate > 41_000;
      return madeMeasurement(
        { scenario: 'staircase', subject, offeredRate, connections: 256 },
        {
          requests,
          usages: requests,
          rowsExpected: requests,
          shed: late ? offeredRate * 10 - requests : 0,
          latencyMs: latencyMs((late ? 80 : 0.4 + offeredRate / 30_000) * (1 + at)),
          lagSMax: late ? 9 : 0.3,
          drainedAfterS: late ? 7 : 0.2,
          rssBytesMax: { front: 115e6, writer: 85e6, postgres: 60e6, supervisor: 70e6 },
          cpuUs: {
            front: requests * 18,
            writer: requests * 0.5,
            postgres: requests * 9,
            load: requests * 11,
          },
          series: offeredRate === 16_700 ? series : [],
        },
      );
    }),
  );
  const drain = (['drain', 'drain-repeats'] as const).flatMap((scenario) => {
    const usages = 500_000;
    const peer = scenario === 'drain' ? 'copy' : 'copy-staged';
    return [
      madeMeasurement(
        { scenario, subject: 'local', connections: 0 },
        {
          requests: 0,
          usages,
          durationS: 5.1,
          rowsExpected: usages,
          cpuUs: { writer: 0.2e6, postgres: 4.1e6 },
          rssBytesMax: { writer: 95e6 },
        },
      ),
      madeMeasurement(
        { scenario, subject: peer, connections: 0, durability: 'a commit a batch' },
        {
          requests: 0,
          usages,
          durationS: 4.9,
          rowsExpected: usages,
          cpuUs: { subject: 0.1e6, postgres: 4e6 },
        },
      ),
    ];
  });
  return {
    format: 1,
    commit: '0123456789abcdef0123456789abcdef01234567',
    dirty: false,
    startedAt: '2026-11-20T12:00:00.000Z',
    durationS: 601,
    quick: false,
    command: 'npm run bench',
    machine: {
      cpu: 'A processor <of> "some" kind',
      cores: 2,
      memoryBytes: 8e9,
      kernel: 'Linux 6.1',
      fileSystem: 'ext4',
      loadBefore: 0.1,
    },
    versions: { node: '22.23.2', postgres: '18.4' },
    settings: { USAGE_FRONTS: '1' },
    measurements: [
      ...single,
      madeMeasurement(
        { scenario: 'single-autocannon', subject: 'local' },
        { cpuUs: { front: 4e6, writer: 0.05e6, postgres: 0.9e6, load: 5e6 }, rowsExpected: 100_000 },
      ),
      madeMeasurement(
        { scenario: 'single-reconnect', subject: 'local' },
        { cpuUs: { front: 6e6, writer: 0.05e6, postgres: 0.9e6, load: 9e6 }, rowsExpected: 100_000 },
      ),
      madeMeasurement(
        { scenario: 'batch', subject: 'local' },
        {
          requests: 1_000,
          cpuUs: { front: 0.4e6, writer: 0.03e6, postgres: 0.8e6, load: 0.1e6 },
          latencyMs: latencyMs(9),
          rowsExpected: 100_000,
        },
      ),
      madeMeasurement(
        { scenario: 'ndjson', subject: 'local' },
        {
          requests: 100,
          cpuUs: { front: 0.5e6, writer: 0.03e6, postgres: 0.8e6, load: 0.1e6 },
          latencyMs: latencyMs(30),
          rowsExpected: 100_000,
        },
      ),
      ...staircase,
      madeMeasurement(
        { scenario: 'staircase', subject: 'bare-durable', offeredRate: 16_700 },
        { requests: 100_200, usages: 100_200, latencyMs: latencyMs(0.8), cpuUs: { subject: 2e6 } },
      ),
      ...drain,
      madeMeasurement(
        { scenario: 'soak', subject: 'local', offeredRate: 16_700 },
        {
          requests: 167_000,
          usages: 167_000,
          latencyMs: latencyMs(1),
          series,
          rowsExpected: 167_000,
          cpuUs: { front: 3e6 },
        },
      ),
      madeMeasurement(
        { scenario: 'disk', subject: 'fsync', connections: 0 },
        { requests: 0, usages: 60_000, latencyMs: latencyMs(0.5) },
      ),
    ],
    missing: [{ what: 'kafka, batch', why: 'there is no Java on this machine' }],
    ...more,
  };
}
