/** The console's page: every path that a browser may ask for, and the file that it gets. */

import { contentSecurityPolicy, serveFiles } from '../static-files.ts';

const files = [
  'answers-view.js',
  'chart.js',
  'charts-view.js',
  'charts.css',
  'colours.css',
  'console.js',
  'flow-view.js',
  'headline.js',
  'history.js',
  'icon.svg',
  'numbers.js',
  'page-elements.js',
  'page.css',
  'processes-view.js',
  'sample-view.js',
  'stages.css',
  'stream.js',
  'tables.css',
  'tallies-view.js',
];

const ofConsole = (name: string) => new URL(`../../../console/${name}`, import.meta.url);
/** Found as Node finds a package, wherever it is installed. */
const ofUplot = (name: string) => new URL(name, import.meta.resolve('uplot'));

export const consoleFiles = serveFiles(
  {
    '/': ofConsole('index.html'),
    ...Object.fromEntries(files.map((name) => [`/console/${name}`, ofConsole(name)])),
    '/console/uplot.js': ofUplot('uPlot.esm.js'),
    '/console/uplot.css': ofUplot('uPlot.min.css'),
  },
  contentSecurityPolicy(),
);
