/**
 * Kafka first, the local log where Kafka does not acknowledge in time. An append is acknowledged by one of the
 * two, so a 201 keeps its promise either way; the relay brings what is local into Kafka later. What Kafka took
 * after all, too late, is there twice then, and identity drops one of them.
 */

import { onChange } from '../observability/told.ts';
import { once } from '../system/once.ts';
import type { LogAppender, LogKind } from './log.ts';
import { LogUnavailableError } from './log.ts';
import type { RecordHeader } from './record.ts';

export interface FailoverOptions {
  /** Rejects within its own, short deadline; probes by itself. */
  readonly kafka: LogAppender;
  /** Null with USAGE_SPOOL=off: then an append that Kafka does not take is refused. */
  readonly local: LogAppender | null;
  /** An append was acknowledged by the local log. */
  readonly onSpooled: (usages: number) => void;
  /** Kafka can be appended to, or not: at every change, and once at the start. */
  readonly onKafkaUp: (up: boolean) => void;
}

/** Both are started and stopped with it. */
export function createFailoverAppender(options: FailoverOptions): LogAppender {
  const { kafka, local } = options;
  const listeners: ((writable: boolean) => void)[] = [];
  /** The local log takes one append at a time. */
  let localTurn: Promise<void> = Promise.resolve();

  async function append(header: RecordHeader, rows: Buffer): Promise<LogKind> {
    let cause: unknown;
    if (kafka.writable) {
      try {
        return await kafka.append(header, rows);
      } catch (error) {
        cause = error;
      }
    }
    if (!local) throw new LogUnavailableError('failed', 'Kafka is away, and USAGE_SPOOL is off', { cause });
    const log = await spool(local, header, rows);
    options.onSpooled(header.count);
    return log;
  }

  function spool(to: LogAppender, header: RecordHeader, rows: Buffer): Promise<LogKind> {
    const spooled = localTurn.then(() => to.append(header, rows));
    localTurn = spooled.then(
      () => {},
      () => {}, // its own caller is told
    );
    return spooled;
  }

  const isWritable = () => kafka.writable || (local?.writable ?? false);

  const tellWritable = onChange(false, (writable: boolean) => {
    for (const listener of listeners) listener(writable);
  });
  const changed = () => tellWritable(isWritable());

  kafka.onWritableChange((up) => {
    options.onKafkaUp(up);
    changed();
  });
  local?.onWritableChange(changed);

  async function start(): Promise<void> {
    await Promise.all([kafka.start(), local?.start()]);
    options.onKafkaUp(kafka.writable);
    changed();
  }

  async function stop(): Promise<void> {
    await Promise.all([kafka.stop(), localTurn.then(() => local?.stop())]);
  }

  return {
    kind: 'kafka',
    append,
    get writable() {
      return isWritable();
    },
    onWritableChange: (listener) => void listeners.push(listener),
    start: once(start),
    stop: once(stop),
  };
}
