/** A whole run: brings up what it needs, measures step after step, and ends all of it, however it goes. */

import { tmpdir } from 'node:os';
import { KafkaNotRunnableError } from '../kafka/cluster.ts';
import { createBenchKafka } from './bench-kafka.ts';
import { rateText } from './figures.ts';
import { NoPsqlError } from './limits/copy-trial.ts';
import { type Load, startLoad } from './load/load.ts';
import { describeMachine, describeSources, describeVersions } from './machine.ts';
import { measureStep, type StepFailure } from './measure-step.ts';
import type { Options } from './options.ts';
import { createParticipants, type Participants } from './participants.ts';
import { requireProcessAccounting } from './process-cpu.ts';
import { createProgress, type Progress } from './progress.ts';
import type { BenchResult, Measurement, Sizes } from './result.ts';
import { planOf, roundSecondsAbout, type Step, subjectsOf, withSubjects } from './scenarios.ts';
import { measureSizes } from './sizes.ts';
import type { BenchContext } from './subject.ts';
import { needsKafka } from './subjects.ts';

export interface Measured {
  readonly result: BenchResult;
  /** What failed, and must make the run fail. */
  readonly failures: readonly string[];
}

type Missing = BenchResult['missing'][number];

/** @throws the reason of `signal` once that is aborted; everything is ended by then */
export async function measure(options: Options, command: string, signal: AbortSignal): Promise<Measured> {
  requireProcessAccounting();
  const startedAt = new Date();
  const before = {
    ...(await describeSources()),
    machine: await describeMachine(tmpdir()),
    versions: await describeVersions(),
  };
  const missing: Missing[] = [];
  const kafka = createBenchKafka();
  const undo: (() => Promise<void>)[] = [() => kafka.stop()];
  try {
    const plan = planOf(options);
    const isKafkaWanted = plan.some((step) => subjectsOf(step).some((key) => needsKafka.has(key)));
    // Whoever asks to go without is told what that leaves out, whatever else was asked for.
    const looksForKafka = isKafkaWanted || !options.kafka;
    const context = looksForKafka ? await orAborted(kafkaOf(options, kafka.start, missing), signal) : null;
    const load = await orAborted(startLoad(), signal);
    undo.push(() => load.stop());
    const participants = createParticipants(context);
    undo.push(() => participants.stop());
    const steps = withoutKafkaWhere(context === null, plan);
    const { measurements, failures } = await orAborted(
      measureSteps(steps, { participants, load, missing, signal }),
      signal,
    );
    const sizing = sizesOf(options, missing);
    undo.push(async () => void (await sizing));
    const sizes = await orAborted(sizing, signal);
    const durationS = (Date.now() - startedAt.getTime()) / 1_000;
    const { quick } = options;
    const head = { format: 1, ...before, startedAt: startedAt.toISOString(), durationS, quick } as const;
    return {
      result: {
        ...head,
        command,
        settings: {},
        loadCore: load.core,
        measurements,
        ...(sizes ? { sizes } : {}),
        missing,
      },
      failures,
    };
  } finally {
    for (let next = undo.pop(); next; next = undo.pop())
      await next().catch((error: Error) => process.stderr.write(`bench: at the end: ${error.message}\n`));
  }
}

/** Null where what the capacity calculator needs is not measured as a whole, or failed; `missing` says so. */
async function sizesOf(options: Options, missing: Missing[]): Promise<Sizes | null> {
  if (options.only !== null && !options.only.has('batch')) return null;
  if (options.quick) {
    missing.push({ what: 'sizes', why: 'a quick run does not measure what a usage takes in bytes' });
    return null;
  }
  try {
    return await measureSizes();
  } catch (error) {
    missing.push({ what: 'sizes', why: (error as Error).message });
    return null;
  }
}

/** Null where there is none; `missing` says why. */
async function kafkaOf(
  options: Options,
  start: () => Promise<NonNullable<BenchContext['kafka']>>,
  missing: Missing[],
): Promise<BenchContext['kafka']> {
  const leaveOut = (why: string) => {
    missing.push(...[...needsKafka].map((what) => ({ what, why })));
    return null;
  };
  if (!options.kafka) return leaveOut('the run was asked to go without Kafka');
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof KafkaNotRunnableError)) throw error;
    process.stderr.write(`bench: without Kafka: ${error.message}\n`);
    return leaveOut(error.message);
  }
}

/** Takes out what needs a Kafka; a step that has nothing left is gone. */
function withoutKafkaWhere(withoutKafka: boolean, steps: Step[]): Step[] {
  if (!withoutKafka) return steps;
  return steps
    .map((step) => withSubjects(step, (key) => !needsKafka.has(key)))
    .filter((step) => subjectsOf(step).length > 0);
}

async function measureSteps(
  steps: readonly Step[],
  tools: { participants: Participants; load: Load; missing: Missing[]; signal: AbortSignal },
): Promise<{ measurements: Measurement[]; failures: string[] }> {
  const measurements: Measurement[] = [];
  const failures: string[] = [];
  const planned = (step: Step) => roundSecondsAbout(step) * step.rounds * subjectsOf(step).length;
  const progress = createProgress(
    process.stderr,
    steps.reduce((sum, step) => sum + planned(step), 0),
  );
  try {
    for (const [n, step] of steps.entries()) {
      if (tools.signal.aborted) break;
      progress.show(`${titleOf(step)}: starting`);
      const outcome = await measureStep(step, {
        participants: tools.participants,
        load: tools.load,
        onRound: (subject) => progress.show(`${titleOf(step)}: ${subject}`),
        onRoundDone: () => progress.advance(roundSecondsAbout(step)),
      });
      measurements.push(...outcome.measurements);
      for (const failure of outcome.failures)
        tell(failure, step, { progress, missing: tools.missing, failures });
      await tools.participants.keepFor(steps.slice(n + 1));
    }
  } finally {
    progress.end();
  }
  return { measurements, failures };
}

/** What the machine lacks is told and makes no failure; all else does. */
function tell(
  { subject, error }: StepFailure,
  step: Step,
  to: { progress: Progress; missing: Missing[]; failures: string[] },
): void {
  const what = `${subject}, ${step.scenario}`;
  to.missing.push({ what, why: error.message });
  if (error instanceof NoPsqlError) return;
  to.failures.push(`${what}: ${error.message}`);
  to.progress.end();
  process.stderr.write(`bench: ${titleOf(step)}: ${subject} FAILED: ${error.stack}\n`);
}

function titleOf(step: Step): string {
  if (step.kind === 'trial') return step.scenario;
  return `${step.scenario}${rateText(step.rate)} over ${step.connections} connections`;
}

/** What is still under way then is ended by whoever undoes the run. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
