/** The console in a real browser, and what it complained about. */

import { readFileSync } from 'node:fs';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { startBrowser } from './browser.ts';
import { type Closing, closeAfter } from './close-after.ts';
import { until } from './until.ts';

export interface ConsolePage {
  readonly page: Page;
  /** Errors, warnings and violations of the page's own policy that the browser has told since. */
  complaints(): Promise<string[]>;
  /** The text of the first element that the selector finds; '' where there is none. */
  text(selector: string): Promise<string>;
  tone(selector: string): Promise<string | null>;
  /** The figure of a stage of the flow, as a number. */
  figure(stage: string): Promise<number>;
  untilSentence(sentence: RegExp): Promise<void>;
}

/** Told to the page's own script world, before any of its scripts run. */
const noteViolations = `
  window.policyViolations = [];
  document.addEventListener('securitypolicyviolation', (event) =>
    window.policyViolations.push(event.violatedDirective + ' ' + event.blockedURI));
`;
const axe = readFileSync(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** Opens it and waits for the first snapshot; the browser is closed after the test. */
export async function openConsole(
  t: Closing,
  adminUrl: string,
  options: BrowserContextOptions = {},
): Promise<ConsolePage> {
  const browser = await startBrowser();
  closeAfter(t, () => browser.close());
  const page = await (await browser.newContext(options)).newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.addInitScript(noteViolations);
  await page.goto(adminUrl);
  const text = async (selector: string) => (await page.locator(selector).first().textContent()) ?? '';
  const stageOf = (stage: string) => `.stage:has(h3:text-matches("^${stage}s?$"))`;
  await until(async () => (await page.locator('.stage').count()) > 0, {
    what: 'the page was told something',
  });
  return {
    page,
    complaints: async () => [
      ...complaints,
      ...((await page.evaluate('window.policyViolations')) as string[]),
    ],
    text,
    tone: (selector) => page.locator(selector).first().getAttribute('data-tone'),
    figure: async (stage) => Number((await text(`${stageOf(stage)} .stage-figure span`)).replaceAll(',', '')),
    async untilSentence(sentence) {
      await until(async () => sentence.test(await text('#sentence')), { what: `the page says ${sentence}` });
    },
  };
}

/** What axe-core finds, whatever its impact: rule, impact and the places. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as {
    violations: { id: string; impact: string; nodes: { target: unknown[] }[] }[];
  };
  return violations.map(
    ({ id, impact, nodes }) => `${id} (${impact}): ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
  );
}
