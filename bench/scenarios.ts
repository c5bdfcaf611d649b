/** What a run does, in order: a step is one measurement of each of its subjects, which alternate round by round. */

import type { PayloadForm } from './load/payload.ts';
import type { Pace } from './load/plan.ts';
import type { ScenarioName } from './result.ts';
import type { TrialSize } from './subject.ts';
import type { SubjectKey, TrialKey } from './subjects.ts';

export interface LoadStep {
  readonly kind: 'load';
  readonly scenario: ScenarioName;
  readonly subjects: readonly SubjectKey[];
  readonly form: PayloadForm;
  readonly connections: number;
  /** Requests a second; null: each connection waits for its answer. */
  readonly rate: number | null;
  /** Of a step without a rate. */
  readonly loop: ClosedLoop;
  readonly seconds: number;
  /**
   * Under load before the first round, in this step or in those before: a server runs for days, and most of its code
   * is compiled by then. May be 0.
   */
  readonly warmSeconds: number;
  readonly rounds: number;
}

export type ClosedLoop = Exclude<Pace['kind'], 'open'>;

export interface TrialStep {
  readonly kind: 'trial';
  readonly scenario: ScenarioName;
  readonly trials: readonly TrialKey[];
  readonly size: TrialSize;
  readonly rounds: number;
}

export type Step = LoadStep | TrialStep;

export interface Wanted {
  readonly quick: boolean;
  /** Null: all but the soak. */
  readonly only: ReadonlySet<ScenarioName> | null;
  /** Keys of subjects and trials; null: all. */
  readonly subjects: ReadonlySet<string> | null;
  /** Of the soak; null: there is none. */
  readonly soakSeconds: number | null;
  /** Instead of the scenarios' own. */
  readonly seconds: number | null;
  readonly rounds: number | null;
  /** Of a drain's backlog. */
  readonly usages: number | null;
}

/** A million a minute, by the second. */
export const peakRate = 16_700;
const rates = [10, 100, 1_000, 10_000, peakRate, 25_000, 50_000, 100_000] as const;
const peakSeconds = 60;
/** As many as the figures of others in the issue were measured at, and as few as they were measured at too. */
const [many, few] = [512, 64] as const;
/** A repeat in twenty is 5 %. */
const repeatEvery = 20;

export function planOf(wanted: Wanted): Step[] {
  const steps = (wanted.quick ? quickSteps() : fullSteps()).concat(soakSteps(wanted.soakSeconds));
  return steps
    .filter(({ scenario }) => scenario === 'soak' || wanted.only === null || wanted.only.has(scenario))
    .map((step) => withOverrides(step, wanted))
    .map((step) => withSubjects(step, (key) => wanted.subjects === null || wanted.subjects.has(key)))
    .filter((step) => subjectsOf(step).length > 0);
}

/** The keys of its subjects or trials. */
export const subjectsOf = (step: Step): readonly (SubjectKey | TrialKey)[] =>
  step.kind === 'load' ? step.subjects : step.trials;

/** The step with those of its subjects that are wanted; there may be none. */
export function withSubjects(step: Step, isWanted: (key: SubjectKey | TrialKey) => boolean): Step {
  return step.kind === 'load'
    ? { ...step, subjects: step.subjects.filter(isWanted) }
    : { ...step, trials: step.trials.filter(isWanted) };
}

function withOverrides(step: Step, wanted: Wanted): Step {
  if (step.scenario === 'soak') return step;
  const rounds = wanted.rounds ?? step.rounds;
  if (step.kind === 'load') return { ...step, rounds, seconds: wanted.seconds ?? step.seconds };
  const { usages, seconds, repeatEvery } = step.size;
  const size = {
    usages: usages > 0 ? (wanted.usages ?? usages) : 0,
    seconds: wanted.seconds ?? seconds,
    repeatEvery,
  };
  return { ...step, rounds, size };
}

/** Stand side by side where single usages are measured. */
export const everyServer = [
  'bare',
  'bare-durable',
  'local',
  'kafka',
  'kafka-front',
  'bare-kafka',
  'express-array',
  'fastify-kafkajs',
  'fastify-insert',
] as const;

/** 12 to 17 minutes on two cores: five and more of them are the two minutes at a million a minute, and the drains of five million. */
function fullSteps(): Step[] {
  return [
    disk(2, 3),
    // The local log before Kafka's instance and the peers are started: idle beside it, Kafka and its clients took a
    // tenth of a core, and doubled its p99 at a million a minute.
    ...climb('local'),
    // What the machine, the load generator and the disk make of this rate where the server does next to nothing.
    { ...warmed(3, staircase(['bare', 'bare-durable'], peakRate, 6)), rounds: 3 },
    ...climb('kafka'),
    // What is compared most: a median of three is still a matter of luck on a rented machine.
    warmed(warmSeconds, single(everyServer, many, 3, 5)),
    single(['bare', 'local', 'kafka'], few, 2, 2),
    load('single-autocannon', ['bare', 'local'], 'single', few, 2, 2),
    load('single-reconnect', ['bare', 'local', 'kafka'], 'single', few, 2, 2),
    load('batch', ['local', 'kafka'], 'array', few, 2, 2),
    load('ndjson', ['local', 'kafka'], 'ndjson', 16, 2, 2),
    drain('drain', ['copy', 'local', 'kafka'], 5_000_000, 1),
    drain('drain-repeats', ['copy-staged', 'local', 'kafka'], 500_000, 2),
  ];
}

/** Under 2 minutes: short rounds, no Kafka, and of each scenario what its figure needs. */
function quickSteps(): Step[] {
  return [
    disk(0.5, 1),
    single(['bare', 'local', 'express-array'], many, 1, 2),
    load('single-autocannon', ['bare', 'local'], 'single', few, 0.5, 1),
    load('single-reconnect', ['bare', 'local'], 'single', few, 0.5, 1),
    load('batch', ['local'], 'array', few, 0.5, 1),
    load('ndjson', ['local'], 'ndjson', 16, 0.5, 1),
    staircase(['local'], 1_000, 1),
    staircase(['local'], peakRate, 2),
    staircase(['local'], 100_000, 1),
    drain('drain', ['copy', 'local'], 200_000, 1),
    drain('drain-repeats', ['copy-staged', 'local'], 200_000, 1),
  ];
}

function soakSteps(seconds: number | null): Step[] {
  if (seconds === null) return [];
  return (['local', 'kafka'] as const).map((subject) => ({
    ...warmed(logWarmSeconds[subject], staircase([subject], peakRate, seconds)),
    scenario: 'soak',
  }));
}

/**
 * autocannon where its own CPU hardly counts, and once for single usages, beside our own loop: a request costs it more
 * CPU than it costs a server, which takes from the server what two cores have.
 */
const loops: Readonly<Partial<Record<ScenarioName, ClosedLoop>>> = {
  'single-autocannon': 'autocannon',
  'single-reconnect': 'reconnect',
  batch: 'autocannon',
  ndjson: 'autocannon',
};

const load = (
  scenario: ScenarioName,
  subjects: readonly SubjectKey[],
  form: PayloadForm,
  connections: number,
  seconds: number,
  rounds: number,
): LoadStep => ({
  kind: 'load',
  scenario,
  subjects,
  form,
  connections,
  rate: null,
  loop: loops[scenario] ?? 'closed',
  seconds,
  warmSeconds: Math.min(3, seconds),
  rounds,
});

const single = (subjects: readonly SubjectKey[], connections: number, seconds: number, rounds: number) =>
  load('single', subjects, 'single', connections, seconds, rounds);

/** For those that are compared: kafkajs gets faster for a quarter of a minute. */
const warmSeconds = 12;
/** The broker's Java compiles for a minute under load; what is left of it falls to the staircase's lower rates. */
const logWarmSeconds = { local: warmSeconds, kafka: 30 } as const;

const warmed = (seconds: number, step: LoadStep): LoadStep => ({ ...step, warmSeconds: seconds });

/** At low rates no more connections than requests a second. */
const staircase = (subjects: readonly SubjectKey[], rate: number, seconds: number): LoadStep => ({
  ...warmed(0, load('staircase', subjects, 'single', Math.min(many, rate), seconds, 1)),
  rate,
});

/** All rates, one after the other; warm before the first, whose few requests would compile nothing. */
const climb = (subject: keyof typeof logWarmSeconds): LoadStep[] =>
  rates.map((rate, n) =>
    warmed(
      n === 0 ? logWarmSeconds[subject] : 0,
      staircase([subject], rate, rate === peakRate ? peakSeconds : 3),
    ),
  );

function drain(
  scenario: 'drain' | 'drain-repeats',
  trials: readonly TrialKey[],
  usages: number,
  rounds: number,
): TrialStep {
  const size = { usages, repeatEvery: scenario === 'drain' ? null : repeatEvery, seconds: 0 };
  return { kind: 'trial', scenario, trials, size, rounds };
}

const disk = (seconds: number, rounds: number): TrialStep => ({
  kind: 'trial',
  scenario: 'disk',
  trials: ['fsync-small', 'fsync-large'],
  size: { usages: 0, repeatEvery: null, seconds },
  rounds,
});

/** Rough seconds of a round of one subject, for the progress bar alone. */
export function roundSecondsAbout(step: Step): number {
  if (step.kind === 'load') return step.seconds + 1.5 + step.warmSeconds / step.rounds;
  return step.size.seconds + step.size.usages / 40_000 + (step.size.usages > 0 ? 3 : 0);
}
