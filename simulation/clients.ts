/** Devices and the phones beside them: they send usages, and some send again what was not acknowledged. */

import type { SubmissionOutcome } from '../src/front/submissions.ts';
import { timestampText, utcMonth } from '../src/usage/calendar.ts';
import { encodeRow, type Row } from '../src/usage/row.ts';
import { refusedMedication } from './postgres/copy-rows.ts';
import type { Promises } from './promise.ts';
import { fronts } from './roles.ts';
import type { Random } from './world/random.ts';
import { world } from './world/world.ts';

interface Sample {
  readonly id: string;
  readonly patientId: string;
  readonly medication: string;
  readonly usedAtMs: number;
}

const dayMs = 86_400_000;
const usagesARequestMax = 6;

export class Clients {
  /** Requests without an answer yet from a front that lives. */
  waiting = 0;
  /** Told of the outcome of the last request of each front: whether it takes usages in again. */
  #made = 0;
  readonly #random: Random;
  readonly #promises: Promises;

  constructor(random: Random, promises: Promises) {
    this.#random = random;
    this.#promises = promises;
  }

  /** One request, to any front that runs. */
  send(): void {
    const count = this.#random.chance(0.6) ? 1 : this.#random.integer(2, usagesARequestMax);
    this.#request(
      Array.from({ length: count }, () => this.#sample('salbutamol')),
      2,
    );
  }

  /** A usage that passes every check of ours, and that Postgres refuses all the same. */
  sendRefused(): void {
    this.#request([this.#sample(refusedMedication)], 1);
  }

  /** Sends one usage again and again until it is acknowledged. */
  sendUntilAcknowledged(done: () => void): void {
    const samples = [this.#sample('salbutamol')];
    const again = () => {
      this.#submit(samples, (outcome) => {
        if (outcome === 'durable') done();
        else world().scheduler.after(500, again, null);
      });
    };
    again();
  }

  #sample(medication: string): Sample {
    const number = this.#made++;
    const now = Date.now();
    return {
      id: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
      patientId: `patient ${number % 5}`,
      medication,
      usedAtMs: Math.floor(now - this.#random.pick([0, 1, 40]) * dayMs),
    };
  }

  #request(samples: readonly Sample[], triesLeft: number): void {
    this.#submit(samples, (outcome) => {
      if (outcome === 'durable' ? !this.#random.chance(0.05) : triesLeft === 0) return;
      world().scheduler.after(
        this.#random.integer(10, 2_000),
        () => this.#request(samples, triesLeft - 1),
        null,
      );
    });
  }

  #submit(samples: readonly Sample[], done: (outcome: SubmissionOutcome | 'no front') => void): void {
    const { scheduler, trace } = world();
    const running = [...fronts.values()];
    // A front that cannot append refuses a request before it reads it.
    const open = running.filter(({ appender }) => appender.writable);
    if (open.length === 0) return void scheduler.after(0, () => done('no front'), null);
    const front = this.#random.pick(open);
    const rows = samples.map((sample) => this.#row(sample));
    const ids = samples.map(({ id }) => id.slice(-4)).join(' ');
    scheduler.after(
      0,
      () => {
        this.waiting += 1;
        let isSettled = false;
        const settle = (outcome: SubmissionOutcome | 'no front') => {
          if (isSettled) return;
          isSettled = true;
          this.waiting -= 1;
          trace(() => `front ${front.worker} answers ${outcome} for ${ids}`);
          if (outcome === 'durable') for (const { id } of samples) this.#promises.acknowledge(id);
          // What a client does next is no work of the front's.
          scheduler.after(0, () => done(outcome), null);
        };
        front.process.onEnd.push(() => settle('no front'));
        trace(() => `front ${front.worker} is sent ${ids}`);
        front.groupCommit.submit(rows, performance.now(), settle);
      },
      front.process,
    );
  }

  #row(sample: Sample): Row {
    const text = encodeRow(
      { ...sample, utcOffsetMinutes: null, attributes: null },
      sample.id,
      timestampText(Date.now()),
    );
    this.#promises.send(sample.id, text, sample.medication !== refusedMedication);
    return { text, bytes: Buffer.byteLength(text), month: utcMonth(sample.usedAtMs) };
  }
}
