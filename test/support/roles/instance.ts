/** `usage-ingest start` with the role fixtures beside this file. TIMING holds a Timing as JSON. */
import { start } from '../../../src/commands/start.ts';
import { loadSettings } from '../../../src/config/load.ts';
import { roleTable } from '../../../src/supervisor/role-table.ts';
import { defaultTiming } from '../../../src/supervisor/timing.ts';

const roles = roleTable.map((row) => ({ ...row, entry: new URL(`./${row.role}.ts`, import.meta.url) }));
const timing = { ...defaultTiming, ...JSON.parse(process.env.TIMING ?? '{}') };
process.exit(await start(loadSettings(process.env), { roles, timing }));
