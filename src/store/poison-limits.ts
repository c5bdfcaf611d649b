/** How much poison a partition takes before its cause cannot be odd lines any more: a constraint, a changed column. */

/** More dead letters than this in one batch are no odd line any more but a fault of ours: the partition stops. */
export const deadLettersPerBatchMax = 100;

/** Too much is refused for it to be the data's fault. Stops its partition, loudly. */
export class PoisonLimitError extends Error {
  override readonly name = 'PoisonLimitError';
  /** Why the last line was refused, without a value. */
  readonly refusal: string;
  constructor(message: string, refusal: string) {
    super(message);
    this.refusal = refusal;
  }
}

const windowMs = 60_000;
const shareMax = 0.01;
/** So few in a minute are odd lines, whatever their share: at a low rate one of them would be over 1 %. */
const deadLettersMin = 10;

/** How much of what a partition stored in the last minute was refused. */
export interface PoisonRate {
  /**
   * Before a commit: whether these are too many.
   * @throws PoisonLimitError when more than 1 % of the last minute's usages, and more than 10, were refused
   */
  check(usages: number, deadLetters: number, refusal: string): void;
  /** After a commit. */
  add(usages: number, deadLetters: number): void;
}

/** @param now monotonic milliseconds */
export function createPoisonRate(now: () => number = () => performance.now()): PoisonRate {
  const entries: { atMs: number; usages: number; deadLetters: number }[] = [];
  let usagesSum = 0;
  let deadLettersSum = 0;

  function forgetOld(): void {
    for (let first = entries[0]; first && first.atMs < now() - windowMs; first = entries[0]) {
      usagesSum -= first.usages;
      deadLettersSum -= first.deadLetters;
      entries.shift();
    }
  }

  return {
    check(usages, deadLetters, refusal) {
      if (deadLetters === 0) return;
      forgetOld();
      const dead = deadLettersSum + deadLetters;
      if (dead <= deadLettersMin || dead <= shareMax * (usagesSum + usages)) return;
      throw new PoisonLimitError(`${dead} dead letters within a minute, over 1 % of the usages`, refusal);
    },
    add(usages, deadLetters) {
      forgetOld();
      usagesSum += usages;
      deadLettersSum += deadLetters;
      // Batches of one second share an entry: the list stays below about 60.
      const last = entries.at(-1);
      if (last && last.atMs > now() - 1_000) {
        last.usages += usages;
        last.deadLetters += deadLetters;
      } else entries.push({ atMs: now(), usages, deadLetters });
    },
  };
}
