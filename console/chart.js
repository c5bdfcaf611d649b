/** One chart of the last minutes: lines that move with time, and a legend with the values of now, or under the pointer. */

import uPlot from '/console/uplot.js';
import { windowSeconds } from './history.js';
import { make, write } from './page-elements.js';

/** @typedef {'blue' | 'teal' | 'violet' | 'grey' | 'amber' | 'red'} Colour */
/** @typedef {import('../src/admin/console/snapshot.ts').ConsoleSnapshot} Snapshot */
/**
 * @typedef {object} Line
 * @property {string} label
 * @property {Colour} colour
 * @property {(snapshot: Snapshot) => number | null} pick
 * @property {boolean} [area] filled below
 */
/**
 * @typedef {object} ChartOptions
 * @property {string} title
 * @property {string} explained what it shows, for those who do not see it
 * @property {readonly Line[]} lines
 * @property {(value: number | null | undefined) => string} format
 * @property {number} topMin the axis goes up to this at least
 * @property {boolean} [whole] the axis names whole numbers alone
 */

/** Seconds before now, and how they are called. */
const timeSplits = [-120, -90, -60, -30, 0];
const timeNames = ['2 min', '90 s', '1 min', '30 s', 'now'];

const wholeSteps = [0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power));

/** @param {ChartOptions} options */
export function createChart({ title, explained, lines, format, topMin, whole }) {
  const values = lines.map(() => make('b', '', '–'));
  const legend = make('ul', 'legend');
  lines.forEach(({ label, colour }, index) => {
    const swatch = make('span', `swatch swatch-${colour}`);
    legend.append(make('li', '', swatch, `${label} `, values[index] ?? ''));
  });
  const plot = make('div', 'plot');
  plot.setAttribute('role', 'img');
  plot.setAttribute('aria-label', explained);
  const figure = make('figure', 'chart card', make('figcaption', '', make('h3', '', title), legend), plot);

  const chart = new uPlot(
    {
      width: 300,
      height: 168,
      padding: [8, 18, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, sync: { key: 'console' }, points: { size: 7 } },
      scales: {
        x: { time: false, range: lastMinutes },
        y: { range: (_, __, max) => [0, topOf(max, topMin)] },
      },
      axes: [
        {
          ...axis(),
          size: 26,
          splits: (self) => timeSplits.map((at) => at + end(self)),
          values: () => timeNames,
        },
        {
          ...axis(),
          size: whole ? 50 : 58,
          space: 24,
          ...(whole ? { incrs: wholeSteps } : {}),
          values: (_, splits) => splits.map((value) => format(value)),
        },
      ],
      series: [{}, ...lines.map(lineOptions)],
      hooks: { setCursor: [showValues] },
    },
    [[]],
    plot,
  );
  new ResizeObserver(() => chart.setSize({ width: plot.clientWidth, height: plot.clientHeight })).observe(
    plot,
  );

  function showValues() {
    const at = chart.cursor.idx ?? (chart.data[0]?.length ?? 0) - 1;
    values.forEach((value, index) => {
      write(value, format(chart.data[index + 1]?.[at]));
    });
  }

  return {
    figure,
    /** @param {(number | null)[][]} columns */
    draw(columns) {
      chart.setData(/** @type {uPlot.AlignedData} */ (columns));
      showValues();
    },
    /** The colours of the page have changed. */
    recolour: () => chart.redraw(false),
  };
}

/** @param {uPlot} self */
function end(self) {
  return self.data[0]?.at(-1) ?? 0;
}

/** @param {uPlot} self @returns {[number, number]} */
function lastMinutes(self) {
  return [end(self) - windowSeconds, end(self)];
}

/** A little air above the highest. @param {number | null} max @param {number} topMin */
function topOf(max, topMin) {
  return Math.max(topMin, (max ?? 0) * 1.1);
}

function axis() {
  return {
    stroke: () => colourOf('quiet'),
    font: '12px system-ui, sans-serif',
    gap: 6,
    ticks: { show: false },
    grid: { stroke: () => colourOf('grid'), width: 1 },
  };
}

/** @param {Line} line @returns {uPlot.Series} */
function lineOptions({ colour, area }) {
  return {
    stroke: () => colourOf(colour),
    width: 1.75,
    points: {
      show: true,
      size: 4,
      filter: lonely,
      stroke: () => colourOf(colour),
      fill: () => colourOf(colour),
    },
    ...(area ? { fill: () => colourOf(`${colour}-area`) } : {}),
  };
}

/**
 * A value with none beside it makes no line: it gets a point.
 * @param {uPlot} self @param {number} index of the line
 */
function lonely(self, index) {
  const values = self.data[index] ?? [];
  return [...values.keys()].filter(
    (at) => values[at] != null && values[at - 1] == null && values[at + 1] == null,
  );
}

/** @param {string} name of a custom property in colours.css */
function colourOf(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);
}
