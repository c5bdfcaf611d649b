/** Prometheus' text format, as a scrape gives it. */

/** The sum of a metric's samples whose labels match, read from Prometheus' text format. */
export function sampleSum(text: string, name: string, labels: Record<string, string> = {}): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    const sample = /^([a-zA-Z_:]+)(?:\{(.*)\})? (\S+)/.exec(line);
    if (sample?.[1] !== name) continue;
    const matches = Object.entries(labels).every(([key, value]) => sample[2]?.includes(`${key}="${value}"`));
    if (matches) sum += Number(sample[3]);
  }
  return sum;
}
