/** On stderr: what is measured now, and the time left. */

import { createProgressBar, type ProgressOutput } from '../harness/progress-bar.ts';

export interface Progress {
  /** What happens now. */
  show(what: string): void;
  /** So many of the planned seconds are over, however long they took. */
  advance(plannedSeconds: number): void;
  end(): void;
}

export function createProgress(output: ProgressOutput, plannedSeconds: number): Progress {
  const startedAt = performance.now();
  const bar = createProgressBar(output);
  let done = 0;
  let what = '';

  function draw(): void {
    const elapsedS = (performance.now() - startedAt) / 1_000;
    const share = plannedSeconds > 0 ? done / plannedSeconds : 1;
    bar.show(share, `${timeLeft(done, plannedSeconds, elapsedS)} left  ${what}`, what);
  }

  const timer = setInterval(() => output.isTTY && draw(), 1_000);
  timer.unref();
  return {
    show(now) {
      what = now;
      draw();
    },
    advance(seconds) {
      done += seconds;
    },
    end() {
      clearInterval(timer);
      bar.end();
    },
  };
}

/** Pure: `1:30`. The plan's own seconds count until some of it is done: then what it really took does. */
export function timeLeft(done: number, planned: number, elapsedS: number): string {
  const leftS = Math.max(0, Math.round(done > 0 ? (elapsedS / done) * (planned - done) : planned - elapsedS));
  return `${Math.floor(leftS / 60)}:${`${leftS % 60}`.padStart(2, '0')}`;
}
