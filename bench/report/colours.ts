/** Colours that people who see few colours can tell apart, on white and on black. */

import type { Stage } from '../result.ts';

/** Of the eight colours of Okabe and Ito, those that hold on both grounds. https://jfly.uni-koeln.de/color/ */
const blue = '#3b8fc4';
const orange = '#e69f00';
const green = '#009e73';
const vermilion = '#d55e00';
const purple = '#cc79a7';
const sky = '#56b4e9';
const grey = '#8c8c8c';

export const colours = {
  /** In a page these two become its own colours, light or dark; a PNG is on white. */
  text: '#2b2b2c',
  grid: '#d8d8d9',
  bar: blue,
  lines: [blue, orange, green, vermilion, purple, sky, grey],
} as const;

export const stageColours: Readonly<Record<Stage, string>> = {
  subject: grey,
  front: blue,
  log: sky,
  broker: purple,
  writer: orange,
  postgres: green,
  supervisor: vermilion,
  load: grey,
};
