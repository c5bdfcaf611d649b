/** A bar on stderr with what is measured now and the time left: redrawn on a terminal, a line a step elsewhere. */

export interface Progress {
  /** What happens now. */
  show(what: string): void;
  /** So many of the planned seconds are over, however long they took. */
  advance(plannedSeconds: number): void;
  end(): void;
}

interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const width = 24;

export function createProgress(output: Output, plannedSeconds: number): Progress {
  const startedAt = performance.now();
  let done = 0;
  let what = '';
  let shown = '';

  function draw(): void {
    const elapsed = (performance.now() - startedAt) / 1_000;
    const text = progressText(done, plannedSeconds, elapsed, what);
    // Erased to the end of the line first: the text before may have been longer.
    if (output.isTTY) output.write(`\r\x1b[K${text}`);
    else if (what !== shown) output.write(`${text}\n`);
    shown = what;
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
      if (output.isTTY) output.write('\r\x1b[K');
    },
  };
}

/** Pure: `[######------------------]  25 %  1:30 left  staircase at 1,000/s: local` */
export function progressText(done: number, planned: number, elapsedS: number, what: string): string {
  const share = planned > 0 ? Math.min(1, done / planned) : 1;
  const full = Math.floor(share * width);
  const bar = `[${'#'.repeat(full)}${'-'.repeat(width - full)}]`;
  // The plan's own seconds count until some of it is done: then what it really took does.
  const leftS = Math.max(0, Math.round(done > 0 ? (elapsedS / done) * (planned - done) : planned - elapsedS));
  const left = `${Math.floor(leftS / 60)}:${`${leftS % 60}`.padStart(2, '0')} left`;
  return `${bar} ${`${Math.floor(share * 100)}`.padStart(3)} %  ${left}  ${what}`;
}
