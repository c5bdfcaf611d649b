/** `usage-ingest capacity --rate N`: which machines a rate needs, from what the benchmark measured. */

import {
  type Assumptions,
  defaultAssumptions,
  forecast,
  logDaysOf,
  NotMeasuredError,
} from '../capacity/forecast.ts';
import { forecastLines, growthText, type Line, limitLines, sourceText } from '../capacity/forecast-lines.ts';
import { readMeasured } from '../capacity/measured.ts';
import { exitCode } from '../system/exit-codes.ts';
import type { CommandStreams } from './command-streams.ts';

/** What the command line gave; the rest is as `defaultAssumptions`. */
export type CapacityArguments = Pick<Assumptions, 'rate'> & Partial<Assumptions>;

/** Prints the forecast. @returns the exit code: 1 where nothing was measured with that log */
export function capacityCommand(
  given: CapacityArguments,
  { stdout, stderr }: Pick<CommandStreams, 'stdout' | 'stderr'>,
): number {
  const log = given.log ?? defaultAssumptions.log;
  const assumptions: Assumptions = { ...defaultAssumptions, logDays: logDaysOf[log], ...given };
  const measured = readMeasured();
  try {
    const result = forecast(measured, assumptions);
    stdout.write(`${titleOf(assumptions)}\n${sourceText(measured)}\n\n`);
    stdout.write(aligned(forecastLines(result, assumptions)));
    stdout.write(`\n${growthText(result)}\n\nAs the rate grows, what ends first, and what to do:\n`);
    stdout.write(aligned(limitLines(result, assumptions)));
    stdout.write(`\n${assumedText(assumptions)}\n`);
    return exitCode.ok;
  } catch (error) {
    if (!(error instanceof NotMeasuredError)) throw error;
    stderr.write(
      `${error.message}: run "npm run bench" with Kafka, then "npm run bench:report -- --capacity <folder>"\n`,
    );
    return exitCode.failure;
  }
}

function titleOf({ rate, usagesPerRequest, log }: Assumptions): string {
  const each = usagesPerRequest === 1 ? 'one usage' : `${usagesPerRequest} usages`;
  return `${rate.toLocaleString('en-US')} requests/s of ${each} each, ${log === 'kafka' ? 'Kafka as the log' : 'the local log'}`;
}

function assumedText(given: Assumptions): string {
  return [
    `Assumed: cores used up to ${100 * given.utilisation} %; a mean rate of ${100 * given.meanShare} % of the highest; ${given.patients.toLocaleString('en-US')} patients;`,
    `${given.priceCoreHour} a core-hour and ${given.priceGbMonth} a GB-month, in whatever currency your prices are. Each is an option: --help.`,
  ].join('\n');
}

function aligned(lines: readonly Line[]): string {
  const width = Math.max(...lines.map(([what]) => what.length));
  return lines.map(([what, amount]) => `  ${what.padEnd(width)}  ${amount}\n`).join('');
}
