/** What was told in the last minutes: columns for the charts, and how much counters grew lately. Pure. */

/** @typedef {import('../src/admin/console/snapshot.ts').ConsoleSnapshot} Snapshot */

/** How far back the charts go. */
export const windowSeconds = 120;
const minuteMs = 60_000;
/** Longer without a snapshot is a hole in the charts. */
const holeMs = 3_000;

/** @typedef {{ seconds: number, snapshot: Snapshot | null }} Point */

export function createHistory() {
  /** @type {Point[]} */
  let points = [];

  /** @param {Snapshot} snapshot */
  function push(snapshot) {
    const last = points.at(-1);
    const seconds = snapshot.at / 1_000;
    // A clock that was set back would draw backwards; another instance counts from 0 again.
    const isOther = last?.snapshot && last.snapshot.instance.startedAt !== snapshot.instance.startedAt;
    if (last && (seconds <= last.seconds || isOther)) points = [];
    else if (last && snapshot.at - last.seconds * 1_000 > holeMs)
      points.push({ seconds: last.seconds + 1, snapshot: null });
    points.push({ seconds, snapshot });
    points = points.filter((point) => point.seconds >= seconds - windowSeconds - 2);
  }

  /**
   * Times, and one row of values for each of `picks`; null where nothing was told.
   * @param {readonly ((snapshot: Snapshot) => number | null)[]} picks
   * @returns {(number | null)[][]}
   */
  function columns(picks) {
    const rows = picks.map((pick) => points.map(({ snapshot }) => (snapshot ? pick(snapshot) : null)));
    return [points.map(({ seconds }) => seconds), ...rows];
  }

  /**
   * How much a counter grew in the last `withinMs`, or since the page began to listen.
   * @param {(snapshot: Snapshot) => number} pick
   */
  function growth(pick, withinMs = minuteMs) {
    const last = points.at(-1)?.snapshot;
    if (!last) return 0;
    const first = points.find(({ snapshot }) => snapshot && last.at - snapshot.at <= withinMs)?.snapshot;
    return first ? pick(last) - pick(first) : 0;
  }

  return { push, columns, growth };
}

/** @typedef {ReturnType<typeof createHistory>} History */
