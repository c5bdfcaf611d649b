/** The console in a real Chromium over a real server: what a person sees when all is well, and when it is not. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsChromium } from '../support/browser.ts';
import { closeAfter } from '../support/close-after.ts';
import { accessibilityProblems, openConsole } from '../support/console-page.ts';
import { createInstance } from '../support/instance.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { startVariedLoad } from '../support/varied-load.ts';

const sizes = [
  { width: 360, height: 740 },
  { width: 1280, height: 900 },
];
const schemes = ['light', 'dark'] as const;

test('the console of a server that is calm, loaded, and without its Postgres', needsChromium, async (t) => {
  const postgres = await startTestPostgres({ t });
  const databaseUrl = await postgres.createDatabase();
  const instance = await createInstance({ USAGE_FRONTS: '2', DATABASE_URL: databaseUrl });
  closeAfter(t, () => instance.close());
  await instance.start();
  const shown = await openConsole(t, instance.adminUrl, { reducedMotion: 'reduce' });
  const { page } = shown;

  /** At both widths, light and dark: nothing that axe finds, and nothing wider than the screen. */
  async function looksRight(state: string): Promise<void> {
    for (const size of sizes) {
      for (const colorScheme of schemes) {
        await page.setViewportSize(size);
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        const where = `${state}, ${colorScheme}, ${size.width} px`;
        assert.deepEqual(await accessibilityProblems(page), [], where);
        const width = await page.evaluate('document.documentElement.scrollWidth');
        assert.ok((width as number) <= size.width, `${where}: ${width} px wide`);
      }
    }
  }

  await t.test('calm: a newcomer reads that all is safe', async () => {
    await shown.untilSentence(/^Every usage is safe\.$/);
    assert.equal(await shown.tone('#headline'), 'ok');
    assert.match(await page.title(), /^Every usage is safe/);
    await until(async () => (await page.locator('#processes tbody tr').count()) === 4, {
      what: 'all four processes are there',
    });
    assert.equal(
      await page.evaluate('getComputedStyle(document.getElementById("headline")).transitionDuration'),
      '0s',
    );
    await looksRight('calm');
  });

  await t.test('by keyboard alone: everything is reached, a sample is sent, the page is paused', async () => {
    const reached: string[] = [];
    await page.locator('body').focus();
    for (let presses = 0; presses < 6; presses++) {
      await page.keyboard.press('Tab');
      reached.push(String(await page.evaluate('document.activeElement.textContent.trim()')));
    }
    assert.deepEqual(reached.slice(0, 5), [
      'API reference',
      'Metrics',
      'Pause',
      'Send a sample usage',
      '/metrics',
    ]);
    const outline = 'getComputedStyle(document.activeElement).outlineStyle';
    await page.locator('#send-sample').focus();
    assert.equal(await page.evaluate(outline), 'solid');
    await page.keyboard.press('Enter');
    const id = await until(async () => /as ([0-9a-f-]{36})/.exec(await shown.text('#sample-answer'))?.[1], {
      what: 'the sample has its id',
    });
    const stored = () => query(databaseUrl, 'SELECT patient_id FROM usages WHERE id = $1', [id]);
    await until(async () => (await stored()).length === 1, { what: 'the sample is stored' });
    assert.deepEqual(await stored(), [{ patient_id: 'console-sample' }]);

    await page.locator('#pause').focus();
    await page.keyboard.press('Space');
    assert.equal(await page.locator('#pause').getAttribute('aria-pressed'), 'true');
    assert.match(await shown.text('#as-of'), /^paused/);
    await page.keyboard.press('Space');
    await until(async () => /^live/.test(await shown.text('#as-of')), { what: 'it goes on' });
  });

  const load = startVariedLoad(instance.url);
  closeAfter(t, () => load.stop());

  await t.test('loaded: numbers and lines move, refused requests have their code', async () => {
    const drawn = () => page.evaluate('document.querySelector("#charts canvas").toDataURL()');
    const before = { stored: await shown.figure('Postgres'), drawn: await drawn() };
    await until(async () => (await shown.figure('Front')) > 0, { what: 'usages a second are shown' });
    await until(async () => (await shown.figure('Writer')) > 0, { what: 'stored a second is shown' });
    await until(async () => (await shown.figure('Postgres')) > before.stored, {
      what: 'what is stored grows',
    });
    assert.notEqual(await drawn(), before.drawn);
    const latency = '.chart:has(h3:text("Acknowledged within")) .legend';
    await until(async () => /99 % [\d.]+ m?s/.test(await shown.text(latency)), {
      what: 'a latency is shown',
    });
    for (const row of ['201', '207', '400', '422', 'malformed_json', 'timestamp_format']) {
      const cells = page.locator(`#answers tbody tr:has(th:text-matches("^${row}\\\\b")) td`);
      await until(async () => Number((await cells.first().textContent())?.replaceAll(',', '')) > 0, {
        what: `${row} has a count`,
      });
    }
    await looksRight('loaded');
  });

  await t.test('Postgres stopped: red, and what it means; back: safe again', async () => {
    await postgres.stop();
    await shown.untilSentence(/^Postgres is away: usages are kept in the log\.$/);
    assert.equal(await shown.tone('#headline'), 'bad');
    assert.equal(await shown.tone('.stage:has(h3:text("Postgres"))'), 'bad');
    assert.equal(await shown.tone('.stage:has(h3:text("Front"))'), 'ok');
    await until(async () => (await shown.figure('Log on disk')) > 0, { what: 'records wait' });
    await until(async () => / wait.*, the oldest for /.test(await shown.text('#because')), {
      what: 'it is said how many wait, and for how long',
    });
    await looksRight('red');
    await load.stop();
    await postgres.restart();
    await shown.untilSentence(/^Every usage is safe\.$/);
    await until(async () => (await shown.figure('Log on disk')) === 0, { what: 'nothing waits' });
    assert.equal(await shown.tone('.stage:has(h3:text("Postgres"))'), 'ok');
  });

  await t.test('a process killed shows as a restart', async () => {
    const [front] = await instance.pids('front');
    process.kill(front!, 'SIGKILL');
    const restarts = page.locator('#tallies > div:has(dt:text("Restarts"))');
    await until(async () => (await restarts.locator('dd').first().textContent()) === '1', {
      what: 'the restart is counted',
    });
    assert.equal(await restarts.getAttribute('data-tone'), 'warn');
  });

  await t.test('the browser complained about nothing', async () => {
    assert.deepEqual(await shown.complaints(), []);
  });

  await t.test('and would have been heard: a forbidden script, an image without a text', async () => {
    await page.evaluate(`
      const script = document.createElement('script');
      script.textContent = 'window.intruded = true';
      document.body.append(script, document.createElement('img'));
    `);
    assert.equal(await page.evaluate('window.intruded'), undefined);
    assert.match((await shown.complaints()).join('\n'), /script-src/);
    assert.match((await accessibilityProblems(page)).join('\n'), /image-alt \(critical\): img/);
    await page.evaluate('document.querySelector("img").remove()');
  });

  await t.test(
    'the server gone: the page says that it hears nothing, and hears again by itself',
    async () => {
      assert.equal(await instance.stop(), 0);
      await shown.untilSentence(/^No word from the server\.$/);
      assert.equal(await shown.tone('#headline'), 'unknown');
      await looksRight('lost');
      await instance.start();
      await shown.untilSentence(/^Every usage is safe\.$/);
      assert.match(await shown.text('#as-of'), /^live/);
    },
  );
});
