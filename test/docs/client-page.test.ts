/** The page of docs/clients.md in a real browser, from an origin that is not the server's. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { test } from 'node:test';
import { needsChromium, startBrowser } from '../support/browser.ts';
import { createInstance } from '../support/instance.ts';
import { writeSnippets } from '../support/page-snippets.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const types: Record<string, string> = { '.html': 'text/html', '.mjs': 'text/javascript' };

test('a page of an origin that is not listed keeps its usage; once it is listed the usage is stored, once', {
  ...needsChromium,
  timeout: 300_000,
}, async (t) => {
  const folder = await writeSnippets(['page.html', 'app-queue.mjs'], t);
  const pages = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost');
    const text = await readFile(join(folder, pathname), 'utf8').catch(() => null);
    response.writeHead(text === null ? 404 : 200, {
      'content-type': types[extname(pathname)] ?? 'text/plain',
    });
    response.end(text ?? '');
  });
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    pages.close();
    pages.closeAllConnections();
  });
  const origin = `http://localhost:${(pages.address() as AddressInfo).port}`;
  const postgres = await startTestPostgres({ t });
  const databaseUrl = await postgres.createDatabase();
  const instance = await createInstance({ USAGE_FRONTS: '1', DATABASE_URL: databaseUrl });
  t.after(() => instance.close());
  await instance.start();
  const browser = await startBrowser();
  t.after(() => browser.close());
  const page = await browser.newPage();
  const waiting = () => page.evaluate("JSON.parse(localStorage.getItem('usages') ?? '[]').length");
  const state = (text: RegExp) =>
    page.getByRole('status').filter({ hasText: text }).waitFor({ timeout: 120_000 });

  await page.goto(`${origin}/page.html?server=${encodeURIComponent(instance.url)}`);
  await page.getByRole('button').click();
  await state(/^Saved on this device/);
  assert.equal(await waiting(), 1);
  assert.equal((await query(databaseUrl, 'SELECT id FROM usages')).length, 0);

  await instance.stop();
  await instance.start({ USAGE_CORS_ORIGINS: origin });
  await state(/^Sent$/);
  assert.equal(await waiting(), 0);
  const stored = () => query<{ patient_id: string }>(databaseUrl, 'SELECT patient_id FROM usages');
  await until(async () => (await stored()).length > 0, { what: 'the usage is stored' });
  assert.deepEqual(
    (await stored()).map(({ patient_id }) => patient_id),
    ['100'],
  );
});
