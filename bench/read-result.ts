/** Reads a result.json back, and says where it is not one. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type BenchResult, scenarioOrder, subjectOrder } from './result.ts';

const figure = z.number().nonnegative();
const byStage = z.partialRecord(
  z.enum(['front', 'log', 'broker', 'writer', 'postgres', 'supervisor', 'subject', 'load']),
  figure,
);
const latency = z.object({ p50: figure, p90: figure, p99: figure, p999: figure, max: figure });
const round = z.object({
  durationS: figure,
  requests: figure,
  usages: figure,
  shed: figure,
  errors: figure,
  rowsFound: figure.nullable(),
  rowsExpected: figure.nullable(),
  cpuUs: byStage,
  latencyMs: latency.nullable(),
  usagesUnknown: figure.optional(),
  firstError: z.string().optional(),
  unsent: figure.optional(),
  sentLateMs: latency.optional(),
  latencyWindows: z.array(latency).min(2).optional(),
  undisturbed: z.object({ shareOfTime: figure, latencyMs: latency }).optional(),
  rssBytesMax: byStage,
  lagSMax: figure.nullable(),
  drainedAfterS: figure.nullable(),
  series: z.array(
    z.object({
      atS: figure,
      requests: figure,
      usagesStored: figure,
      backlogRecords: figure,
      rssBytes: byStage,
    }),
  ),
  machine: z.object({ coresBusy: figure, coresStolen: figure }).optional(),
});
const measurement = z.object({
  scenario: z.enum(scenarioOrder),
  subject: z.enum(subjectOrder),
  durability: z.string(),
  connections: figure,
  offeredRate: figure.nullable(),
  rounds: z.array(round).min(1),
});
const texts = z.record(z.string(), z.string());
const resultSchema = z.object({
  format: z.literal(1),
  commit: z.string(),
  dirty: z.boolean(),
  startedAt: z.iso.datetime({ offset: true }),
  durationS: figure,
  quick: z.boolean(),
  command: z.string(),
  machine: z.object({
    cpu: z.string(),
    cores: figure,
    memoryBytes: figure,
    kernel: z.string(),
    fileSystem: z.string(),
    loadBefore: figure,
  }),
  versions: texts,
  settings: texts,
  loadCore: figure.nullable().optional(),
  measurements: z.array(measurement),
  missing: z.array(z.object({ what: z.string(), why: z.string() })),
  sizes: z
    .object({
      usages: z.number().positive(),
      rowBytes: figure,
      logBytes: figure,
      tableBytes: figure,
      indexBytes: figure,
      walBytes: figure,
      requestBytes: z.object({ single: figure, batch: figure }),
      answerBytes: z.object({ single: figure, batch: figure }),
    })
    .optional(),
});

/** A file that is no result, with where. */
export class NoResultError extends Error {}

/** @throws NoResultError where `folder` has no result.json of this format */
export async function readResult(folder: string): Promise<BenchResult> {
  const file = join(folder, 'result.json');
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new NoResultError(`cannot read ${file}`, { cause });
  });
  return parseResult(text, file);
}

/** @throws NoResultError where `text`, out of `file`, is no result */
export function parseResult(text: string, file: string): BenchResult {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new NoResultError(`${file} is no JSON`, { cause });
  }
  const parsed = resultSchema.safeParse(json);
  // As it was written: what a newer benchmark adds is kept.
  if (parsed.success) return json as BenchResult;
  const [issue] = parsed.error.issues;
  throw new NoResultError(
    `${file} is no result of the benchmark: ${issue!.path.join('.')}: ${issue!.message}`,
  );
}
