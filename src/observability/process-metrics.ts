/** What every process of ours tells of itself: CPU, memory, and how busy its event loop is. */

import { performance } from 'node:perf_hooks';
import type { Registry } from 'prom-client';
import { createMetrics } from './metrics.ts';

export interface ProcessMetrics {
  readonly registry: Registry;
  /** Brings the metrics up to now; called once a second. */
  sample(): void;
}

/** `worker` is the slot, never a pid: a label must not grow with restarts. */
export function createProcessMetrics(role: string, worker: number): ProcessMetrics {
  const labels = { role, worker: String(worker) };
  const { registry, metric } = createMetrics([
    'usage_event_loop_utilization',
    'usage_process_cpu_seconds_total',
    'usage_process_resident_memory_bytes',
  ]);
  let loop = performance.eventLoopUtilization();
  let cpu = { user: 0, system: 0 };
  return {
    registry,
    sample() {
      const loopNow = performance.eventLoopUtilization();
      metric.usage_event_loop_utilization.set(
        labels,
        performance.eventLoopUtilization(loopNow, loop).utilization,
      );
      loop = loopNow;
      const cpuNow = process.cpuUsage();
      const usedMicroseconds = cpuNow.user + cpuNow.system - cpu.user - cpu.system;
      metric.usage_process_cpu_seconds_total.inc(labels, Math.max(0, usedMicroseconds) / 1e6);
      cpu = cpuNow;
      metric.usage_process_resident_memory_bytes.set(labels, process.memoryUsage.rss());
    },
  };
}
