/** Holds docs/runbook.md and the alerts together, both ways. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { prometheusFolder, readRules } from '../support/alert-rules.ts';

const docs = join(prometheusFolder, '..', 'docs');
const runbook = readFileSync(join(docs, 'runbook.md'), 'utf8');
const sections = new Map(
  runbook
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.split('\n', 1)[0]!.trim(), section] as const),
);
const alerts = readRules().filter((rule) => rule.kind === 'alert');

/** The anchor that Git hosts and Grafana make of a heading of one word. */
const anchor = (heading: string) => `#${heading.toLowerCase()}`;

test('every alert has a section, and every section an alert', () => {
  assert.deepEqual([...sections.keys()].sort(), alerts.map((alert) => alert.name).sort());
});

test("every alert's link leads to its section, at the configured place", () => {
  const config = readFileSync(join(prometheusFolder, 'prometheus.yml'), 'utf8');
  const place = /^ {4}runbook: (\S+)$/m.exec(config)?.[1];
  assert.ok(place && existsSync(join(docs, '..', place)), place);
  for (const alert of alerts)
    assert.equal(alert.runbookUrl, `{{ $externalLabels.runbook }}${anchor(alert.name)}`, alert.name);
});

test('each section says what it means, how to look and what to do', () => {
  for (const [name, section] of sections) {
    const parts = [...section.matchAll(/^\*\*(Means|Look|Do)\.\*\* \S/gm)].map((match) => match[1]);
    assert.deepEqual(parts, ['Means', 'Look', 'Do'], name);
  }
});

test('every link in the runbook leads somewhere', () => {
  const anchors = new Set([...sections.keys()].map(anchor));
  for (const [, target] of runbook.matchAll(/\]\(([^)]+)\)/g)) {
    if (target!.startsWith('#')) assert.ok(anchors.has(target!), target);
    else assert.ok(existsSync(join(docs, target!.split('#')[0]!)), target);
  }
});
