/** What all partition writers of one writer share. */

import type { LogKind } from '../log/log.ts';
import type { Logger } from '../observability/logger.ts';
import type { Connect } from '../postgres/sql-client.ts';
import type { Months } from '../store/months.ts';
import type { Sessions } from '../store/sessions.ts';
import type { PartitionHealth } from './partition-health.ts';
import type { WriterMetrics } from './writer-metrics.ts';

export interface PartitionContext {
  /** The value of the `log` label. */
  readonly kind: LogKind;
  readonly source: string;
  readonly connect: Connect;
  readonly lockTimeoutMs: number;
  /** Bytes of rows in one transaction, about. */
  readonly batchBytesMax: number;
  /** From the end of a small transaction to the beginning of the partition's next one, at least. */
  readonly gatherMs: number;
  /** How often a partition that stopped for want of an operator is tried again. */
  readonly probeEveryMs: number;
  readonly sessions: Sessions;
  readonly months: Months;
  readonly health: PartitionHealth;
  readonly metrics: WriterMetrics;
  readonly logger: Logger;
  /** Another writer moved a position. */
  onOvertaken(partition: string): void;
}
