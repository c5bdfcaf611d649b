/** The queries of analytics/, as they stand in their files. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';

const folder = join(import.meta.dirname, '..', '..', 'analytics');

/** The scripts' names, `night-use.sql`. */
export const analyticsScripts = readdirSync(folder)
  .filter((name) => name.endsWith('.sql'))
  .sort();

export function scriptText(name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}

export function scriptPath(name: string): string {
  return join(folder, name);
}

/** Its statements: none holds a semicolon of its own. */
export function statementsOf(name: string): string[] {
  return scriptText(name)
    .replace(/^--.*$/gm, '')
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

type Row = Record<string, string | null>;

/** Runs a script as psql -f does; every value is the text that Postgres gives. */
export async function runScript(client: pg.Client, name: string): Promise<Row[][]> {
  const results: Row[][] = [];
  for (const text of statementsOf(name)) {
    const query = { text, types: { getTypeParser: () => (value: string) => value } };
    results.push((await client.query<Row>(query as pg.QueryConfig)).rows);
  }
  return results;
}

export interface Plan {
  /** Partitions of `usages` that are read, and that were pruned away before or at the start. */
  readonly read: number;
  readonly pruned: number;
  /** Node types with the index, else the table, where there is one: `Seq Scan usages_2016_11`. */
  readonly nodes: readonly string[];
  readonly executionMs: number;
}

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Subplans Removed'?: number;
  Plans?: PlanNode[];
}

/** Runs one statement under EXPLAIN ANALYZE. */
export async function explain(client: pg.Client, statement: string): Promise<Plan> {
  const { rows } = await client.query(`explain (analyze, timing off, format json) ${statement}`);
  const [{ Plan: root, 'Execution Time': executionMs, 'Planning Time': planningMs }] = rows[0]['QUERY PLAN'];
  const nodes: PlanNode[] = [];
  const visit = (node: PlanNode) => {
    nodes.push(node);
    node.Plans?.forEach(visit);
  };
  visit(root);
  const relations = nodes.map((node) => node['Relation Name'] ?? '');
  return {
    read: new Set(relations.filter((name) => /^usages_\d{4}_\d\d$/.test(name))).size,
    pruned: nodes.reduce((sum, node) => sum + (node['Subplans Removed'] ?? 0), 0),
    nodes: nodes.map((node) =>
      [node['Node Type'], node['Index Name'] ?? node['Relation Name']].filter(Boolean).join(' '),
    ),
    executionMs: executionMs + planningMs,
  };
}

/** A connection that ends with the test. */
export async function connect(
  url: string,
  t: { after(close: () => Promise<void>): void },
): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  t.after(() => client.end());
  return client;
}
