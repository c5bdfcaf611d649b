/**
 * A connection to Postgres as the product uses it. Everything that store and writer do with Postgres goes through a
 * `Connect` and the few calls below, so that a simulated Postgres can stand in its place.
 */

import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { connectionConfig } from './connection.ts';
import { cut, socketOf } from './deadline.ts';

export interface Answer<R> {
  readonly rows: R[];
  readonly rowCount: number | null;
  /** The command tag's first word: `COMMIT`, `UPDATE`, … */
  readonly command: string;
}

/** What sends statements; a `pg.Client` is one. */
export interface Queryable {
  /** @throws pg.DatabaseError as the server answers; any other error where the connection is lost */
  query<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Answer<R>>;
}

export interface SqlClient extends Queryable {
  /**
   * `COPY … FROM STDIN`: sends the chunks one after the other. A chunk may be overwritten once the next is asked for.
   * @returns how many rows Postgres took
   * @throws as `query` does; the connection stays usable after a rollback
   */
  copyIn(text: string, chunks: Iterator<Buffer, void>): Promise<number>;
}

export interface Connection extends SqlClient {
  /** Bytes that came and went so far: while they stay the same, nothing moves. */
  bytesMoved(): number;
  /** As the server told it; made up where a pooler stands between. */
  backendPid(): number;
  /** Calls back when the connection is gone, for whatever reason. */
  onLost(listener: () => void): void;
  /** Says goodbye and closes; waits for the server. */
  end(): Promise<void>;
  /** Closes at once, without a word to the server: everything in flight fails. */
  cut(): void;
}

/** Opens one. @throws where it cannot be had */
export type Connect = () => Promise<Connection>;

const connectTimeoutMs = 5_000;

/** The application name of a writer's sessions, unless DATABASE_URL has another one, and of its transactions always. */
export const writerName = 'usage-ingest writer';

/** How `role`, as `pg_stat_activity` shows it, connects. */
export function connector(databaseUrl: string, role = 'writer'): Connect {
  return async () => {
    const client = new pg.Client(connectionConfig(databaseUrl, { role, pooled: true, connectTimeoutMs }));
    const connection = connectionOf(client);
    try {
      await client.connect();
      return connection;
    } catch (error) {
      connection.cut();
      throw error;
    }
  };
}

/** A client of pg, connected or about to be, as a `Connection`. */
export function connectionOf(client: pg.Client): Connection {
  // Without a listener a lost connection would end the process; whoever queries next is told anyway.
  client.on('error', () => {});
  return {
    query: (text, values) => client.query(text, values),
    copyIn: (text, chunks) => copyIn(client, text, chunks),
    bytesMoved() {
      const { bytesRead, bytesWritten, writableLength } = socketOf(client);
      return bytesRead + bytesWritten - writableLength;
    },
    backendPid: () => (client as unknown as { processID: number | null }).processID ?? 0,
    onLost(listener) {
      client.on('error', listener);
      client.on('end', listener);
    },
    end: () => client.end(),
    cut: () => cut(client),
  };
}

function copyIn(client: pg.Client, text: string, chunks: Iterator<Buffer, void>): Promise<number> {
  const stream = client.query(copyFrom(text));
  return new Promise((resolve, reject) => {
    let failed = false;
    stream.on('error', (error) => {
      failed = true;
      reject(error);
    });
    stream.on('finish', () => resolve(stream.rowCount));
    // One chunk at a time: the stream must have none left when an error comes, because it would then write to
    // a connection that it let go of. It also bounds what waits in the socket.
    const writeNext = () => {
      if (failed) return;
      const chunk = chunks.next();
      if (chunk.done) stream.end();
      else stream.write(chunk.value, writeNext);
    };
    writeNext();
  });
}
