/** The four charts: what comes and is stored, how long a device waits, what waits in the log, what is not taken. */

import { createChart } from './chart.js';
import { count, duration, rate } from './numbers.js';

/** @typedef {import('./history.js').History} History */
/** @typedef {import('./chart.js').ChartOptions} ChartOptions */

/** @type {readonly ChartOptions[]} */
const charts = [
  {
    title: 'Usages a second',
    explained: 'Chart of usages a second over the last two minutes. The legend tells the values of now.',
    topMin: 5,
    format: rate,
    whole: true,
    lines: [
      { label: 'acknowledged', colour: 'blue', area: true, pick: ({ perSecond }) => perSecond.accepted },
      { label: 'stored', colour: 'teal', pick: ({ perSecond }) => perSecond.stored },
    ],
  },
  {
    title: 'Acknowledged within',
    explained:
      'Chart of how long an acknowledgement takes, as percentiles, over the last two minutes. The legend tells the values of now.',
    topMin: 0.005,
    format: duration,
    lines: [
      { label: '99 %', colour: 'violet', pick: ({ acknowledged }) => acknowledged?.p99 ?? null },
      { label: '90 %', colour: 'blue', pick: ({ acknowledged }) => acknowledged?.p90 ?? null },
      { label: '50 %', colour: 'teal', pick: ({ acknowledged }) => acknowledged?.p50 ?? null },
    ],
  },
  {
    title: 'Records that wait in the log',
    explained:
      'Chart of records in the log that are not in Postgres yet, over the last two minutes. The legend tells the value of now.',
    topMin: 10,
    format: count,
    whole: true,
    lines: [{ label: 'waiting', colour: 'amber', area: true, pick: ({ logs }) => recordsOf(logs) }],
  },
  {
    title: 'Requests not taken, a second',
    explained:
      'Chart of requests a second that were refused or failed, over the last two minutes. The legend tells the values of now.',
    topMin: 2,
    format: rate,
    whole: true,
    lines: [
      { label: 'refused (4xx)', colour: 'amber', pick: ({ perSecond }) => perSecond.refused },
      { label: 'failed (5xx)', colour: 'red', pick: ({ perSecond }) => perSecond.failed },
    ],
  },
];

/** @param {Element} at @param {History} history */
export function createChartsView(at, history) {
  const drawn = charts.map((options) => ({
    chart: createChart(options),
    picks: options.lines.map(({ pick }) => pick),
  }));
  at.replaceChildren(...drawn.map(({ chart }) => chart.figure));
  const dark = matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', () => {
    for (const { chart } of drawn) chart.recolour();
  });
  return () => {
    for (const { chart, picks } of drawn) chart.draw(history.columns(picks));
  };
}

/** @param {readonly import('../src/admin/console/snapshot.ts').LogState[]} logs */
function recordsOf(logs) {
  return logs.length === 0 ? null : logs.reduce((sum, { records }) => sum + (records ?? 0), 0);
}
