/** A bar that is redrawn on a terminal, and a line a step where the output is a file. */

export interface ProgressBar {
  /**
   * @param share of all that is to be done, 0 to 1
   * @param text beside the bar
   * @param step a file gets a line when it is another one
   */
  show(share: number, text: string, step: string | number): void;
  /** Leaves the cursor on a line of its own. */
  end(): void;
}

export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const width = 30;

export function createProgressBar(output: ProgressOutput): ProgressBar {
  let shownStep: string | number | null = null;
  let isOpen = false;
  return {
    show(share, text, step) {
      const line = `${barText(share)}  ${text}`;
      // Erased to the end of the line first: the text before may have been longer.
      if (output.isTTY) output.write(`\r\x1b[K${line}`);
      else if (step !== shownStep) output.write(`${line}\n`);
      isOpen = output.isTTY === true;
      shownStep = step;
    },
    end() {
      if (isOpen) output.write('\n');
      isOpen = false;
    },
  };
}

/** Pure: `[###############---------------]  50 %` */
export function barText(share: number): string {
  const bounded = Math.min(1, share);
  const full = Math.floor(bounded * width);
  return `[${'#'.repeat(full)}${'-'.repeat(width - full)}] ${`${Math.floor(bounded * 100)}`.padStart(3)} %`;
}
