/**
 * A lock on a file that the kernel frees when its holder dies, however it dies: nothing stale is ever left,
 * and a process that is only stopped (SIGSTOP) still holds it.
 *
 * Node has no flock; SQLite, which it carries, takes POSIX record locks and keeps account of them within a
 * process too. So a lock is an exclusive transaction on an empty database file, begun and never ended.
 * Closing any other descriptor of such a file would free the lock (that is how POSIX record locks are):
 * nobody may open a lock file except through here.
 */

import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

/** A lock that is held until it is released or the process ends. */
export interface ProcessLock {
  /** Frees it; again is harmless. */
  release(): void;
}

/** Looks again and again whether a lock is held, cheaply (about 10 µs a look). */
export interface LockProbe {
  /** True while another connection holds it, and where it cannot be told: only a free lock proves a death. */
  isHeld(): boolean;
  close(): void;
}

/** SQLITE_BUSY: another connection holds the lock (https://sqlite.org/rescode.html). */
const busy = 5;
/** SQLITE_CORRUPT, SQLITE_NOTADB: SQLite reads the file only once it has its shared lock, which an owner never grants. */
const damaged = [11, 26];

/** A probe holds a free lock for a moment; the taker waits that out. */
const takeTimeoutMs = 100;

/** Keeps the connections from being collected, which would free their locks. */
const held = new Set<DatabaseSync>();

/**
 * Takes the lock, making its file where there is none; null where another holds it.
 * @throws whatever SQLite says where the file cannot be made or opened
 */
export function tryLock(path: string): ProcessLock | null {
  const database = new DatabaseSync(path, { timeout: takeTimeoutMs });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (codeOf(error) === busy) return null;
    throw error;
  }
  held.add(database);
  return {
    release() {
      if (held.delete(database)) database.close();
    },
  };
}

/** Looks once. See `LockProbe.isHeld`. */
export function isLockHeld(path: string): boolean {
  const probe = openLockProbe(path);
  try {
    return probe.isHeld();
  } finally {
    probe.close();
  }
}

/** Opens the lock's file, which must be there to prove anything; it is never made by looking. */
export function openLockProbe(path: string): LockProbe {
  let database: DatabaseSync | null = null;
  const open = (): DatabaseSync => {
    const url = pathToFileURL(path);
    url.searchParams.set('mode', 'rw');
    return new DatabaseSync(url);
  };
  return {
    isHeld() {
      try {
        database ??= open();
        database.exec('BEGIN EXCLUSIVE');
        database.exec('ROLLBACK');
        return false;
      } catch (error) {
        return !damaged.includes(codeOf(error) ?? busy);
      }
    },
    close() {
      database?.close();
      database = null;
    },
  };
}

/** The primary result code, without SQLite's extension in the higher bits. */
function codeOf(error: unknown): number | null {
  const code = (error as { errcode?: unknown }).errcode;
  return typeof code === 'number' ? code & 0xff : null;
}
