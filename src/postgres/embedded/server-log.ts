/**
 * The file that takes what the server says. The server writes to it directly, so that its last words are there
 * even when we are not; it is kept small by moving its content to `server.log.1` and cutting it.
 */

import { copyFile, type FileHandle, open } from 'node:fs/promises';

/** The file and the one before it take at most about twice this each. */
export const serverLogBytesMax = 4 * 1024 * 1024;
const checkEveryMs = 60_000;

export interface ServerLog {
  readonly fd: number;
  /** What was said since the log was opened, at most the last 16 KiB of it. */
  said(): Promise<string>;
  close(): Promise<void>;
}

/** Opens the log for one run of the server. `onError` hears why it could not be shortened. */
export async function openServerLog(
  path: string,
  onError: (error: Error) => void,
  bytesMax: number = serverLogBytesMax,
): Promise<ServerLog> {
  // Append mode: after a cut the server's next line stands at the new end.
  const file = await open(path, 'a+', 0o600);
  await shorten(file, path, bytesMax);
  let from = (await file.stat()).size;
  const check = async () => {
    if (await shorten(file, path, bytesMax)) from = 0;
  };
  let checking: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    checking = checking.then(check).catch(onError);
  }, checkEveryMs);
  timer.unref();
  return {
    fd: file.fd,
    said: () => tail(file, from),
    close: async () => {
      clearInterval(timer);
      await checking;
      await file.close();
    },
  };
}

async function shorten(file: FileHandle, path: string, bytesMax: number): Promise<boolean> {
  if ((await file.stat()).size <= bytesMax) return false;
  await copyFile(path, `${path}.1`);
  await file.truncate(0);
  return true;
}

async function tail(file: FileHandle, from: number): Promise<string> {
  const { size } = await file.stat();
  const start = Math.max(from, size - 16 * 1024);
  const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.max(size - start, 1)), 0, null, start);
  return buffer.toString('utf8', 0, bytesRead);
}
