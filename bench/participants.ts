/** The subjects and trials of a run: each is started when a step first needs it and stopped when no later one does. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Driven } from './drive.ts';
import type { Step } from './scenarios.ts';
import type { BenchContext, Trial } from './subject.ts';
import { type SubjectKey, subjects, type TrialKey, trials } from './subjects.ts';

export interface Participants {
  /** @throws what its start throws; it is stopped by then */
  subject(key: SubjectKey): Promise<Driven>;
  trial(key: TrialKey): Promise<Trial>;
  /** Stops those that none of the steps needs. */
  keepFor(steps: readonly Step[]): Promise<void>;
  /** Stops all, removes their folders; all are tried, the first error counts. */
  stop(): Promise<void>;
}

interface Participant<T> {
  readonly started: Promise<T>;
  stop(): Promise<void>;
}

export function createParticipants(kafka: BenchContext['kafka']): Participants {
  const drivens = new Map<SubjectKey, Participant<Driven>>();
  const measuring = new Map<TrialKey, Participant<Trial>>();

  async function startSubject(key: SubjectKey, folder: string, undo: Undo): Promise<Driven> {
    const subject = subjects[key]({ folder, kafka });
    undo.push(() => subject.stop());
    const { url } = await subject.start();
    return { subject, url, acknowledged: 0, rows: null, loadedS: 0 };
  }

  async function startTrial(key: TrialKey, folder: string, undo: Undo): Promise<Trial> {
    const trial = trials[key]({ folder, kafka });
    undo.push(() => trial.stop());
    await trial.start();
    return trial;
  }

  return {
    subject: (key) => joined(drivens, key, startSubject),
    trial: (key) => joined(measuring, key, startTrial),
    async keepFor(steps) {
      const subjectsNeeded = new Set(steps.flatMap((step) => (step.kind === 'load' ? step.subjects : [])));
      const trialsNeeded = new Set(steps.flatMap((step) => (step.kind === 'trial' ? step.trials : [])));
      await stopAll([
        ...taken(drivens, (key) => !subjectsNeeded.has(key)),
        ...taken(measuring, (key) => !trialsNeeded.has(key)),
      ]);
    },
    stop: () => stopAll([...taken(drivens, () => true), ...taken(measuring, () => true)]),
  };
}

type Undo = (() => Promise<void>)[];

/** The one that takes part already, or a new one in a folder of its own. */
async function joined<K extends string, T>(
  all: Map<K, Participant<T>>,
  key: K,
  start: (key: K, folder: string, undo: Undo) => Promise<T>,
): Promise<T> {
  const known = all.get(key);
  if (known) return known.started;
  const undo: Undo = [];
  let stopped: Promise<void> | null = null;
  const participant: Participant<T> = {
    started: (async () => {
      const folder = await mkdtemp(join(tmpdir(), `bench-${key}-`));
      undo.push(() => rm(folder, { recursive: true, force: true }));
      return start(key, folder, undo);
    })(),
    stop: () => (stopped ??= undoAll(undo)),
  };
  all.set(key, participant);
  try {
    return await participant.started;
  } catch (error) {
    all.delete(key);
    await participant.stop();
    throw error;
  }
}

/** Takes them out of the map. */
function taken<K, T>(all: Map<K, Participant<T>>, which: (key: K) => boolean): Participant<unknown>[] {
  const out: Participant<unknown>[] = [];
  for (const [key, participant] of all) {
    if (!which(key)) continue;
    all.delete(key);
    out.push(participant);
  }
  return out;
}

async function stopAll(participants: readonly Participant<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(participants.map((participant) => participant.stop()));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}

/** In the reverse order of their making; all are tried, the first error counts. */
async function undoAll(undo: Undo): Promise<void> {
  const errors: unknown[] = [];
  for (let next = undo.pop(); next; next = undo.pop()) await next().catch((error) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}
