/** The system's Chromium, driven by playwright-core, which brings none of its own. */

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'chromium-headless-shell', 'google-chrome'];
const program = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap((folder) => names.map((name) => join(folder, name)))
  .find(isExecutable);

/**
 * Options of a test that needs it. Where it is missing the test is skipped, by name and with what to install;
 * `npm test` counts a skip as a failure where CI=true.
 */
export const needsChromium = {
  skip: program ? (false as const) : 'needs Chromium: apt-get install chromium',
};

/** Root has no sandbox; nothing is fetched or told in the background. */
const programArguments = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts it, without a window. Its caller closes it. */
export function startBrowser(): Promise<Browser> {
  if (!program) throw new Error(needsChromium.skip || 'no Chromium');
  return chromium.launch({
    executablePath: program,
    chromiumSandbox: process.getuid?.() !== 0,
    args: programArguments,
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
