/** How figures are written, everywhere alike. */

import { type Figure, isMeasured } from '../figures.ts';

/** Three significant digits, thousands apart: 0.0412, 1.62, 16,700. */
export function numberText(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** The median, then the lowest and the highest round where there were several; or that there is none. */
export function figureText(figure: Figure, unit = ''): string {
  if (!isMeasured(figure)) return 'not measured';
  const { median, min, max, rounds } = figure;
  const text = `${numberText(median)}${unit && ` ${unit}`}`;
  return rounds === 1 ? text : `${text} (${numberText(min)} to ${numberText(max)})`;
}

/** Bytes for people: "1.2 GB", powers of 1000. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return `${numberText(bytes / 1000 ** power)} ${units[power]}`;
}

/** Seconds for people: "42 s", "10 min 3 s". */
export function durationText(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 120 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
