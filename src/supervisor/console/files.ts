/** The console's page: every path that a browser may ask for, and the file that it gets. */

import { contentSecurityPolicy, serveFiles } from '../../observability/static-files.ts';

const scripts = [
  'answers-view',
  'chart',
  'charts-view',
  'console',
  'flow-view',
  'headline',
  'history',
  'numbers',
  'page-elements',
  'processes-view',
  'sample-view',
  'stream',
  'tallies-view',
] as const;

const ofConsole = (name: string) => new URL(`../../../console/${name}`, import.meta.url);
/** Found as Node finds a package, wherever it is installed. */
const ofUplot = (name: string) => new URL(name, import.meta.resolve('uplot'));

export const consoleFiles = serveFiles(
  {
    '/': ofConsole('index.html'),
    '/console/console.css': ofConsole('console.css'),
    '/console/colours.css': ofConsole('colours.css'),
    '/console/icon.svg': ofConsole('icon.svg'),
    ...Object.fromEntries(scripts.map((name) => [`/console/${name}.js`, ofConsole(`${name}.js`)])),
    '/console/uplot.js': ofUplot('uPlot.esm.js'),
    '/console/uplot.css': ofUplot('uPlot.min.css'),
  },
  contentSecurityPolicy(),
);
