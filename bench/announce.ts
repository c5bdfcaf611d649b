/**
 * How a measured program says where it listens: to the process that forked it by a message, to a person by a line.
 * It ends with the process that forked it, so that a bench that was killed leaves nothing behind.
 */

export interface Announcement {
  readonly port: number;
}

export function announce(port: number): void {
  process.once('disconnect', () => process.exit());
  if (process.send) process.send({ port } satisfies Announcement);
  else console.log(`http://127.0.0.1:${port}/api/usages`);
}

/** The port asked for by PORT; 0, a free one, where it is not set. */
export const wantedPort = Number(process.env.PORT ?? 0);
