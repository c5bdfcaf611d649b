/**
 * All role processes of the instance: who is ready, what `/readyz` answers because of it, who is silent, who is
 * given up, and the order of the stop. What a process is, is role-slot.ts; where the fleet stands in an
 * instance's life is supervisor.ts.
 */

import type { Logger } from '../observability/logger.ts';
import { mergeSnapshots } from '../observability/merge.ts';
import { createMetrics, type MetricName, type MetricSnapshot } from '../observability/metrics.ts';
import { onChange } from '../observability/told.ts';
import type { Charges } from '../role/messages.ts';
import type { Role } from '../role/roles.ts';
import { createMetricsHub } from './metrics-hub.ts';
import { type InstanceReadiness, instanceReadiness } from './readiness.ts';
import { createRoleSlot, type RoleSlot } from './role-slot.ts';
import type { RoleRow } from './role-table.ts';
import type { Timing } from './timing.ts';

export interface FleetOptions {
  readonly rows: readonly RoleRow[];
  count(row: RoleRow): number;
  readonly timing: Timing;
  readonly logger: Logger;
  environment(row: RoleRow): NodeJS.ProcessEnv;
  /** A front charged the API keys. */
  onCharged(charges: Charges): void;
  /** A role keeps failing; called once at most. */
  onGivenUp(): void;
}

export interface Fleet {
  /** Starts the processes of these roles. */
  start(which: (row: RoleRow) => boolean): void;
  /** Resolves when every process of these roles is ready at once, or a stop begins. */
  ready(which: (row: RoleRow) => boolean): Promise<void>;
  readiness(): InstanceReadiness;
  anyReady(): boolean;
  /** From now on nothing is ready and nothing is given up; the processes still work. */
  drain(): void;
  /** Role after role, in the order of the table. */
  stop(): Promise<void>;
  kill(): void;
  /** The Prometheus text of all processes and of `own`. */
  metricsText(own: MetricSnapshot): Promise<string>;
  /** The named metrics of all processes, as `metricsText` tells them. */
  totals(names: ReadonlySet<MetricName>): Promise<MetricSnapshot>;
  /** What they grow by in a second. */
  rates(names: ReadonlySet<MetricName>): Promise<MetricSnapshot>;
  processes(): FleetProcess[];
}

export interface FleetProcess {
  readonly role: Role;
  readonly worker: number;
  readonly ready: boolean;
  /** Undefined between the end of one process and the start of the next. */
  readonly pid: number | undefined;
}

interface Member {
  readonly row: RoleRow;
  readonly slot: RoleSlot;
}

const tickMs = 1_000;

/** As long as it is because one change of a slot touches readiness, waiting and giving up together. */
export function createFleet(options: FleetOptions): Fleet {
  const { rows, timing, logger } = options;
  const hub = createMetricsHub();
  const { registry, metric } = createMetrics(['usage_role_restarts_total']);
  const members: Member[] = rows.flatMap((row) =>
    Array.from({ length: options.count(row) }, (_, worker) => ({ row, slot: makeSlot(row, worker) })),
  );
  let draining = false;
  let tick: NodeJS.Timeout | null = null;
  /** Those who wait for a change of some slot. */
  let waiting: (() => void)[] = [];

  function makeSlot(row: RoleRow, worker: number): RoleSlot {
    const labels = { role: row.role, worker: String(worker) };
    metric.usage_role_restarts_total.inc(labels, 0);
    return createRoleSlot({
      role: row.role,
      worker,
      entry: row.entry,
      timing,
      logger,
      environment(restart) {
        const environment = options.environment(row);
        // A failpoint kills once: what is started again must show that it recovers.
        if (restart) delete environment.FAILPOINT;
        return environment;
      },
      isDraining: () => draining,
      greeting: () => ({ type: 'readiness', ...readiness() }),
      onChange: slotChanged,
      onCharged(charges) {
        options.onCharged(charges);
        const others = members.filter((member) => member.row === row && member.slot.worker !== worker);
        for (const { slot } of others) slot.tell({ type: 'charged', charges });
      },
      onMetrics: hub.push,
      onEnd: hub.retire,
      onRestart: () => metric.usage_role_restarts_total.inc(labels),
    });
  }

  function readiness(): InstanceReadiness {
    const fronts = members.filter(({ row }) => row.role === 'front');
    return instanceReadiness(
      draining,
      fronts.map(({ slot }) => slot.state),
    );
  }

  function slotChanged(): void {
    tellReadiness();
    wake();
    const failing = members.find(isGivenUp);
    if (!failing || draining) return;
    logger.error('role_given_up', { ofRole: failing.slot.role, ends: failing.slot.endsWithoutReady });
    options.onGivenUp();
  }

  /**
   * A role keeps failing when one of its slots ended so often in a row without getting ready and no other is
   * ready. That ends the instance where the role never worked (a wrong configuration), and where nothing can
   * be acknowledged without it (whoever watches over us can then act).
   */
  function isGivenUp({ row, slot }: Member): boolean {
    if (slot.endsWithoutReady < timing.endsWithoutReadyMax) return false;
    const sameRole = members.filter((member) => member.row === row);
    if (sameRole.some((member) => member.slot.state.ready)) return false;
    return row.acknowledges || !sameRole.some((member) => member.slot.wasReady);
  }

  const tellChanged = onChange('', () => {
    for (const { slot } of members) slot.tell({ type: 'readiness', ...readiness() });
  });
  const tellReadiness = () => tellChanged(JSON.stringify(readiness()));

  function wake(): void {
    const all = waiting;
    waiting = [];
    for (const one of all) one();
  }

  return {
    start(which) {
      tick ??= watchSilence(members.map(({ slot }) => slot));
      for (const { row, slot } of members) if (which(row)) slot.start();
    },
    async ready(which) {
      const awaited = members.filter(({ row }) => which(row));
      while (!draining && !awaited.every(({ slot }) => slot.state.ready)) {
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    readiness,
    anyReady: () => members.some(({ slot }) => slot.state.ready),
    drain() {
      draining = true;
      tellReadiness();
      wake();
    },
    async stop() {
      for (const row of rows) {
        await Promise.all(members.filter((member) => member.row === row).map(({ slot }) => slot.stop()));
      }
      if (tick) clearInterval(tick);
    },
    kill() {
      for (const { slot } of members) slot.kill();
    },
    metricsText: async (own) => hub.text([...own, ...(await registry.getMetricsAsJSON())]),
    totals: async (names) => mergeSnapshots([await hub.totals(names), await registry.getMetricsAsJSON()]),
    rates: hub.rates,
    processes: () =>
      members.map(({ slot: { role, worker, state, pid } }) => ({ role, worker, ready: state.ready, pid })),
  };
}

/** Looks once a second for processes that say nothing. */
function watchSilence(slots: readonly RoleSlot[]): NodeJS.Timeout {
  let lastMs = performance.now();
  return setInterval(() => {
    const nowMs = performance.now();
    // Late: this process itself was stopped or starved, and what it did not hear yet is waiting to be read.
    const late = nowMs - lastMs > 2 * tickMs;
    lastMs = nowMs;
    for (const slot of slots) {
      if (late) slot.forgiveSilence();
      else slot.checkSilence();
    }
  }, tickMs);
}
