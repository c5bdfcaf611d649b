/** Measures a step: starts its subjects, warms them up, and takes round after round, one subject after the other. */

import { type Driven, driveRound, forget } from './drive.ts';
import type { Load } from './load/load.ts';
import { usagesPerRequest } from './load/payload.ts';
import type { Pace } from './load/plan.ts';
import { machineCpuBetween, sampleMachineCpu } from './machine-cpu.ts';
import type { Participants } from './participants.ts';
import type { Measurement, Round } from './result.ts';
import { rowsAddUp } from './rows.ts';
import type { LoadStep, Step, TrialStep } from './scenarios.ts';
import type { Trial } from './subject.ts';

/** What went wrong with one subject of a step; the others' figures stand. */
export interface StepFailure {
  readonly subject: string;
  readonly error: Error;
}

export interface StepOutcome {
  readonly measurements: readonly Measurement[];
  readonly failures: readonly StepFailure[];
}

export interface StepTools {
  readonly participants: Participants;
  readonly load: Load;
  /** Called before a subject's round, with its name. */
  onRound(subject: string): void;
  /** Called when the round is over. */
  onRoundDone(): void;
}

/** Rows that were found are not those that were acknowledged. */
export class RowsError extends Error {
  override readonly name = 'RowsError';
}

/** One subject as a step measures it. */
interface Candidate {
  readonly key: string;
  /** Starts it and warms it up. @returns how it is measured */
  prepare(): Promise<{ measurement: Omit<Measurement, 'rounds'>; round: () => Promise<Round> }>;
}

export async function measureStep(step: Step, tools: StepTools): Promise<StepOutcome> {
  const candidates = step.kind === 'load' ? loadCandidates(step, tools) : trialCandidates(step, tools);
  await startTogether(step, tools.participants);
  const failures: StepFailure[] = [];
  const ready: (Awaited<ReturnType<Candidate['prepare']>> & { key: string; rounds: Round[] })[] = [];
  for (const { key, prepare } of candidates) {
    try {
      ready.push({ ...(await prepare()), key, rounds: [] });
    } catch (error) {
      failures.push({ subject: key, error: error as Error });
    }
  }
  for (let n = 0; n < step.rounds; n++)
    for (const each of ready) {
      if (failures.some(({ subject }) => subject === each.key)) continue;
      tools.onRound(each.key);
      try {
        each.rounds.push(await measureRound(each.round));
      } catch (error) {
        failures.push({ subject: each.key, error: error as Error });
      }
      tools.onRoundDone();
    }
  const measured = ready.filter(({ key }) => !failures.some(({ subject }) => subject === key));
  return { measurements: measured.map(({ measurement, rounds }) => ({ ...measurement, rounds })), failures };
}

/** @throws RowsError; whatever the round throws */
async function measureRound(round: () => Promise<Round>): Promise<Round> {
  const before = sampleMachineCpu();
  const measured = checked(await round());
  return { ...measured, machine: machineCpuBetween(before, sampleMachineCpu()) };
}

/** Those that fail say so when they are prepared. */
async function startTogether(step: Step, { subject, trial }: Participants): Promise<void> {
  await Promise.allSettled(step.kind === 'load' ? step.subjects.map(subject) : step.trials.map(trial));
}

function checked(round: Round): Round {
  if (rowsAddUp(round)) return round;
  const { rowsFound, rowsExpected, usagesUnknown = 0 } = round;
  throw new RowsError(
    `the rows do not add up: ${rowsExpected} were acknowledged (${usagesUnknown} more may have been stored), ${rowsFound} were found`,
  );
}

function trialCandidates(step: TrialStep, { participants }: StepTools): Candidate[] {
  return step.trials.map((key) => ({
    key,
    async prepare() {
      const trial: Trial = await participants.trial(key);
      const { name: subject, durability } = trial;
      return {
        measurement: { scenario: step.scenario, subject, durability, connections: 0, offeredRate: null },
        round: () => trial.round(step.size),
      };
    },
  }));
}

function loadCandidates(step: LoadStep, tools: StepTools): Candidate[] {
  const { scenario, form, connections, rate } = step;
  return step.subjects.map((key) => ({
    key,
    async prepare() {
      const driven = await tools.participants.subject(key);
      await forget(driven);
      const pace = await warmedPace(step, tools.load, driven);
      const { durability } = driven.subject;
      return {
        measurement: { scenario, subject: key, durability, connections, offeredRate: rate },
        round: () =>
          driveRound({
            driven,
            load: tools.load,
            plan: { form, connections, pace },
            followsBacklog: rate !== null,
          }),
      };
    },
  }));
}

/** Usages of the first warm-up: most code is compiled after so many. */
const firstUsages = 3_000;
/** A round has so many at least, however slow the machine: CPU a usage of fewer is mostly that of single events. */
const usagesMin = 2_000;
/** No round stores more: what a fast server takes in has to go into Postgres before the next one begins. */
const usagesMax = 1_000_000;

/** Time in which to learn how fast a subject is that needs no more warming up. */
const trySeconds = 1;

/** Warms up. @returns the step's rate, or as many requests as take about as long as the step wants */
async function warmedPace(step: LoadStep, load: Load, driven: Driven): Promise<Pace> {
  const { rate, seconds, warmSeconds } = step;
  if (rate === null) return closedPace(step, (await warmUp(step, load, driven)) * seconds);
  if (warmSeconds > driven.loadedS) await warmUp(step, load, driven);
  return { kind: 'open', rate, seconds };
}

function closedPace({ form, connections, loop }: LoadStep, requests: number): Pace {
  const perRequest = usagesPerRequest(form);
  const bounded = Math.max(connections, usagesMin / perRequest, Math.min(requests, usagesMax / perRequest));
  return { kind: loop, requests: Math.round(bounded) };
}

/** A closed loop for as long as the step says, less what it was under load before. @returns requests/s */
async function warmUp(step: LoadStep, load: Load, driven: Driven): Promise<number> {
  const { form, connections, warmSeconds } = step;
  const perRequest = usagesPerRequest(form);

  async function rateWith(requests: number): Promise<number> {
    const pace = closedPace(step, requests);
    const result = await load.run({ url: driven.url, form, connections, pace });
    if (result.requests === 0)
      throw new Error(`nothing is acknowledged (${result.firstError ?? 'all is shed'})`);
    driven.acknowledged += result.requests * perRequest;
    driven.loadedS += result.durationS;
    return result.requests / result.durationS;
  }

  const roughly = await rateWith(firstUsages / perRequest);
  const rate = await rateWith(roughly * Math.max(trySeconds, warmSeconds - driven.loadedS));
  await driven.subject.settle(driven.acknowledged);
  await forget(driven);
  return rate;
}
