/**
 * What troubles the partitions just now, so that logs get one line a change of state and not one a try, and
 * `usage_postgres_up` and `usage_partitions_stopped` tell the present state.
 */

import { type LogEvent, troubles } from '../observability/log-events.ts';
import type { Logger } from '../observability/logger.ts';
import type { WriterMetrics } from './writer-metrics.ts';

/** Why a partition stopped until somebody acts. */
export type StopReason = 'gap' | 'poison' | 'too_new';

export interface PartitionHealth {
  /** Every session is told; partitions are not asked. */
  reachable(reachable: boolean): void;
  /** A try failed and will be repeated. */
  failing(partition: string, event: 'store_failing' | 'log_read_failing', error: unknown): void;
  /** A partition stopped. Told once, with what to do. */
  stopped(partition: string, reason: StopReason, event: LogEvent, fields: object): void;
  /** A partition goes on, or is gone. */
  well(partition: string): void;
}

export function createPartitionHealth(logger: Logger, { metric, labels }: WriterMetrics): PartitionHealth {
  const failing = new Map<string, 'store_failing' | 'log_read_failing'>();
  const stopped = new Map<string, StopReason>();
  let isReachable = false;

  function show(): void {
    const storeFails = [...failing.values()].includes('store_failing');
    metric.usage_postgres_up.set(labels, isReachable && !storeFails ? 1 : 0);
    for (const reason of ['gap', 'poison', 'too_new'] as const) {
      const count = [...stopped.values()].filter((value) => value === reason).length;
      metric.usage_partitions_stopped.set({ reason }, count);
    }
  }

  return {
    reachable(reachable) {
      isReachable = reachable;
      show();
    },
    failing(partition, event, error) {
      if (failing.get(partition) === event) return;
      failing.set(partition, event);
      logger.error(event, { partition, err: error });
      show();
    },
    stopped(partition, reason, event, fields) {
      if (stopped.get(partition) === reason) return;
      stopped.set(partition, reason);
      logger.error(event, { partition, ...fields });
      show();
    },
    well(partition) {
      if (!failing.has(partition) && !stopped.has(partition)) return;
      const event = failing.get(partition);
      if (event) logger.info(troubles[event].over, { partition });
      failing.delete(partition);
      if (stopped.delete(partition)) logger.info('partition_resumed', { partition });
      show();
    },
  };
}
