/**
 * The disk's own rate: a group's bytes written to the end of an O_DSYNC file, one after the other, as the local log
 * does and with nothing else around. Synchronous calls of Node: about 1 us beside the 100 us and more of a disk.
 */

import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Latency } from '../result.ts';

/** A group of about 30 usages, as 64 connections make them, and one of 500. */
export const groupBytes = [5_000, 70_000] as const;

export interface DiskRate {
  /** Of one write. */
  readonly bytes: number;
  readonly writes: number;
  readonly durationS: number;
  readonly cpuUs: number;
  /** Of one write. */
  readonly latencyMs: Latency;
}

const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_DSYNC;

/** Blocks its process for as long: run it in one of its own. The file lies in `folder` and is removed. */
export function measureDisk(folder: string, bytes: number, seconds: number): DiskRate {
  const own = mkdtempSync(join(folder, 'fsync-'));
  const fd = openSync(join(own, 'groups'), flags, 0o600);
  try {
    return writeGroups(fd, Buffer.alloc(bytes, 'usage'), seconds);
  } finally {
    closeSync(fd);
    rmSync(own, { recursive: true });
  }
}

function writeGroups(fd: number, group: Buffer, seconds: number): DiskRate {
  const tookMs: number[] = [];
  // The first one also makes the file's own entry durable.
  writeWhole(fd, group);
  const cpu = process.cpuUsage();
  const beganAtMs = performance.now();
  let nowMs = beganAtMs;
  while (nowMs < beganAtMs + seconds * 1_000) {
    const startedAtMs = nowMs;
    writeWhole(fd, group);
    nowMs = performance.now();
    tookMs.push(nowMs - startedAtMs);
  }
  const { user, system } = process.cpuUsage(cpu);
  return {
    bytes: group.length,
    writes: tookMs.length,
    durationS: (nowMs - beganAtMs) / 1_000,
    cpuUs: user + system,
    latencyMs: latencyOf(tookMs),
  };
}

function writeWhole(fd: number, group: Buffer): void {
  const written = writeSync(fd, group);
  if (written !== group.length) throw new Error(`the disk took ${written} of ${group.length} bytes`);
}

function latencyOf(values: number[]): Latency {
  values.sort((a, b) => a - b);
  const at = (share: number) => values[Math.min(values.length - 1, Math.floor(values.length * share))]!;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: at(1) };
}
