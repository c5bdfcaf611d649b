/**
 * A damaged record in the spool: the relay stops before it, loudly, keeps it in `log_gaps`, and goes past exactly
 * that once an operator has accepted it. Everything else arrives.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { flipBit, segmentsOf } from '../support/crashed-log.ts';
import { createInstance, type Instance } from '../support/instance.ts';
import { skipWithoutKafka, startOwnKafka } from '../support/kafka.ts';
import { kafkaEnvironment, kafkaIsUp, post } from '../support/kafka-instance.ts';
import { query, startTestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const kafka = await startOwnKafka({ started: false });
after(() => kafka?.stop());
const skip = skipWithoutKafka(kafka);
const entry = fileURLToPath(new URL('../../bin/usage-ingest.js', import.meta.url));

/** Damages the rows of the record that holds a usage. @returns the partition's name */
async function damage(instance: Instance, id: string): Promise<string> {
  const logDir = join(instance.dataDir, 'log');
  for (const name of await readdir(logDir)) {
    if (name === 'uuid') continue;
    for (const segment of await segmentsOf(join(logDir, name))) {
      const at = (await readFile(segment)).indexOf(id);
      if (at < 0) continue;
      await flipBit(segment, at);
      return name;
    }
  }
  throw new Error('no segment holds the usage');
}

async function killAll(instance: Instance): Promise<void> {
  for (const pid of await instance.pids('supervisor')) process.kill(pid, 'SIGKILL');
  await instance.ended();
}

for (const database of ['an external', 'the embedded'])
  test(`a gap in the spool waits in log_gaps of ${database} Postgres, and is passed alone`, {
    skip,
  }, async (t) => {
    const postgres = database === 'an external' ? await startTestPostgres({ t }) : null;
    const env: Record<string, string> = kafkaEnvironment(kafka!.brokers);
    if (postgres) env.DATABASE_URL = await postgres.createDatabase();
    const instance = await createInstance({ USAGE_FRONTS: '1', ...env });
    t.after(() => instance.close());
    const command = (...args: string[]) =>
      promisify(execFile)(process.execPath, [entry, 'positions', ...args], {
        env: { PATH: process.env.PATH, DATA_DIR: instance.dataDir, ...env },
      });
    let databaseUrl = '';
    /** Asks until it is answered: a server that was started again takes usages before its database is there. */
    const ask = <Row extends object>(sql: string, values: unknown[] = []) =>
      until(() => query<Row>(databaseUrl, sql, values).catch(() => null), { what: 'the database answers' });
    const gaps = () =>
      ask<{ id: string; partition: string; reason: string; accepted: boolean }>(
        'select id, partition, reason, accepted_at is not null as accepted from log_gaps order by id',
      );
    const storedOf = async (some: readonly string[]) =>
      (await ask('select from usages where id = any($1)', [some])).length;
    const stoppedAtGap = () => instance.metric('usage_partitions_stopped', { reason: 'gap' });

    const node = kafka!.cluster.nodes[0]!;
    node.kill('SIGTERM');
    await node.ended();
    await instance.start();
    const ids: string[] = [];
    // One by one: a record each.
    for (let i = 0; i < 12; i++) ids.push(...(await post(instance, 1)));
    await killAll(instance);
    const [first, second] = [ids[3]!, ids[8]!];
    const partition = await damage(instance, first);
    await damage(instance, second);

    await kafka!.cluster.start();
    await instance.start();
    databaseUrl = await instance.databaseUrl();
    await kafkaIsUp(instance, 1);
    const found = await until(async () => ((await gaps()).length > 0 ? gaps() : null), {
      what: 'the gap is in log_gaps',
    });
    assert.deepEqual(
      found.map((gap) => [gap.partition, gap.reason, gap.accepted]),
      [[partition, 'damaged', false]],
    );
    await until(async () => (await stoppedAtGap()) === 1, { what: 'the stopped partition is told' });
    await until(async () => (await instance.metric('usage_log_gaps_total')) === 1, { what: 'it is counted' });
    const before = ids.slice(0, 3);
    await until(async () => (await storedOf(ids)) === before.length, {
      what: 'what precedes it is stored',
    });
    const later = await post(instance, 5);
    await until(async () => (await storedOf(later)) === 5, { what: 'the others go on' });
    assert.equal(await storedOf(ids), before.length, 'nothing behind the gap was sent');
    assert.match((await command('list')).stdout, new RegExp(`${partition}.*gap ${found[0]!.id} \\(damaged`));

    // Started again, it waits at the same gap and makes no second row of it.
    await killAll(instance);
    await instance.start();
    await until(async () => (await stoppedAtGap()) === 1, { what: 'it is stopped again' });
    assert.equal((await gaps()).length, 1);

    await command('accept-gap', '--partition', partition);
    const both = await until(async () => ((await gaps()).length > 1 ? gaps() : null), {
      what: 'the next damage is a gap of its own',
    });
    assert.deepEqual(
      both.map(({ accepted }) => accepted),
      [true, false],
    );
    const between = ids.slice(4, 8);
    await until(async () => (await storedOf(between)) === between.length, {
      what: 'up to there it went on',
    });
    assert.equal(await storedOf(ids), before.length + between.length);

    await command('accept-gap', '--gap', both[1]!.id);
    const readable = ids.filter((id) => id !== first && id !== second);
    await until(async () => (await storedOf(readable)) === readable.length, {
      what: 'all others are stored',
    });
    await until(async () => (await stoppedAtGap()) === 0, { what: 'no partition is stopped any more' });
    await until(async () => (await instance.metric('usage_log_backlog_records')) === 0, {
      what: 'nothing is left',
    });
    assert.equal(await storedOf([first, second]), 0);
    assert.equal((await gaps()).length, 2);
    assert.equal(await instance.stop(), 0);
  });
