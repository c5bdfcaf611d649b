/** What is drawn, as options of echarts: figures are made elsewhere. Nothing is drawn of what was not measured. */

import type { EChartsOption } from 'echarts';
import { colours, stageColours } from './colours.ts';

export interface Chart {
  /** Of its PNG file. */
  readonly name: string;
  readonly title: string;
  /** In words, for those who do not see it. */
  readonly description: string;
  /** `narrow`: for a phone. */
  readonly option: (narrow: boolean) => EChartsOption;
  /** Pixels; 340 where it is not said. */
  readonly height?: number;
}

export interface Bar {
  readonly label: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Line {
  readonly label: string;
  readonly points: readonly (readonly [number, number])[];
  readonly dashed?: boolean;
}

/** Those that are found on servers come first: without a browser nothing chooses a sans-serif for us. */
const fontFamily = 'DejaVu Sans, Liberation Sans, Noto Sans, Helvetica, Arial, sans-serif';
const text = { color: colours.text, fontSize: 12, fontFamily };
const quiet = { animation: false, textStyle: { fontFamily }, emphasis: { disabled: true } };

function valueAxis(name: string, more: Record<string, unknown> = {}) {
  return {
    type: 'value' as const,
    name,
    nameLocation: 'middle' as const,
    nameGap: 30,
    nameTextStyle: text,
    axisLabel: { ...text, hideOverlap: true },
    splitLine: { lineStyle: { color: colours.grid } },
    ...more,
  };
}

function labelAxis(labels: readonly string[], narrow: boolean) {
  return {
    type: 'category' as const,
    inverse: true,
    data: [...labels],
    axisTick: { show: false },
    axisLine: { lineStyle: { color: colours.grid } },
    axisLabel: { ...text, interval: 0, width: narrow ? 92 : 190, overflow: 'break' as const, lineHeight: 14 },
  };
}

const barGrid = (narrow: boolean, top: number) => ({
  left: narrow ? 104 : 204,
  right: narrow ? 46 : 70,
  top,
  bottom: 48,
});

/** The stages of each label on top of each other, with the sum at the end. `series` has a value a label. */
export function stackedBars(
  labels: readonly string[],
  series: readonly {
    readonly stage: keyof typeof stageColours;
    readonly name: string;
    readonly values: readonly number[];
  }[],
  unit: string,
): Chart['option'] {
  const sums = labels.map((_, at) => series.reduce((sum, { values }) => sum + values[at]!, 0));
  return (narrow) => ({
    ...quiet,
    legend: { top: 0, left: 0, textStyle: text, itemWidth: 14, itemHeight: 10 },
    grid: barGrid(narrow, narrow ? 74 : 44),
    xAxis: valueAxis(unit),
    yAxis: labelAxis(labels, narrow),
    series: [
      ...series.map(({ stage, name, values }) => ({
        type: 'bar' as const,
        stack: 'stages',
        name,
        barMaxWidth: 26,
        itemStyle: { color: stageColours[stage] },
        data: [...values],
      })),
      {
        type: 'bar' as const,
        stack: 'stages',
        silent: true,
        itemStyle: { color: 'none' },
        data: labels.map(() => 0),
        label: {
          show: true,
          position: 'right' as const,
          ...text,
          formatter: ({ dataIndex }: { dataIndex: number }) => shortNumber(sums[dataIndex]!),
        },
      },
    ],
  });
}

/** One bar a label: its median, and a whisker from the lowest round to the highest. */
export function bars(values: readonly Bar[], unit: string): Chart['option'] {
  return (narrow) => ({
    ...quiet,
    grid: barGrid(narrow, 10),
    xAxis: valueAxis(unit, { axisLabel: { ...text, hideOverlap: true, formatter: shortNumber } }),
    yAxis: labelAxis(
      values.map(({ label }) => label),
      narrow,
    ),
    series: [
      {
        type: 'bar',
        barMaxWidth: 26,
        itemStyle: { color: colours.bar },
        data: values.map(({ median }) => median),
      },
      {
        type: 'custom',
        silent: true,
        data: values.map(({ min, max, median }, at) => [max, at, min, median]),
        encode: { x: [0, 2], y: 1 },
        renderItem: (_params, api) => {
          const [right, y] = api.coord([api.value(0), api.value(1)]) as [number, number];
          const [left] = api.coord([api.value(2), api.value(1)]) as [number, number];
          const line = (x1: number, y1: number, x2: number, y2: number) => ({
            type: 'line' as const,
            shape: { x1, y1, x2, y2 },
            style: { stroke: colours.text, lineWidth: 1.5 },
          });
          return {
            type: 'group',
            children: [
              line(left, y, right, y),
              line(left, y - 5, left, y + 5),
              line(right, y - 5, right, y + 5),
              {
                type: 'text',
                style: {
                  text: shortNumber(Number(api.value(3))),
                  x: right + 6,
                  y,
                  fill: colours.text,
                  fontSize: 12,
                  fontFamily,
                  textVerticalAlign: 'middle',
                },
              },
            ],
          };
        },
      },
    ],
  });
}

/** Lines over a measured axis; `log` axes leave out what is not above 0. */
export function lines(
  all: readonly Line[],
  axes: {
    readonly x: string;
    readonly y: string;
    readonly logX?: boolean;
    readonly logY?: boolean;
    readonly yMax?: number;
  },
): Chart['option'] {
  const drawn = (point: readonly [number, number]) =>
    (!axes.logX || point[0] > 0) && (!axes.logY || point[1] > 0);
  const few = all.every(({ points }) => points.length <= 30);
  return (narrow) => ({
    ...quiet,
    legend: { top: 0, left: 0, textStyle: text, itemWidth: 18, itemHeight: 10 },
    grid: { left: 62, right: 20, top: narrow ? 74 : 48, bottom: 48 },
    xAxis: valueAxis(axes.x, {
      ...(axes.logX ? { type: 'log' } : {}),
      axisLabel: { ...text, hideOverlap: true, formatter: shortNumber },
    }),
    yAxis: valueAxis(axes.y, {
      nameGap: 44,
      min: axes.logY ? undefined : 0,
      max: axes.yMax,
      ...(axes.logY ? { type: 'log' } : {}),
      axisLabel: { ...text, hideOverlap: true, formatter: shortNumber },
    }),
    series: all.map(({ label, points, dashed }, at) => ({
      type: 'line' as const,
      name: label,
      showSymbol: few,
      symbolSize: 6,
      lineStyle: { width: 2, type: dashed ? ('dashed' as const) : ('solid' as const) },
      itemStyle: { color: colours.lines[at % colours.lines.length] },
      data: points.filter(drawn).map(([x, y]) => [x, y]),
    })),
  });
}

/** Fits an axis: 0.5, 16.7k, 1M. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3)));
}
