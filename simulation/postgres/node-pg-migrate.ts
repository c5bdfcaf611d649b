/** `node-pg-migrate`: the simulated tables are made at once; the SQL files have tests of their own. */

interface Queryable {
  query(sql: string): Promise<unknown>;
}

export const PG_MIGRATE_LOCK_ID = 7_241_865_325_823_964;

export async function runner({ dbClient }: { dbClient: Queryable }): Promise<{ name: string }[]> {
  await dbClient.query('simulated migrations');
  return [];
}
