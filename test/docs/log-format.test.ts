/** The record format, read by docs/log-format.md with kcat and Python, which share no code with us. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { createInstance } from '../support/instance.ts';
import { skipWithoutKafka, startTestKafka } from '../support/kafka.ts';
import { kafkaEnvironment } from '../support/kafka-instance.ts';

const run = promisify(execFile);
const script = join(import.meta.dirname, '..', 'support', 'read_kafka_log.py');

async function missingTool(): Promise<string | false> {
  for (const [tool, option] of [
    ['kcat', '-V'],
    ['python3', '--version'],
  ] as const) {
    const there = await run(tool, [option]).then(
      () => true,
      () => false,
    );
    if (!there) return `${tool} is not on the PATH (Debian: apt install ${tool})`;
  }
  return false;
}

const kafka = await startTestKafka();
after(() => kafka?.stop());
const skip = skipWithoutKafka(kafka) || (await missingTool());
if (skip) console.error(`\n*** THE TEST OF THE RECORD FORMAT IS SKIPPED: ${skip}\n`);

for (const compression of ['none', 'gzip'])
  test(`kcat and Python read every usage, compression ${compression}`, { skip }, async (t) => {
    const env = kafkaEnvironment(kafka!.brokers);
    const instance = await createInstance({
      USAGE_FRONTS: '1',
      USAGE_KAFKA_COMPRESSION: compression,
      ...env,
    });
    t.after(() => instance.close());
    await instance.start();
    const sent = [
      { timestamp: 'Tue Nov 01 2016 09:11:51 GMT-0500 (CDT)', at: '2016-11-01T14:11:51.000', offset: '-300' },
      { timestamp: '2017-03-26T02:30:00.5Z', at: '2017-03-26T02:30:00.500', offset: null },
      { timestamp: 1_478_009_511_123, at: '2016-11-01T14:11:51.123', offset: null },
    ].map((each, index) => ({
      ...each,
      id: randomUUID(),
      patientId: `100\\${index}`,
      medication: 'Salbutamol é 喘',
    }));
    const body = sent.map(({ id, patientId, medication, timestamp }) => ({
      id,
      patientId,
      medication,
      timestamp,
      device: { note: 'a\\b "c", d=e' },
    }));
    const response = await fetch(`${instance.url}/api/usages`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    assert.equal(response.status, 201);

    const { stdout } = await run('python3', [script, kafka!.brokers, env.USAGE_KAFKA_TOPIC!]);
    const read = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      read.map(({ id, patient_id, medication, utc_offset }) => [id, patient_id, medication, utc_offset]),
      sent.map(({ id, patientId, medication, offset }) => [id, patientId, medication, offset]),
    );
    assert.deepEqual(
      read.map(({ used_at }) => used_at.replace(' ', 'T').slice(0, 23)),
      sent.map(({ at }) => at),
    );
    for (const { attributes } of read)
      assert.deepEqual(JSON.parse(attributes), { device: { note: 'a\\b "c", d=e' } });
  });
