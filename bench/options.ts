/** What `npm run bench` understands. */

import { parseArgs } from 'node:util';
import { type ScenarioName, scenarioOrder } from './result.ts';
import type { Wanted } from './scenarios.ts';
import { subjects, trials } from './subjects.ts';

const subjectNames = [...new Set([...Object.keys(subjects), ...Object.keys(trials)])];

export const help = `npm run bench -- [options]
  --quick            under 2 minutes: no Kafka, shorter rounds, fewer rates, a smaller backlog
  --only A,B         some scenarios: ${scenarioOrder.join(', ')}
  --subjects A,B     some of what is measured: ${subjectNames.join(', ')}
  --soak 30m         adds a soak at 16,700 requests a second for so long (s, m or h), with each log
  --no-kafka         without Kafka and what needs it
  --seconds N        of a round under load, instead of each scenario's own
  --rounds N         instead of each scenario's own
  --usages N         of a drain's backlog, instead of each scenario's own
  --out FOLDER       where result.json and the report go (default bench/results/<date>-<commit>)
Servers keep their data below the system's folder for temporary files: TMPDIR=/a/folder on the disk to be measured.
`;

export interface Options extends Wanted {
  readonly kafka: boolean;
  /** Null: named for the date and the commit. */
  readonly out: string | null;
}

/** Null: help was asked for. @throws Error that says which option is wrong */
export function readOptions(argv: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      subjects: { type: 'string' },
      soak: { type: 'string' },
      'no-kafka': { type: 'boolean', default: false },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      usages: { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const only = values.only === undefined ? null : scenariosIn(values.only);
  if (only?.has('soak') && values.soak === undefined) throw new Error('--only soak needs --soak 30m or so');
  return {
    quick: values.quick,
    only,
    subjects: values.subjects === undefined ? null : subjectsIn(values.subjects),
    soakSeconds: values.soak === undefined ? null : durationS(values.soak),
    kafka: !values['no-kafka'],
    seconds: values.seconds === undefined ? null : within('--seconds', values.seconds, 0.1, 3_600),
    rounds: values.rounds === undefined ? null : Math.round(within('--rounds', values.rounds, 1, 100)),
    usages: values.usages === undefined ? null : Math.round(within('--usages', values.usages, 1_000, 20e6)),
    out: values.out ?? null,
  };
}

function scenariosIn(text: string): ReadonlySet<ScenarioName> {
  const names = text.split(',');
  const unknown = names.find((name) => !scenarioOrder.includes(name as ScenarioName));
  if (unknown !== undefined)
    throw new Error(`--only: there is no scenario "${unknown}", there are ${scenarioOrder.join(', ')}`);
  return new Set(names as ScenarioName[]);
}

function subjectsIn(text: string): ReadonlySet<string> {
  const names = text.split(',');
  const unknown = names.find((name) => !subjectNames.includes(name));
  if (unknown !== undefined)
    throw new Error(`--subjects: there is no "${unknown}", there are ${subjectNames.join(', ')}`);
  return new Set(names);
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };
/** Every second of a soak is a sample that the result holds. */
const soakSecondsMax = 48 * 3_600;

function durationS(text: string): number {
  const match = /^(\d+)([smh])$/.exec(text);
  const seconds = match ? Number(match[1]) * unitSeconds[match[2]!]! : 0;
  if (seconds < 1 || seconds > soakSecondsMax) throw new Error('--soak is like 90s, 30m or 8h, at most 48h');
  return seconds;
}

function within(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= min && value <= max))
    throw new Error(`${name} is a number from ${min} to ${max}`);
  return value;
}
