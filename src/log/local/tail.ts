/**
 * Decides what it means that no whole record stands at a position: the end, nothing yet, the next segment, or a
 * gap. The order of observation is the argument: `isDead` and `bases` were observed before the segment was read
 * the last time. An owner that was dead then wrote nothing after; a next segment that was there then proves the
 * segment before it finished. So that last look was at all there will ever be.
 */

import { LogGapError } from '../log.ts';
import type { DurableFiles } from './durable-files.ts';
import { SegmentReader, type Stop } from './segment-reader.ts';

/** What was seen around a position at which no whole record stands. */
export interface TailView {
  readonly files: DurableFiles;
  readonly partition: string;
  readonly folder: string;
  readonly uuid: string;
  readonly segment: SegmentReader;
  /** The greatest base in the folder at or before `from` is `segment.base`. */
  readonly bases: readonly number[];
  readonly isDead: boolean;
  readonly from: number;
  readonly stop: Stop;
}

/** `next`: read on at that position. `wait`: more may come. `ended`: nothing ever will. */
export type TailVerdict = { readonly next: number } | 'wait' | 'ended';

/** @throws LogGapError where acknowledged records are, or may be, behind `from` and cannot be read */
export async function judgeTail(view: TailView): Promise<TailVerdict> {
  const following = view.bases.find((base) => base > view.segment.base);
  if (following !== undefined) return judgeBefore(view, following);
  return judgeLast(view);
}

/** A later segment is there: its header says where this one ends, unless it is not the very next one. */
async function judgeBefore(view: TailView, following: number): Promise<TailVerdict> {
  const { segment, from } = view;
  const next = await SegmentReader.open(view.files, view.folder, view.uuid, following);
  if (!next) return { next: from };
  const header = await next.header().finally(() => next.close());
  const footer = await segment.footer();
  const follows = header ? header.previousBase === segment.base : footer?.end === following;
  const end = follows ? (header?.previousEnd ?? following) : footer?.end;
  if (end === undefined || from < end) {
    const readable = await segment.nextRecord(from, Math.min(end ?? segment.fileEnd(), segment.fileEnd()));
    const isMissing = end === undefined && readable === null && view.stop === 'end';
    throw gap(view, readable ?? following, isMissing ? 'missing' : 'damaged');
  }
  if (!follows) throw gap(view, following, 'missing');
  return { next: following };
}

/** This is the last segment there is. */
async function judgeLast(view: TailView): Promise<TailVerdict> {
  const { segment, from, isDead } = view;
  const footer = await segment.footer();
  if (footer) {
    if (from < footer.end)
      throw gap(view, (await segment.nextRecord(from, footer.end)) ?? footer.end, 'damaged');
    if (isDead) return 'ended';
    if (from > footer.end) throw gap(view, view.bases[0]!, 'out_of_range');
    return 'wait';
  }
  const fileEnd = segment.fileEnd();
  const readable = view.stop === 'bad' || isDead ? await segment.nextRecord(from, fileEnd) : null;
  if (readable !== null) throw gap(view, readable, 'damaged');
  if (isDead) {
    // The header was whole before the file got its name: a bad one, and no record, is more than a torn tail.
    const isHeadless = from === segment.base && (await segment.header()) === null;
    if (isHeadless) throw gap(view, Math.max(fileEnd, segment.base + 1), 'damaged');
    return 'ended';
  }
  // What was read of a living owner's file is still there, and ends in a line feed: a position behind the file's
  // end, or among the zeros laid ahead, is none of this partition.
  const isBehind = from > fileEnd || (from > segment.base && !(await segment.isWrittenBefore(from)));
  if (isBehind) throw gap(view, view.bases[0]!, 'out_of_range');
  return 'wait';
}

const words = {
  damaged: 'is damaged or cut short',
  missing: 'is missing',
  out_of_range: 'lies behind the end of the log',
} as const;

function gap(view: TailView, toPosition: number, reason: keyof typeof words): LogGapError {
  const text = `partition ${view.partition}: what was written at ${view.from} ${words[reason]}; reading can go on at ${toPosition}`;
  return new LogGapError(view.from, toPosition, reason, text);
}
