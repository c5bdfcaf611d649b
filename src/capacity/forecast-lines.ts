/** A forecast in words and figures, for the command and for the docs alike. */

import type { Assumptions, Forecast } from './forecast.ts';
import type { CpuPart, Measured } from './measured.ts';

/** What is needed, and how much of it. */
export type Line = readonly [what: string, amount: string];

const partNames: Readonly<Record<CpuPart, string>> = {
  front: 'the fronts',
  relay: 'the relay',
  broker: 'the Kafka brokers',
  writer: 'the writer',
  postgres: 'Postgres',
  supervisor: 'the supervisor',
};

/** Every line of a forecast, in the order of the data. */
export function forecastLines(forecast: Forecast, given: Assumptions): Line[] {
  const { hosts, memoryBytes, write, growth, held, network, costPerMonth } = forecast;
  const kafka = given.log === 'kafka';
  return [
    ...forecast.parts
      .filter(({ cpuUs }) => cpuUs > 0)
      .map(
        ({ part, cpuUs, cores }): Line => [
          `cores for ${partNames[part]}`,
          `${amount(cores)} (${amount(cpuUs)} µs a usage)`,
        ],
      ),
    ['cores', amount(forecast.cores)],
    ['front processes', amount(forecast.frontProcesses)],
    ['hosts', hostsText(hosts, given)],
    ["memory of the server's processes", bytes(memoryBytes.server)],
    ['memory for the index pages in use', bytes(memoryBytes.postgres)],
    ['writes of the log', `${bytes(write.log)}/s`],
    ['writes of Postgres, its log included', `${bytes(write.postgres)}/s`],
    ['growth of the table', `${bytes(growth.table)} a day`],
    ['growth of its index', `${bytes(growth.index)} a day`],
    [`log kept ${days(given.logDays)}${kafka ? `, ${given.kafkaReplicas} copies` : ''}`, bytes(held.log)],
    [`Postgres after ${days(given.keepDays)}`, bytes(held.postgres)],
    ['network to and from clients', bits(network.clients)],
    ...(kafka ? [['network of Kafka', bits(network.log)] as const] : []),
    ['network to Postgres', bits(network.postgres)],
    ['cores cost a month', amount(costPerMonth.cores)],
    ['storage costs a month, once all is kept', amount(costPerMonth.storage)],
  ];
}

/** What comes first as the rate grows, and what is past its limit already. */
export function limitLines({ limits }: Forecast, { rate }: Assumptions): Line[] {
  return limits.map(({ what, rate: limit, remedy }) => [
    `${what}: ${amount(limit)} requests/s`,
    limit < rate ? `passed: ${remedy}` : `then ${remedy}`,
  ]);
}

/** What grows fastest, by the figures. */
export function growthText({ parts, growth, usagesPerSecond }: Forecast): string {
  const sum = parts.reduce((total, { cpuUs }) => total + cpuUs, 0);
  const [first] = [...parts].sort((a, b) => b.cpuUs - a.cpuUs);
  const perDay = growth.table + growth.index;
  return `CPU grows with the rate, and ${Math.round((100 * first!.cpuUs) / sum)} % of it is taken by ${partNames[first!.part]}. Storage grows with the rate and with time: at ${amount(usagesPerSecond)} usages/s ${bytes(perDay)} a day, ${Math.round((100 * growth.index) / perDay)} % of it the index.`;
}

/** Where the figures come from. */
export function sourceText({ commit, startedAt, quick, machine, loadACore }: Measured): string {
  const doubts = [
    ...(quick ? ['It was a quick run: the figures are rough.'] : []),
    ...(loadACore > 1
      ? [
          `The machine was busy with other work (${amount(loadACore)} processes a core): CPU a usage is far higher than on a free one.`,
        ]
      : []),
  ];
  return [`Measured ${startedAt.slice(0, 10)} at ${commit.slice(0, 10)} on ${machine}.`, ...doubts].join(' ');
}

function hostsText({ server, postgres, broker }: Forecast['hosts'], { coresPerHost }: Assumptions): string {
  if (postgres === 0) return `1 of ${coresPerHost} cores for everything`;
  const all = [
    `${amount(server)} for the server`,
    postgres === 1 ? '1 for Postgres' : `${amount(postgres)} for Postgres, an instance each`,
    ...(broker > 0 ? [`${amount(broker)} for Kafka`] : []),
  ];
  return `${all.join(', ')}, of ${coresPerHost} cores`;
}

const days = (count: number) => `${amount(count)} ${count === 1 ? 'day' : 'days'}`;

/** Three significant digits, thousands apart. */
function amount(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

function scaled(value: number, unit: string, prefixes: readonly string[]): string {
  const power = value < 1 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), prefixes.length - 1);
  return `${amount(value / 1000 ** power)} ${prefixes[power]}${unit}`;
}

function bytes(value: number): string {
  return scaled(value, 'B', ['', 'k', 'M', 'G', 'T', 'P']);
}

function bits(value: number): string {
  return scaled(value, 'bit/s', ['', 'k', 'M', 'G', 'T']);
}
