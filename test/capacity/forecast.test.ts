import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { capacityConstants, IncompleteResultError } from '../../bench/capacity-constants.ts';
import {
  type Assumptions,
  defaultAssumptions,
  forecast,
  NotMeasuredError,
} from '../../src/capacity/forecast.ts';
import { forecastLines, limitLines } from '../../src/capacity/forecast-lines.ts';
import { type CpuUs, cpuParts, type Measured, readMeasured } from '../../src/capacity/measured.ts';
import { capacityCommand } from '../../src/commands/capacity.ts';
import { madeMeasurement, madeResult } from '../support/made-result.ts';
import { assertProperty } from '../support/property.ts';

const cpu = (given: Partial<CpuUs>): CpuUs => ({
  front: 0,
  relay: 0,
  broker: 0,
  writer: 0,
  postgres: 0,
  supervisor: 0,
  ...given,
});
/** Round figures, so that every answer can be said by head. */
const measured: Measured = {
  format: 1,
  commit: '0123456789abcdef',
  startedAt: '2026-11-20T12:00:00.000Z',
  quick: false,
  machine: '2 cores of some kind',
  loadACore: 0.1,
  usagesPerSecond: { single: 30_000, batch: 200_000 },
  cpuUs: {
    local: {
      // 10 us a request and 2 us a usage.
      single: cpu({ front: 12, writer: 0.5, postgres: 6 }),
      batch: cpu({ front: 2.1, writer: 0.5, postgres: 6 }),
    },
    kafka: null,
  },
  rssBytes: { front: 100e6, writer: 80e6, supervisor: 70e6 },
  bytes: {
    row: 100,
    log: 120,
    table: 90,
    index: 60,
    wal: 200,
    request: { single: 200, batch: 101 },
    answer: { single: 150, batch: 50 },
  },
};
const given = (more: Partial<Assumptions> = {}): Assumptions => ({
  ...defaultAssumptions,
  rate: 10_000,
  utilisation: 0.5,
  ...more,
});
const near = (actual: number, expected: number, what: string) =>
  assert.ok(Math.abs(actual - expected) <= 1e-9 * Math.abs(expected), `${what}: ${actual}, not ${expected}`);

test('known answers at 10,000 single usages a second', () => {
  const made = forecast(measured, given());
  near(made.parts.find(({ part }) => part === 'front')!.cores, 0.24, 'cores of fronts');
  near(made.cores, (0.12 + 0.005 + 0.06) / 0.5, 'cores');
  assert.equal(made.frontProcesses, 1);
  assert.deepEqual(made.hosts, { server: 1, postgres: 0, broker: 0 });
  near(made.write.log, 1.2e6, 'log bytes a second');
  near(made.write.postgres, 3.5e6, "Postgres' bytes a second");
  near(made.growth.table, 90 * 10_000 * 86_400, 'table a day');
  near(made.growth.index, 60 * 10_000 * 86_400, 'index a day');
  near(made.held.postgres, 150 * 10_000 * 86_400 * 365, 'Postgres after a year');
  near(made.held.log, 120 * 10_000 * 86_400, 'log');
  // 350 bytes of payload and three packets of 66.
  near(made.network.clients, 8 * 10_000 * (350 + 198), 'network');
  near(made.memoryBytes.server, 250e6, 'memory');
  near(made.memoryBytes.postgres, 1e6 * 8_192, 'index pages in use');
  near(made.costPerMonth.cores, 0.37 * 730 * 0.04, 'cost of cores');
  near(made.costPerMonth.storage, ((made.held.log + made.held.postgres) / 1e9) * 0.1, 'cost of storage');
  near(made.limits.find(({ what }) => what === 'one front process')!.rate, 0.5e6 / 12, 'limit of a front');
});

test('more usages a request share what a request costs, and never less than a usage costs', () => {
  const frontAt = (usagesPerRequest: number) =>
    forecast(measured, given({ usagesPerRequest })).parts.find(({ part }) => part === 'front')!.cpuUs;
  near(frontAt(1), 12, 'alone');
  near(frontAt(10), 3, 'ten');
  near(frontAt(100), 2.1, 'a hundred');
  near(frontAt(10_000), 2.001, 'as many as may be');
});

test('a mean below the highest rate lets storage grow slower, and needs as many cores', () => {
  const all = forecast(measured, given());
  const half = forecast(measured, given({ meanShare: 0.5 }));
  assert.equal(half.cores, all.cores);
  near(half.growth.table, all.growth.table / 2, 'table');
  near(half.held.log, all.held.log / 2, 'log');
});

test('Kafka costs a broker for each copy, and is refused where it was not measured', () => {
  assert.throws(() => forecast(measured, given({ log: 'kafka' })), NotMeasuredError);
  const local = measured.cpuUs.local;
  const kafka = { single: { ...local.single, broker: 4 }, batch: { ...local.batch, broker: 1 } };
  const made = forecast({ ...measured, cpuUs: { local, kafka } }, given({ log: 'kafka', logDays: 30 }));
  near(made.parts.find(({ part }) => part === 'broker')!.cpuUs, 12, 'three copies');
  assert.deepEqual(made.hosts, { server: 1, postgres: 1, broker: 3 });
  near(made.held.log, 120 * 10_000 * 86_400 * 30 * 3, 'log');
});

test('a larger rate never needs less', () => {
  const rates = fc.tuple(
    fc.integer({ min: 1, max: 1e7 }),
    fc.integer({ min: 1, max: 1e7 }),
    fc.integer({ min: 1, max: 10_000 }),
  );
  assertProperty(
    fc.property(rates, ([one, other, usagesPerRequest]) => {
      const [low, high] = [Math.min(one, other), Math.max(one, other)].map((rate) =>
        forecast(measured, given({ rate, usagesPerRequest })),
      );
      const amounts = ({
        cores,
        frontProcesses,
        memoryBytes,
        write,
        growth,
        held,
        network,
        costPerMonth,
        hosts,
      }: typeof low & object) => [
        cores,
        frontProcesses,
        hosts.server + hosts.postgres,
        ...[memoryBytes, write, growth, held, network, costPerMonth].flatMap(
          (all) => Object.values(all) as number[],
        ),
      ];
      const ofHigh = amounts(high!);
      for (const [at, amount] of amounts(low!).entries())
        assert.ok(amount <= ofHigh[at]! * (1 + 1e-12), `amount ${at}`);
      for (const line of forecastLines(high!, given({ rate: one, usagesPerRequest })))
        assert.doesNotMatch(line.join(), /NaN|Infinity|undefined/);
    }),
    200,
  );
});

test('limits come lowest first, and those that are passed say what to do', () => {
  const assumptions = given({ rate: 50_000 });
  const made = forecast(measured, assumptions);
  const rates = made.limits.map(({ rate }) => rate);
  assert.deepEqual(
    rates,
    [...rates].sort((a, b) => a - b),
  );
  const [first] = limitLines(made, assumptions);
  assert.match(first!.join(' '), /^one front process: 41,667 requests\/s passed: more fronts/);
});

test('the constants follow from a result', () => {
  const sizes = {
    usages: 1_000,
    rowBytes: 114,
    logBytes: 117.44,
    tableBytes: 95.5,
    indexBytes: 69.1,
    walBytes: 193.7,
    requestBytes: { single: 206, batch: 103.85 },
    answerBytes: { single: 158, batch: 47.56 },
  };
  const made = capacityConstants(madeResult({ sizes }));
  assert.deepEqual(made.cpuUs.local.single, cpu({ front: 18, writer: 0.5, postgres: 9, supervisor: 0.2 }));
  assert.deepEqual(made.cpuUs.local.batch, cpu({ front: 4, writer: 0.3, postgres: 8 }));
  assert.equal(made.cpuUs.kafka, null, 'kafka, batch is not in the made result');
  assert.deepEqual(made.rssBytes, { front: 115e6, writer: 95e6, supervisor: 70e6 });
  assert.equal(made.bytes.log, 117);
  const kafkaBatch = madeMeasurement(
    { scenario: 'batch', subject: 'kafka' },
    { cpuUs: { front: 5e5, broker: 1e5, writer: 4e4, postgres: 8e5 } },
  );
  const withKafka = madeResult({ sizes, measurements: [...madeResult().measurements, kafkaBatch] });
  assert.equal(capacityConstants(withKafka).cpuUs.kafka!.batch.broker, 1);
});

test('a result without what is needed gives no constants', () => {
  assert.throws(() => capacityConstants(madeResult()), IncompleteResultError);
});

test('the shipped constants have their shape, and come from a commit of this project', () => {
  const figure = z.number().positive();
  const part = z.number().nonnegative();
  const cpuUs = z.strictObject({
    front: figure,
    relay: part,
    broker: part,
    writer: figure,
    postgres: figure,
    supervisor: part,
  });
  const byRequest = z.strictObject({ single: cpuUs, batch: cpuUs });
  const both = z.strictObject({ single: figure, batch: figure });
  const text = readFileSync(new URL('../../src/capacity/measured.json', import.meta.url), 'utf8');
  z.strictObject({
    format: z.literal(1),
    commit: z.string().regex(/^[0-9a-f]{7,40}$/),
    startedAt: z.iso.datetime({ offset: true }),
    quick: z.boolean(),
    machine: z.string().min(1),
    loadACore: z.number().nonnegative(),
    usagesPerSecond: both,
    cpuUs: z.strictObject({ local: byRequest, kafka: byRequest.nullable() }),
    rssBytes: z.strictObject({ front: figure, writer: figure, supervisor: figure }),
    bytes: z.strictObject({
      row: figure,
      log: figure,
      table: figure,
      index: figure,
      wal: figure,
      request: both,
      answer: both,
    }),
  }).parse(JSON.parse(text));
  assert.equal(Object.keys(readMeasured().cpuUs.local.single).sort().join(), [...cpuParts].sort().join());
});

test('the command prints the forecast and where its figures come from', () => {
  let printed = '';
  const stdout = { write: (text: string) => (printed += text) } as never;
  assert.equal(capacityCommand({ rate: 16_700 }, { stdout, stderr: stdout }), 0);
  for (const told of [
    /^16,700 requests\/s of one usage each, the local log\nMeasured 20/,
    /cores for the fronts/,
    /what ends first/,
    /Assumed/,
  ])
    assert.match(printed, told);
});
