/**
 * The appending side of the local log: one partition, made anew at every start, one open segment, one write in
 * flight. What the files hold: segment-format.ts; what it promises: ../log.ts.
 */

import type { Logger } from '../../observability/logger.ts';
import { errorCode } from '../../system/errno.ts';
import { failpoint } from '../../system/failpoint.ts';
import { once } from '../../system/once.ts';
import { backoffMs, pause } from '../../system/waiting.ts';
import { type LogAppender, type LogKind, LogUnavailableError } from '../log.ts';
import { encodeHeaderLine, type RecordHeader } from '../record.ts';
import { type DurableFiles, durableFiles, ShortWriteError } from './durable-files.ts';
import { ensureLog, makePartition, type OwnedPartition, removeOrphans } from './folders.ts';
import { ReservedBytes } from './reserved-bytes.ts';
import { frameHeadBytes, payloadBytesMax, segmentFooterBytes, segmentHeaderBytes } from './segment-format.ts';
import { createSegment, firstSegment, type SegmentWriter } from './segment-writer.ts';

export interface LocalAppenderOptions {
  /** `DATA_DIR/log`; made where it is missing. */
  readonly logDir: string;
  /** The front's slot, part of the partition's name. */
  readonly slot: number;
  /** Size at which a segment is closed and the next one made; a record that is larger gets one alone. */
  readonly segmentBytes: number;
  /** Bound on the bytes of the instance's whole log. */
  readonly bytesMax: number;
  readonly logger: Logger;
  /** Only tests give another. */
  readonly files?: DurableFiles;
}

export interface LocalAppender extends LogAppender {
  /** The partition's folder, null until there is one. */
  readonly partition: string | null;
}

/** While not writable, it tries again this often, with as much again as jitter so that appenders do not collide. */
const probeMs = 200;
/** A header line is far shorter: it names each month between 2000 and now at the most. */
const headerLineBytesMax = 8192;

export function createLocalAppender(options: LocalAppenderOptions): LocalAppender {
  const { logDir, slot, segmentBytes, bytesMax, logger } = options;
  const files = options.files ?? durableFiles;
  const head = Buffer.allocUnsafeSlow(frameHeadBytes + headerLineBytesMax);
  const listeners: ((writable: boolean) => void)[] = [];
  const reserved = new ReservedBytes(files, logDir, segmentBytes);
  const stopping = new AbortController();

  let partition: OwnedPartition | null = null;
  let segment: SegmentWriter | null = null;
  let next = firstSegment;
  /** Why nothing can be appended just now; null while writable. */
  let failure: LogUnavailableError | null = notStarted();
  /** Appends that failed, one after the other. */
  let failures = 0;
  let inFlight: Promise<LogKind> | null = null;
  let probing: Promise<void> | null = null;

  function append(header: RecordHeader, rows: Buffer): Promise<LogKind> {
    if (failure) return Promise.reject(failure);
    if (inFlight) return Promise.reject(new Error('a local append was begun while one was in flight'));
    const line = encodeHeaderLine(header);
    const payloadBytes = line.length + rows.length;
    if (line.length > headerLineBytesMax || payloadBytes > payloadBytesMax) {
      return Promise.reject(new RangeError(`a record of ${payloadBytes} bytes is over the log's bound`));
    }
    head.write(line, frameHeadBytes, 'latin1');
    const frameHead = head.subarray(0, frameHeadBytes + line.length);
    const frameBytes = frameHead.length + rows.length;
    const fits = segment !== null && segment.bytesWith(frameBytes) <= segmentBytes;
    inFlight = fits ? write(frameHead, rows) : rollAndWrite(frameHead, rows);
    return inFlight;
  }

  /** The way of nearly every append: one write, one promise. */
  function write(frameHead: Buffer, rows: Buffer): Promise<LogKind> {
    return new Promise((resolve, reject) => {
      segment!.append(frameHead, rows, (error) => {
        inFlight = null;
        if (!error) {
          failures = 0;
          return resolve('local');
        }
        reject(endSegment(error, frameHead.length + rows.length));
      });
    });
  }

  async function rollAndWrite(frameHead: Buffer, rows: Buffer): Promise<LogKind> {
    const frameBytes = frameHead.length + rows.length;
    try {
      if (segment!.count > 0) {
        await roll();
        await openSegment(frameBytes);
      } else if (segment!.bytesWith(frameBytes) > segmentBytes) {
        await checkRoom(segment!.bytesWith(frameBytes) - segmentBytes, 0);
      }
    } catch (error) {
      inFlight = null;
      const unavailable = toUnavailable(error);
      // A lone record too large for what is left leaves its segment as it is, good for a smaller one.
      if (!segment) setFailure(unavailable);
      throw unavailable;
    }
    return write(frameHead, rows);
  }

  /** Closes the segment. A footer that fails is no loss: the next header names the end. */
  async function roll(): Promise<void> {
    const closing = segment!;
    next = closing.next(0);
    segment = null;
    try {
      await closing.close();
    } catch (error) {
      logger.warn('log_segment_unclosed', { partition: partition?.name, base: closing.base, err: error });
    }
    failpoint('rolling');
  }

  /** After a write that failed or fell short: what it laid is unknown, so the next segment starts past it. */
  function endSegment(error: Error, bytesUnknown: number): LogUnavailableError {
    const ended = segment!;
    next = ended.next(bytesUnknown);
    segment = null;
    const unavailable = toUnavailable(error);
    failures += 1;
    setFailure(unavailable, ended.abandon());
    return unavailable;
  }

  async function openSegment(frameBytes: number): Promise<void> {
    if (!partition) {
      await ensureLog(files, logDir);
      partition = await makePartition(files, logDir, slot);
    }
    const oversize = Math.max(0, segmentHeaderBytes + frameBytes + segmentFooterBytes - segmentBytes);
    // The hidden file is there by then and counted as a whole segment.
    const room = () => checkRoom(oversize, segmentBytes);
    segment = await createSegment(files, partition.folder, partition.uuid, next, segmentBytes, room);
  }

  /** @throws LogUnavailableError `full` where the log's bound or the disk leaves no room */
  async function checkRoom(bytes: number, bytesCounted: number): Promise<void> {
    const [taken, free] = await Promise.all([reserved.count(), files.freeBytes(logDir)]);
    if (taken + bytes > bytesMax) {
      throw new LogUnavailableError(
        'full',
        `the local log is full: ${bytesMax} bytes (USAGE_LOCAL_LOG_BYTES_MAX)`,
      );
    }
    if (bytes + bytesCounted > free) {
      throw new LogUnavailableError(
        'full',
        `the disk of ${logDir} has ${free} bytes left, too few for a segment`,
      );
    }
  }

  function setFailure(now: LogUnavailableError | null, cleanUp: Promise<void> = Promise.resolve()): void {
    const was = failure;
    failure = now;
    if (now) probing ??= cleanUp.catch(() => {}).then(probe);
    if ((was === null) === (now === null)) return;
    if (now) logger.warn('log_not_writable', { partition: partition?.name, reason: now.reason, err: now });
    else logger.info('log_writable', { partition: partition?.name });
    for (const listener of listeners) listener(now === null);
  }

  /**
   * Tries to make the next segment, at once and then again and again, until it is there. Where appends go on failing
   * although segments can be made, it takes its time: each leaves a file behind.
   */
  async function probe(): Promise<void> {
    if (failures > 1) await pause(backoffMs(failures - 1), stopping.signal);
    while (!stopping.signal.aborted) {
      try {
        await openSegment(0);
        probing = null;
        return setFailure(null);
      } catch (error) {
        setFailure(toUnavailable(error));
      }
      await pause(probeMs * (1 + Math.random()), stopping.signal);
    }
    probing = null;
  }

  /** Resolves writable or not: a full disk at start is probed like one that fills later. */
  async function open(): Promise<void> {
    try {
      await openSegment(0);
      setFailure(null);
    } catch (error) {
      setFailure(toUnavailable(error));
      logger.warn('log_not_writable', { reason: failure?.reason, err: failure });
    }
    // Never before an append, which must not wait for it.
    await removeOrphans(files, logDir, logger).catch((error) =>
      logger.warn('log_leftover_kept', { err: error }),
    );
  }

  async function close(): Promise<void> {
    await start.settled();
    failure = notStarted();
    await inFlight?.catch(() => {});
    stopping.abort();
    await probing;
    failure = notStarted();
    try {
      await segment?.close();
    } catch (error) {
      logger.warn('log_segment_unclosed', { partition: partition?.name, base: segment?.base, err: error });
    }
    segment = null;
    partition?.lock.release();
  }

  const start = once(open);
  return {
    kind: 'local',
    append,
    get writable() {
      return failure === null;
    },
    get partition() {
      return partition?.folder ?? null;
    },
    onWritableChange(listener) {
      listeners.push(listener);
    },
    start,
    stop: once(close),
  };
}

function notStarted(): LogUnavailableError {
  return new LogUnavailableError('failed', 'the local log is not open');
}

/** The one place where errors of the file system become the log's own. */
function toUnavailable(error: unknown): LogUnavailableError {
  if (error instanceof LogUnavailableError) return error;
  const code = errorCode(error);
  const isFull =
    code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG' || error instanceof ShortWriteError;
  return isFull
    ? new LogUnavailableError('full', 'no space is left for the local log', { cause: error })
    : new LogUnavailableError('failed', `the local log cannot be written (${code ?? 'unknown error'})`, {
        cause: error,
      });
}
