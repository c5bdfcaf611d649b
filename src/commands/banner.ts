/** What a person sees when the server is up. */

import { basename, relative } from 'node:path';
import { concealPassword } from '../config/conceal.ts';
import type { Settings } from '../config/settings.ts';
import { keysAreRequired } from '../keys/required.ts';
import type { StartedInstance } from '../supervisor/supervisor.ts';
import { isRunByNpm } from '../system/parent-process.ts';

const example =
  '{"patientId":"100","timestamp":"Tue Nov 01 2016 09:11:51 GMT-0500 (CDT)","medication":"Albuterol"}';

/** Said where requests need a key. */
const keyLine = () => `  Keys:       ${ourCommand()} keys create --name my-app  (every request needs one)\n`;

export interface Addresses {
  readonly url: string;
  readonly adminUrl: string;
  /** A line for a shell that posts one usage. */
  readonly curl: string;
  readonly needsKey: boolean;
}

export function addressesOf(settings: Settings, instance: StartedInstance): Addresses {
  const url = `http://${reachable(settings.HOST)}:${instance.port}`;
  return {
    url,
    adminUrl: `http://${reachable(settings.ADMIN_HOST)}:${instance.adminPort}`,
    needsKey: keysAreRequired(settings),
    curl: `curl -i ${url}/api/usages ${keysAreRequired(settings) ? '-H "Authorization: Bearer <key>" ' : ''}-d '${example}'`,
  };
}

/**
 * On a terminal the embedded database's URL is complete: it works on this machine alone, and its password lies in
 * DATA_DIR for the same person. Elsewhere the text ends in somebody's log, so no password is in it, and that of another
 * database is never.
 */
export function bannerText(addresses: Addresses, instance: StartedInstance, onTerminal: boolean): string {
  const isShown = instance.embedded && onTerminal;
  const database = isShown ? instance.databaseUrl : concealPassword(instance.databaseUrl);
  return `
usage-ingest listens on ${addresses.url}/api/usages

${addresses.needsKey ? keyLine() : ''}  Try it:     ${addresses.curl}
  Look:       echo 'SELECT * FROM usages' | ${ourCommand()} sql -
  Database:   ${database}${instance.embedded ? `  (embedded; ${ourCommand()} database-url prints it)` : ''}
  Console:    ${addresses.adminUrl}
  Stop:       ${process.stdin.isTTY ? 'Ctrl-C' : 'send SIGTERM'}

`;
}

/** As whoever started the server can say it again: npm's way, an installed program's, or the file (in an image). */
function ourCommand(): string {
  if (isRunByNpm()) return 'npx usage-ingest';
  const program = process.argv[1] ?? '';
  return basename(program) === 'usage-ingest' ? 'usage-ingest' : `node ${relative(process.cwd(), program)}`;
}

/** Where a listener on every address is reached from this machine; IPv6 in brackets. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
