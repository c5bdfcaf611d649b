/** Which usages lie where in the local log's segment files, for whoever damages one or asks what was in it. */

import { basename, dirname } from 'node:path';
import type { Disk } from './disk/disk.ts';
import type { FileNode, FolderNode } from './disk/inode.ts';

export interface PlacedUsage {
  readonly id: string;
  readonly partition: string;
  /** Of a byte of it, within its partition. */
  readonly position: number;
}

export interface Frame {
  /** In the file. */
  readonly offset: number;
  readonly bytes: number;
}

const headerBytes = 64;
const frameHeadBytes = 8;
const footerMarker = 0xffffffff;

/** Ids of simulated usages, wherever they stand. */
export const idPattern = /00000000-0000-4000-8000-\d{12}/g;

export function isSegment(path: string): boolean {
  return /^\d{20}\.log$/.test(basename(path));
}

/** Every usage in a segment's frames. */
export function usagesIn(path: string, node: FileNode): PlacedUsage[] {
  const base = Number(basename(path, '.log'));
  const text = node.read(0, node.size).toString('latin1');
  return [...text.matchAll(idPattern)].map((found) => ({
    id: found[0],
    partition: basename(dirname(path)),
    position: base + found.index - headerBytes,
  }));
}

export function framesIn(node: FileNode): Frame[] {
  const bytes = node.read(0, node.size);
  const frames: Frame[] = [];
  for (let offset = headerBytes; offset + frameHeadBytes <= bytes.length; ) {
    const length = bytes.readUInt32LE(offset);
    if (length === 0 || length === footerMarker || offset + frameHeadBytes + length > bytes.length) break;
    frames.push({ offset, bytes: frameHeadBytes + length });
    offset += frameHeadBytes + length;
  }
  return frames;
}

/** Every segment file on a disk, by its path. */
export function segmentFiles(disk: Disk): { path: string; node: FileNode }[] {
  const found: { path: string; node: FileNode }[] = [];
  const look = (path: string, folder: FolderNode) => {
    for (const [name, node] of folder.entries) {
      const each = `${path}/${name}`;
      if (node.kind === 'folder') look(each, node);
      else if (isSegment(each)) found.push({ path: each, node });
    }
  };
  look('', disk.root);
  return found;
}
