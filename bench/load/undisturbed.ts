/**
 * Latencies of the moments in which the host took next to nothing from this machine: what the server does, apart from
 * what it is given to do it with. A moment is a tenth of a second; with the three before, whose queues it inherits, it
 * may have lost 20 ms of one core, as the kernel tells it in hundredths of a second.
 */

import { sampleMachineCpu } from '../machine-cpu.ts';
import type { Undisturbed } from '../result.ts';
import { LatencyHistogram } from './latency-histogram.ts';

const momentMs = 100;
const inheritedMoments = 3;
const stolenSMax = 0.02;

export interface UndisturbedWatch {
  /** An acknowledgement came just now. */
  answer(latencyMs: number): void;
  /** Null where too much was stolen all the time. */
  stop(): Undisturbed | null;
}

/** @param stolenS of the host so far, seconds; for tests */
export function watchUndisturbed(stolenS = () => sampleMachineCpu().stolenS): UndisturbedWatch {
  const histogram = new LatencyHistogram();
  let latencies: number[] = [];
  /** At the beginning of this moment and of those before, the newest first. */
  const stolenBefore = [stolenS()];
  let moments = 0;
  let undisturbed = 0;

  function endMoment(): void {
    const stolen = stolenS();
    // The account comes in hundredths; their sums as floats do not.
    const lostS = Math.round((stolen - stolenBefore.at(-1)!) * 100) / 100;
    stolenBefore.unshift(stolen);
    stolenBefore.length = Math.min(stolenBefore.length, inheritedMoments + 1);
    moments++;
    if (lostS <= stolenSMax) {
      undisturbed++;
      for (const ms of latencies) histogram.record(ms);
    }
    latencies = [];
  }

  const timer = setInterval(endMoment, momentMs);
  return {
    answer: (latencyMs) => void latencies.push(latencyMs),
    stop() {
      clearInterval(timer);
      const latencyMs = histogram.latency();
      return latencyMs && { shareOfTime: Math.round((undisturbed / moments) * 1_000) / 1_000, latencyMs };
    },
  };
}
