/**
 * From the cost of a usage to the machines for a rate. Pure: figures that were measured, assumptions that the caller
 * may change, and sums. Costs are taken as proportional to the rate, which holds where batches are as large as they
 * were when it was measured; at a few requests a second each usage costs more and all of it is next to nothing.
 */

import type { CpuByRequest, CpuPart, CpuUs, Measured } from './measured.ts';
import { cpuParts } from './measured.ts';

export interface Assumptions {
  /** Highest requests a second. */
  readonly rate: number;
  readonly usagesPerRequest: number;
  readonly log: 'local' | 'kafka';
  /** The mean rate of a day / the highest one. */
  readonly meanShare: number;
  /** Of a core, at the highest rate; the rest is for bursts and for the loss of a host. */
  readonly utilisation: number;
  readonly coresPerHost: number;
  readonly patients: number;
  /** How long usages stay in Postgres. */
  readonly keepDays: number;
  /** How long the log keeps what is stored. */
  readonly logDays: number;
  readonly kafkaReplicas: number;
  /** What a disk writes in order, megabytes a second. */
  readonly diskMegabytesPerSecond: number;
  readonly networkMbitPerSecond: number;
  readonly priceCoreHour: number;
  readonly priceGbMonth: number;
}

export const defaultAssumptions: Omit<Assumptions, 'rate'> = {
  usagesPerRequest: 1,
  log: 'local',
  meanShare: 1,
  utilisation: 0.6,
  coresPerHost: 8,
  patients: 1_000_000,
  keepDays: 365,
  logDays: 1,
  kafkaReplicas: 3,
  diskMegabytesPerSecond: 500,
  networkMbitPerSecond: 10_000,
  priceCoreHour: 0.04,
  priceGbMonth: 0.1,
};
/** What USAGE_LOG_KEEP_HOURS and the topic's retention are when nobody sets them. */
export const logDaysOf = { local: 1, kafka: 30 } as const;

export interface Forecast {
  readonly usagesPerSecond: number;
  /** Cores at the assumed utilisation, and CPU microseconds a usage. */
  readonly parts: readonly { readonly part: CpuPart; readonly cpuUs: number; readonly cores: number }[];
  readonly cores: number;
  readonly frontProcesses: number;
  readonly hosts: { readonly server: number; readonly postgres: number; readonly broker: number };
  /** Resident bytes of the server's processes, and what Postgres should find in memory. */
  readonly memoryBytes: { readonly server: number; readonly postgres: number };
  /** At the highest rate, bytes a second. */
  readonly write: { readonly log: number; readonly postgres: number };
  /** At the mean rate, bytes a day. */
  readonly growth: { readonly table: number; readonly index: number };
  /** Bytes once everything is as old as it gets. */
  readonly held: { readonly log: number; readonly postgres: number };
  /** At the highest rate, bits a second. */
  readonly network: { readonly clients: number; readonly log: number; readonly postgres: number };
  readonly costPerMonth: { readonly cores: number; readonly storage: number };
  /** Where something has to be added, lowest rate first. */
  readonly limits: readonly Limit[];
}

export interface Limit {
  readonly what: string;
  /** Requests a second. */
  readonly rate: number;
  /** What to do there. */
  readonly remedy: string;
}

/** What is not measured of a log with which nothing was measured. */
export class NotMeasuredError extends Error {}

const hoursPerMonth = 730;
const daySeconds = 86_400;
/** Ethernet 14, IP 20, TCP with its time stamps 32. */
const packetHeadBytes = 66;
/** What one packet carries beside that: an Ethernet frame's 1,500 less IP and TCP. */
const packetPayloadBytes = 1_448;
/** Each patient's newest usages lie on one page of the index. */
const pageBytes = 8_192;
const monthDays = 30;

/** @throws NotMeasuredError where nothing was measured with that log */
export function forecast(measured: Measured, given: Assumptions): Forecast {
  const byRequest = measured.cpuUs[given.log];
  if (byRequest === null) throw new NotMeasuredError(`nothing was measured with ${given.log} as the log`);
  const usagesPerSecond = given.rate * given.usagesPerRequest;
  const meanPerSecond = usagesPerSecond * given.meanShare;
  const cpuUs = cpuAt(byRequest, given);
  const coresOf = (part: CpuPart) => (usagesPerSecond * cpuUs[part]) / 1e6 / given.utilisation;
  const parts = cpuParts.map((part) => ({ part, cpuUs: cpuUs[part], cores: coresOf(part) }));
  const frontProcesses = Math.max(1, Math.ceil(coresOf('front')));
  const { bytes, rssBytes } = measured;
  const copies = given.log === 'kafka' ? given.kafkaReplicas : 1;
  const growth = {
    table: meanPerSecond * bytes.table * daySeconds,
    index: meanPerSecond * bytes.index * daySeconds,
  };
  const held = {
    log: meanPerSecond * bytes.log * daySeconds * given.logDays * copies,
    postgres: (growth.table + growth.index) * given.keepDays,
  };
  const cores = parts.reduce((sum, part) => sum + part.cores, 0);
  return {
    usagesPerSecond,
    parts,
    cores,
    frontProcesses,
    hosts: hostsFor(coresOf, cores, given),
    memoryBytes: {
      server: frontProcesses * rssBytes.front + rssBytes.writer + rssBytes.supervisor,
      postgres: Math.min(growth.index * monthDays, given.patients * pageBytes),
    },
    write: {
      log: usagesPerSecond * bytes.log * copies,
      postgres: usagesPerSecond * (bytes.wal + bytes.table + bytes.index),
    },
    growth,
    held,
    network: networkOf(measured, given, usagesPerSecond),
    costPerMonth: {
      cores: cores * hoursPerMonth * given.priceCoreHour,
      storage: ((held.log + held.postgres) / 1e9) * given.priceGbMonth,
    },
    limits: limitsOf(measured, given, cpuUs),
  };
}

/** Costs of a request and of a usage, told apart by the two sizes of request that were measured. */
function cpuAt({ single, batch }: CpuByRequest, given: Assumptions): CpuUs {
  const at = (part: CpuPart) => perUsage(single[part], batch[part], given.usagesPerRequest);
  const copies = given.log === 'kafka' ? given.kafkaReplicas : 1;
  return {
    front: at('front'),
    relay: at('relay'),
    // One broker was measured; each copy is taken to cost as much again.
    broker: at('broker') * copies,
    writer: at('writer'),
    postgres: at('postgres'),
    supervisor: at('supervisor'),
  };
}

/** What a usage takes of something that took `single` alone and `batch` among 100; never less than that. */
function perUsage(single: number, batch: number, usagesPerRequest: number): number {
  const ofRequest = Math.max(0, ((single - batch) * 100) / 99);
  const ofUsage = Math.max(single - ofRequest, batch - ofRequest / 100);
  return ofUsage + ofRequest / usagesPerRequest;
}

/** One host where everything fits it; else Postgres, and the brokers, on hosts of their own. */
function hostsFor(
  coresOf: (part: CpuPart) => number,
  cores: number,
  { coresPerHost, log, kafkaReplicas }: Assumptions,
): Forecast['hosts'] {
  const hosts = (needed: number) => Math.max(1, Math.ceil(needed / coresPerHost));
  const broker = log === 'kafka' ? Math.max(kafkaReplicas, hosts(coresOf('broker'))) : 0;
  if (log === 'local' && cores <= coresPerHost) return { server: 1, postgres: 0, broker };
  const server = coresOf('front') + coresOf('relay') + coresOf('writer') + coresOf('supervisor');
  return { server: hosts(server), postgres: hosts(coresOf('postgres')), broker };
}

function networkOf({ bytes }: Measured, given: Assumptions, usagesPerSecond: number): Forecast['network'] {
  const { usagesPerRequest, kafkaReplicas, log, rate } = given;
  const bits = (bytesPerSecond: number) => bytesPerSecond * 8;
  const payload = (of: Measured['bytes']['request']) =>
    perUsage(of.single, of.batch, usagesPerRequest) * usagesPerRequest;
  const request = payload(bytes.request);
  const answer = payload(bytes.answer);
  // The answer acknowledges the request; the client acknowledges the answer.
  const packets = Math.ceil(request / packetPayloadBytes) + Math.ceil(answer / packetPayloadBytes) + 1;
  const withHeads = (payloadBytes: number) => payloadBytes * (1 + packetHeadBytes / packetPayloadBytes);
  return {
    clients: bits(rate * (request + answer + packets * packetHeadBytes)),
    // To the leader, from it to each other copy, and to the writer.
    log: log === 'kafka' ? bits(withHeads(usagesPerSecond * bytes.log * (kafkaReplicas + 1))) : 0,
    postgres: bits(withHeads(usagesPerSecond * bytes.row)),
  };
}

function limitsOf(measured: Measured, given: Assumptions, cpuUs: CpuUs): Limit[] {
  const { utilisation, coresPerHost, usagesPerRequest, log } = given;
  const withCores = (cores: number, us: number) => (cores * utilisation * 1e6) / us / usagesPerRequest;
  const sum = cpuParts.reduce((total, part) => total + cpuUs[part], 0);
  const perRequest = {
    postgresBytes: (measured.bytes.wal + measured.bytes.table + measured.bytes.index) * usagesPerRequest,
    clientBits: networkOf(measured, { ...given, rate: 1 }, usagesPerRequest).clients,
  };
  const limits: Limit[] = [
    {
      what: 'one front process',
      rate: withCores(1, cpuUs.front),
      remedy: 'more fronts (USAGE_FRONTS), one a core',
    },
    {
      what: 'one writer process',
      rate: withCores(1, cpuUs.writer),
      remedy:
        log === 'kafka'
          ? 'another writer: they share the partitions'
          : 'more instances, or Kafka, whose writers share the partitions',
    },
    {
      what: `one host of ${coresPerHost} cores for everything`,
      rate: withCores(coresPerHost, sum),
      remedy: 'Postgres on a host of its own (DATABASE_URL), then hosts for fronts',
    },
    {
      what: `Postgres on a host of ${coresPerHost} cores`,
      rate: withCores(coresPerHost, cpuUs.postgres),
      remedy:
        'a larger host; beyond that, several instances with a database each, devices spread over them by patient',
    },
    {
      what: `${given.diskMegabytesPerSecond} MB/s of writes under Postgres`,
      rate: (given.diskMegabytesPerSecond * 1e6) / perRequest.postgresBytes,
      remedy: 'a faster disk, the write-ahead log on one of its own',
    },
    {
      what: `${given.networkMbitPerSecond.toLocaleString('en-US')} Mbit/s to the clients`,
      rate: (given.networkMbitPerSecond * 1e6) / perRequest.clientBits,
      remedy: 'more hosts for fronts, or more usages a request',
    },
  ];
  return limits.filter(({ rate }) => Number.isFinite(rate)).sort((a, b) => a.rate - b.rate);
}
