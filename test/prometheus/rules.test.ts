/** Holds prometheus/: valid, tested, and sensitive to what it claims to test. */

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { prometheusFolder, readRules, withAlertExpressions } from '../support/alert-rules.ts';
import { foreignMetricNames } from '../support/metric-names.ts';
import { needsPrometheus, promtool } from '../support/prometheus-tools.ts';

const rules = readRules();
const alerts = rules.filter((rule) => rule.kind === 'alert');
const testFiles = readdirSync(join(prometheusFolder, 'tests')).sort();

test('promtool accepts the configuration and every rule', needsPrometheus, async () => {
  const config = await promtool('check', 'config', join(prometheusFolder, 'prometheus.yml'));
  assert.equal(config.code, 0, config.output);
  const files = readdirSync(join(prometheusFolder, 'rules')).map((f) => join(prometheusFolder, 'rules', f));
  const checked = await promtool('check', 'rules', '--lint=all', '--lint-fatal', ...files);
  assert.equal(checked.code, 0, checked.output);
});

test('every rule is read from its file, and each alert is named once', () => {
  const written = readdirSync(join(prometheusFolder, 'rules'))
    .map((file) => readFileSync(join(prometheusFolder, 'rules', file), 'utf8'))
    .join('\n');
  assert.equal(rules.length, written.match(/- (alert|record):/g)?.length);
  assert.equal(new Set(alerts.map((alert) => alert.name)).size, alerts.length);
});

test('every name in a rule is a metric of ours, or recorded', () => {
  const recorded = new Set(rules.filter((rule) => rule.kind === 'record').map((rule) => rule.name));
  for (const rule of rules)
    assert.deepEqual(foreignMetricNames(rule.expression, recorded), [], `${rule.file}: ${rule.name}`);
});

test('each alert pages or opens a ticket, and has a test file of its own with both cases', () => {
  assert.deepEqual(testFiles, alerts.map((alert) => `${alert.name}.test.yml`).sort());
  for (const alert of alerts) {
    assert.match(alert.severity ?? '', /^(page|ticket)$/, alert.name);
    const text = readFileSync(join(prometheusFolder, 'tests', `${alert.name}.test.yml`), 'utf8');
    const cases = [...text.matchAll(/^ {2}- name: (.*)$/gm)].map((match) => match[1]);
    assert.ok(cases.includes('fires, then recovers'), alert.name);
    assert.ok(cases.includes('stays silent'), alert.name);
    const others = [...text.matchAll(/alertname: (\S+)/g)].filter((match) => match[1] !== alert.name);
    assert.deepEqual(others, [], alert.name);
  }
});

test('each alert fires, recovers and stays silent as its test says', needsPrometheus, async () => {
  const paths = testFiles.map((file) => join(prometheusFolder, 'tests', file));
  const { code, output } = await promtool('test', 'rules', ...paths);
  assert.equal(code, 0, output);
});

test('the tests notice an alert that never fires, and one that always does', needsPrometheus, async () => {
  assert.deepEqual(await failingCases('vector(0) > 1', 'fires, then recovers'), testFiles);
  assert.deepEqual(await failingCases('vector(1)', 'stays silent'), testFiles);
});

/** The test files in which the named case fails once every alert has the given expression. */
async function failingCases(expression: string, name: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'usage-rules-'));
  try {
    cpSync(prometheusFolder, folder, { recursive: true });
    for (const file of readdirSync(join(folder, 'rules'))) {
      const path = join(folder, 'rules', file);
      // Without the recorded names nothing is left to work out but the alerts themselves.
      if (file === 'golden-signals.yml') rmSync(path);
      else writeFileSync(path, withAlertExpressions(readFileSync(path, 'utf8'), expression));
    }
    const failing: string[] = [];
    for (const file of testFiles) {
      const { output } = await promtool('test', 'rules', join(folder, 'tests', file));
      if (output.includes(`name: ${name},`)) failing.push(file);
    }
    return failing;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
