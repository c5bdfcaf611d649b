import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { timestampText } from '../../src/usage/calendar.ts';
import { encodeRow, usageColumns } from '../../src/usage/row.ts';
import type { Usage } from '../../src/usage/usage.ts';
import { createUuidV7 } from '../../src/usage/uuid-v7.ts';
import { validateUsage } from '../../src/usage/validate.ts';
import { startTestPostgres } from '../support/postgres.ts';
import { sampleOf } from '../support/property.ts';
import { testNowMs, usageText, usedAtMsMax, usedAtMsMin } from '../support/usage-arbitraries.ts';

const postgres = await startTestPostgres();

/** Usages at the very bounds of what is accepted, beside those that chance finds. */
const extremes: object[] = [
  { patientId: '\u{10ffff}'.repeat(128), medication: '\u{10ffff}'.repeat(256), timestamp: usedAtMsMin },
  { patientId: '\\.', medication: '\\N', timestamp: usedAtMsMax },
  { patientId: '\\', medication: '\\\\', timestamp: '2016-12-31T23:59:60Z', '': '' },
  { patientId: -0, medication: ' ', timestamp: '2016-11-01 00:00+23:59', x: -0 },
  {
    patientId: Number.MIN_SAFE_INTEGER,
    medication: '"',
    timestamp: '2016-11-01T00:00:00.9999-23:59',
    x: [5e-324, 2.2250738585072014e-308, 4503599627370495.5, Number.MAX_SAFE_INTEGER, 1.1e-7],
  },
  { patientId: 'a', medication: 'b', timestamp: usedAtMsMin, x: 'x'.repeat(4096 - '{"x":""}'.length) },
  { patientId: 'a', medication: 'b', timestamp: usedAtMsMin, ['k'.repeat(4096 - '{"":1}'.length)]: 1 },
  {
    patientId: 'a',
    medication: 'b',
    timestamp: usedAtMsMin,
    x: JSON.parse('['.repeat(15) + ']'.repeat(15)),
    y: JSON.parse(`${'{"__proto__":'.repeat(14)}{}${'}'.repeat(14)}`),
  },
];

interface StoredUsage {
  id: string;
  patient_id: string;
  medication: string;
  used_at_ms: string;
  utc_offset: number | null;
  received_at_ms: string;
  attributes: string | null;
}

test('whatever is accepted, Postgres takes and gives back the same', async (t) => {
  const texts = [
    ...extremes.map((value) => JSON.stringify(value)),
    ...sampleOf(usageText({ hostile: true }), 3_000),
    ...sampleOf(usageText({ hostile: false }), 2_000),
  ];
  const uuidV7 = createUuidV7();
  const accepted = new Map<string, Usage>();
  for (const [index, text] of texts.entries()) {
    const usage = validateUsage(JSON.parse(text), testNowMs);
    if (!Array.isArray(usage)) accepted.set(usage.id ?? uuidV7.next(testNowMs), usage);
    else assert.ok(index >= extremes.length, `extreme ${index} is accepted`);
  }
  assert.ok(accepted.size > 2_000, `${accepted.size} were accepted`);

  const client = new pg.Client({ connectionString: await postgres.createDatabase() });
  await client.connect();
  t.after(() => client.end());
  await client.query(
    "create table usages_all partition of usages for values from ('2000-01-01Z') to ('2100-01-01Z')",
  );
  // A session whose settings would mistake any date that is not plain ISO with its zone.
  await client.query("set datestyle = 'SQL, DMY'; set timezone = 'Asia/Kathmandu'");
  const rows = [...accepted].map(([id, usage]) => encodeRow(usage, id, timestampText(testNowMs)));
  await pipeline(Readable.from(rows), client.query(copyFrom(`copy usages (${usageColumns}) from stdin`)));

  const stored = await client.query<StoredUsage>(
    `select id, patient_id, medication, utc_offset, attributes::text,
            (extract(epoch from used_at) * 1000)::bigint::text as used_at_ms,
            (extract(epoch from received_at) * 1000)::bigint::text as received_at_ms
     from usages`,
  );
  assert.equal(stored.rows.length, accepted.size);
  for (const row of stored.rows) {
    const usage = accepted.get(row.id);
    assert.ok(usage, 'the id is one that was given');
    assert.equal(row.patient_id, usage.patientId);
    assert.equal(row.medication, usage.medication);
    assert.equal(Number(row.used_at_ms), usage.usedAtMs);
    assert.equal(row.utc_offset, usage.utcOffsetMinutes);
    assert.equal(Number(row.received_at_ms), testNowMs);
    assert.deepEqual(parsed(row.attributes), parsed(usage.attributes));
  }
});

function parsed(json: string | null): unknown {
  return json === null ? null : JSON.parse(json);
}
