/** The API reference page in a real browser: it draws the document, and nothing comes from elsewhere. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { createAdminServer } from '../../src/admin/admin-server.ts';
import { apiDocumentFile } from '../../src/observability/api-document.ts';
import { apiDocument } from '../support/api-document.ts';
import { needsChromium, startBrowser } from '../support/browser.ts';

const admin = createAdminServer({
  host: '127.0.0.1',
  port: 0,
  metricsText: () => '',
  readiness: () => ({ ready: true, reason: 'ready' }),
});
let url: string;
let browser: Browser | null = null;

before(async () => {
  url = `http://127.0.0.1:${await admin.start()}`;
  if (!needsChromium.skip) browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await admin.stop();
});

/** Opens the page and waits until it is drawn; `complaints` is what the browser said against it. */
async function openReference(options: object = {}): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser!.newPage(options);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`));
  page.on('request', (request) => {
    const to = request.url();
    if (!to.startsWith(`${url}/`) && !to.startsWith('data:')) complaints.push(`elsewhere: ${to}`);
  });
  await page.goto(`${url}/docs`);
  await page.locator('.opblock').first().waitFor();
  return { page, complaints };
}

test('the admin port has the same document as the fronts', async () => {
  const reply = await fetch(`${url}/openapi.json`);
  assert.equal(await reply.text(), readFileSync(apiDocumentFile, 'utf8'));
  assert.match(reply.headers.get('content-type')!, /^application\/json/);
});

test("the page's policy lets no inline script or style, and no other site, in", async () => {
  const reply = await fetch(`${url}/docs`);
  assert.match(reply.headers.get('content-type')!, /^text\/html/);
  const policy = reply.headers.get('content-security-policy')!;
  assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
});

test(
  'the page draws every operation, opened too, without a word from the browser',
  needsChromium,
  async () => {
    const { page, complaints } = await openReference();
    const operations = Object.entries(apiDocument.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const drawn = await page.locator('.opblock').evaluateAll((blocks) =>
      blocks.map((block) => {
        const text = (name: string) => block.querySelector(`.opblock-summary-${name}`)?.textContent ?? '';
        return `${text('method')} ${text('path').replaceAll('\u200b', '')}`;
      }),
    );
    assert.deepEqual(drawn.sort(), operations.sort());

    await page.locator('#operations-usages-postUsages .opblock-summary-control').click();
    const opened = page.locator('#operations-usages-postUsages .opblock-body');
    await opened.locator('.responses-table').waitFor();
    const text = await opened.innerText();
    for (const expected of ['Idempotency-Key', 'Retry-After', '"patientId": "100"', ...['201', '207', '503']])
      assert.ok(text.includes(expected), expected);
    assert.equal(await page.getByRole('button', { name: /try it out/i }).count(), 0);
    assert.deepEqual(complaints, []);
    await page.close();
  },
);

test('the page follows dark mode and fits a phone', needsChromium, async () => {
  const { page, complaints } = await openReference({
    colorScheme: 'dark',
    viewport: { width: 390, height: 844 },
  });
  const root = page.locator('html');
  assert.match((await root.getAttribute('class'))!, /dark-mode/);
  const overflow = await root.evaluate((element) => element.scrollWidth - element.clientWidth);
  assert.ok(overflow <= 0, `${overflow} pixels too wide`);
  assert.deepEqual(complaints, []);
  await page.close();
});
