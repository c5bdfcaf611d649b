/**
 * Kafka's classes, read and checked once a machine (Java's class data sharing) and kept beside the jars: without that
 * they are half of what a broker's start costs.
 */

import { randomBytes } from 'node:crypto';
import { access, rename, rm } from 'node:fs/promises';

const archiveOf = (jars: string) => `${jars}.jsa`;

/** For Java's command line: uses the archive. Empty where there is none; Java ignores one that another Java made. */
export async function withArchive(jars: string): Promise<readonly string[]> {
  const archive = archiveOf(jars);
  return (await isThere(archive)) ? [`-XX:SharedArchiveFile=${archive}`, '-Xlog:cds=off'] : [];
}

/** A Java process that leaves the archive when it ends in order. */
export interface ArchiveMaker {
  readonly arguments: readonly string[];
  /** To be called when it has ended: keeps what it left. One that was killed left nothing whole. */
  ended(inOrder: boolean): Promise<void>;
}

export function makeArchive(jars: string): ArchiveMaker {
  const partial = `${archiveOf(jars)}.${randomBytes(6).toString('hex')}`;
  return {
    arguments: [`-XX:ArchiveClassesAtExit=${partial}`, '-Xlog:cds=off', '-Xlog:cds+dynamic=off'],
    async ended(inOrder) {
      if (inOrder && (await isThere(partial))) await rename(partial, archiveOf(jars));
      else await rm(partial, { force: true });
    },
  };
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
