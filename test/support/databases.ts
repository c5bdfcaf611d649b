/** The databases of one server, and statements to them. */

import pg from 'pg';

/** Makes one, as a copy of another where that is named. @returns its URL */
export async function createDatabase(url: string, name: string, template?: string): Promise<string> {
  await query(url, `create database ${name}${template ? ` template ${template}` : ''}`);
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.toString();
}

/** Runs one statement over a connection of its own. */
export async function query<Row extends pg.QueryResultRow>(
  url: string,
  sql: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  // The query in flight rejects with it; an event nobody hears would end the test.
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}
