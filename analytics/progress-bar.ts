/** A bar that is redrawn on a terminal, and a line every tenth where the output is a file. */

export interface ProgressBar {
  show(done: number): void;
  /** Leaves the cursor on a line of its own. */
  end(): void;
}

interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const width = 30;

export function createProgressBar(output: Output, total: number, unit: string): ProgressBar {
  const startedAt = performance.now();
  let shownTenths = 0;
  let isOpen = false;
  return {
    show(done) {
      const text = progressText(done, total, unit, (performance.now() - startedAt) / 1_000);
      if (output.isTTY) {
        // Erased to the end of the line first: the text before may have been longer.
        output.write(`\r\x1b[K${text}`);
        isOpen = true;
        return;
      }
      const tenths = Math.floor((10 * done) / total);
      if (tenths === shownTenths) return;
      shownTenths = tenths;
      output.write(`${text}\n`);
    },
    end() {
      if (isOpen) output.write('\n');
      isOpen = false;
    },
  };
}

/** Pure: `[#####-----]  50 %  500,000 of 1,000,000 rows  80,000/s  6 s left` */
export function progressText(done: number, total: number, unit: string, seconds: number): string {
  const share = Math.min(1, done / total);
  const full = Math.floor(share * width);
  const bar = `[${'#'.repeat(full)}${'-'.repeat(width - full)}]`;
  const rate = seconds > 0 ? done / seconds : 0;
  const left = rate > 0 ? `${Math.ceil((total - done) / rate)} s left` : 'starting';
  const count = (value: number) => Math.round(value).toLocaleString('en-US');
  const percent = `${Math.floor(share * 100)}`.padStart(3);
  return `${bar} ${percent} %  ${count(done)} of ${count(total)} ${unit}  ${count(rate)}/s  ${left}`;
}
