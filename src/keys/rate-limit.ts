/**
 * How many usages a key may still send: a token bucket that holds `burst` and gains `rate` a second. A request is taken
 * while there is at least one token, and charged for all its usages, so a large one leaves a debt that is waited off.
 *
 * The limit is the instance's, whichever front a connection reaches: every front has the whole bucket, and tells the
 * others ten times a second what it charged. In between they can overdraw it together, by a tenth of a second's traffic;
 * that is a debt as well, so over seconds the rate holds.
 */
export class RateLimit {
  readonly rate: number;
  readonly burst: number;
  #level: number;
  #atMs: number;

  /**
   * @param rate usages per second, above 0
   * @param burst usages that may come at once, at least 1
   * @param nowMs the monotonic clock
   */
  constructor(rate: number, burst: number, nowMs: number) {
    this.rate = rate;
    this.burst = burst;
    this.#level = burst;
    this.#atMs = nowMs;
  }

  /** Here or by another front. */
  charge(usages: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#level -= usages;
  }

  /** Milliseconds until a request is taken; 0: now. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    return this.#level >= 1 ? 0 : ((1 - this.#level) / this.rate) * 1_000;
  }

  /** Whole usages that are left now. */
  left(nowMs: number): number {
    this.#fill(nowMs);
    return Math.max(0, Math.floor(this.#level));
  }

  /** Whole seconds until the whole burst is there again. */
  secondsToFull(nowMs: number): number {
    this.#fill(nowMs);
    return Math.ceil((this.burst - this.#level) / this.rate);
  }

  #fill(nowMs: number): void {
    // A message of another front may be older than what was charged here since.
    if (nowMs <= this.#atMs) return;
    this.#level = Math.min(this.burst, this.#level + ((nowMs - this.#atMs) / 1_000) * this.rate);
    this.#atMs = nowMs;
  }
}
