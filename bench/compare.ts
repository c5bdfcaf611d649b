/**
 * Is this tree faster than another commit of it? Both servers run at once and take turns, round by round; what is
 * compared is the CPU that the kernel accounts to their processes, a usage. Not rates: other work on the machine moves
 * those by more than most changes do.
 *
 *     npm run bench:compare -- <git-ref> [--scenario single|batch|drain] [--rounds 10] [--connections 64]
 */

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkOutBase } from './compare/base-tree.ts';
import { compareRounds } from './compare/statistics.ts';
import { startTreeServer, type TreeServer } from './compare/tree-server.ts';
import { type Load, startLoad } from './load/load.ts';
import type { PayloadForm } from './load/payload.ts';
import { requireProcessAccounting, type StageCpu, sampleStageCpu, stageCpuBetween } from './process-cpu.ts';

interface Scenario {
  readonly form: PayloadForm;
  readonly usagesPerRequest: number;
  /** Of a round: enough for some seconds of CPU. */
  readonly requests: number;
  /** Whether the writer is held still until all are acknowledged. */
  readonly held: boolean;
}

const scenarios: Readonly<Record<string, Scenario>> = {
  single: { form: 'single', usagesPerRequest: 1, requests: 40_000, held: false },
  batch: { form: 'array', usagesPerRequest: 100, requests: 1_500, held: false },
  // Few, so that the writer is held for a few seconds on a slow machine too.
  drain: { form: 'array', usagesPerRequest: 100, requests: 600, held: true },
};
const compared = ['front', 'writer', 'postgres', 'supervisor'] as const;
const sides = ['base', 'branch'] as const;
type Side = (typeof sides)[number];

interface Contender {
  readonly server: TreeServer;
  acknowledged: number;
  /** CPU microseconds a usage of each round. */
  readonly rounds: StageCpu[];
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scenario: { type: 'string' },
    rounds: { type: 'string', default: '10' },
    connections: { type: 'string', default: '64' },
  },
});
const [ref] = positionals;
const rounds = Number(values.rounds);
const connections = Number(values.connections);
const chosen = values.scenario === undefined ? Object.keys(scenarios) : [values.scenario];
const sound =
  positionals.length === 1 &&
  Number.isInteger(rounds) &&
  rounds >= 3 &&
  Number.isInteger(connections) &&
  connections >= 1 &&
  chosen.every((name) => Object.hasOwn(scenarios, name));
if (!sound || ref === undefined) {
  process.stderr.write(
    'npm run bench:compare -- <git-ref> [--scenario single|batch|drain] [--rounds 10, at least 3] [--connections 64]\n',
  );
  process.exit(64);
}
await compareWith(ref);

/** Undoes all it began, after an error and an interrupt too. */
async function compareWith(baseRef: string): Promise<void> {
  requireProcessAccounting();
  const undo: (() => Promise<void>)[] = [];
  let undoing: Promise<void> | null = null;
  const undoAll = () => {
    undoing ??= (async () => {
      for (const step of undo.splice(0).reverse()) await step();
    })();
    return undoing;
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void undoAll().finally(() => process.exit(1)));
  try {
    const repository = join(import.meta.dirname, '..');
    const base = await checkOutBase(repository, baseRef);
    undo.push(base.remove);
    const load = await startLoad();
    undo.push(load.stop);
    print(
      `base ${base.commit.slice(0, 10)} (${baseRef}) and this tree: ${rounds} rounds, ${connections} connections`,
    );
    for (const name of chosen) {
      const contenders = new Map<Side, Contender>();
      for (const side of sides) {
        const starting = startTreeServer(side === 'base' ? base.root : repository);
        undo.push(async () => (await starting.catch(() => null))?.stop());
        contenders.set(side, { server: await starting, acknowledged: 0, rounds: [] });
      }
      await compareScenario(name, scenarios[name]!, contenders, load);
      // Fresh servers for each scenario: equally small tables.
      for (const stop of undo.splice(-sides.length)) await stop();
    }
    print(
      'Ratio: geometric mean over the rounds; interval: 99 % by Student t of the log ratios of the rounds. Below 1 is less CPU.',
    );
  } catch (error) {
    // What an interrupt ended fails somewhere; that is no news.
    if (undoing === null) throw error;
  } finally {
    await undoAll();
  }
}

async function compareScenario(
  name: string,
  scenario: Scenario,
  contenders: ReadonlyMap<Side, Contender>,
  load: Load,
): Promise<void> {
  for (const side of sides) await measureRound(contenders.get(side)!, scenario, load);
  for (let round = 0; round < rounds; round++)
    // Who goes first takes turns too: the second one may find a warmer, or a busier, machine.
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      const contender = contenders.get(side)!;
      contender.rounds.push(await measureRound(contender, scenario, load));
    }
  print(`\n${name}: CPU µs a usage`);
  for (const stage of compared) {
    const of = (side: Side) => contenders.get(side)!.rounds.map((cpu) => cpu[stage] ?? 0);
    report(stage, of('base'), of('branch'));
  }
  const sum = (side: Side) =>
    contenders
      .get(side)!
      .rounds.map((cpu) => compared.reduce((total, stage) => total + (cpu[stage] ?? 0), 0));
  report('sum', sum('base'), sum('branch'));
}

/** CPU microseconds a usage by stage, from the first request until everything is stored. */
async function measureRound(contender: Contender, scenario: Scenario, load: Load): Promise<StageCpu> {
  const { server } = contender;
  const roots = await server.stageRoots();
  const before = await sampleStageCpu(roots);
  const writer = scenario.held ? await server.holdWriter() : null;
  let answered: Awaited<ReturnType<Load['run']>>;
  try {
    answered = await load.run({
      url: server.url,
      form: scenario.form,
      connections,
      pace: { kind: 'closed', requests: scenario.requests },
    });
  } finally {
    writer?.release();
  }
  if (answered.requests !== scenario.requests)
    throw new Error(
      `${answered.requests} of ${scenario.requests} requests were acknowledged (${answered.shed} shed, ${answered.firstError ?? 'no error'}): no figure`,
    );
  const usages = scenario.requests * scenario.usagesPerRequest;
  contender.acknowledged += usages;
  await server.settle(contender.acknowledged);
  const cpu = stageCpuBetween(before, await sampleStageCpu(roots));
  return Object.fromEntries(Object.entries(cpu).map(([stage, us]) => [stage, us! / usages]));
}

function report(what: string, base: readonly number[], branch: readonly number[]): void {
  if ([...base, ...branch].some((us) => us <= 0)) {
    print(`  ${what.padEnd(11)} too little to be measured`);
    return;
  }
  const { ratio, low, high, verdict } = compareRounds(base, branch);
  const mean = (all: readonly number[]) => (all.reduce((sum, us) => sum + us, 0) / all.length).toFixed(2);
  print(
    `  ${what.padEnd(11)} base ${mean(base).padStart(7)}  branch ${mean(branch).padStart(7)}  ratio ${ratio.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})  ${verdict}`,
  );
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
