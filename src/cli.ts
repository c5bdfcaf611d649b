/** The command line: what each word means, and the exit code of everything. */

import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { type CapacityArguments, capacityCommand } from './commands/capacity.ts';
import { checkConfig } from './commands/check-config.ts';
import { databaseUrlCommand } from './commands/database-url.ts';
import { deadLettersList, deadLettersReplay } from './commands/dead-letters.ts';
import { parseDuration, parseExpiry } from './commands/duration.ts';
import {
  type CreateKeyArguments,
  keysCreate,
  keysExport,
  keysList,
  keysRevoke,
  keysRotate,
} from './commands/keys.ts';
import { migrateCommand } from './commands/migrate.ts';
import {
  type AcceptGapArguments,
  positionsAcceptGap,
  positionsList,
  positionsSkip,
  type SkipArguments,
} from './commands/positions.ts';
import { settingsHelp } from './commands/settings-help.ts';
import { sqlCommand } from './commands/sql.ts';
import { start, startRole } from './commands/start.ts';
import { withDatabase, withSettings } from './commands/with-settings.ts';
import { workersMax } from './role/arguments.ts';
import { type Role, roles } from './role/roles.ts';
import { exitCode } from './system/exit-codes.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

const about = [
  'usage-ingest takes in every use of a connected inhaler and loses none.',
  '',
  'Devices post usages over HTTP. A 201 means: on disk, and it will be in Postgres exactly once, whatever is killed in between. Without any setting it brings a Postgres of its own and keeps everything in ./data.',
].join('\n');

const examples = `
Examples:
  $ usage-ingest start                                  everything, on http://127.0.0.1:3000
  $ PORT=8080 HOST=0.0.0.0 usage-ingest start           for other machines, on port 8080
  $ DATABASE_URL=postgres://me@db/usages usage-ingest start
  $ usage-ingest start --role writer                    one role alone, for containers
  $ echo 'SELECT * FROM usages' | usage-ingest sql -
  $ usage-ingest capacity --rate 16700                  the machines for a million requests a minute
  $ usage-ingest check-config                           what is used, or all that is wrong

Exit codes: 0 done; 1 failed; 64 wrong command line; 69 DATA_DIR or a port is in use; 78 wrong settings.
`;

/** Runs one command line. @returns the exit code */
async function run(argv: readonly string[]): Promise<number> {
  let code: number = exitCode.ok;
  /** An action whose exit code is the process's. */
  const does =
    <A extends unknown[]>(action: (...args: A) => Promise<number>) =>
    async (...args: A) => {
      code = await action(...args);
    };
  const program = new Command('usage-ingest')
    .description(about)
    .version(version)
    .exitOverride()
    .showHelpAfterError('(usage-ingest --help says more)')
    .addHelpText('after', () => `${examples}\n${settingsHelp()}\n`);
  addServer(program, does);
  addDatabase(program, does);
  addOperations(program, does);
  addKeys(program, does);
  addCapacity(program, does);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // --help and --version are no misuse.
    return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
  }
}

type Does = <A extends unknown[]>(action: (...args: A) => Promise<number>) => (...args: A) => Promise<void>;

function addServer(program: Command, does: Does): void {
  program
    .command('start')
    .description('start the server; with --role one of its processes alone')
    .addOption(
      new Option('--role <role>', 'run only this role, with an admin port of its own').choices(roles),
    )
    .addOption(
      new Option(
        '--worker <n>',
        'the slot of a role that runs alone, one for each of its processes',
      ).argParser(number(0, workersMax - 1)),
    )
    .action(
      does(async ({ role, worker }: { role?: Role; worker?: number }, command: Command) => {
        if (role === undefined && worker !== undefined) command.error('error: --worker goes with --role');
        return role === undefined ? withSettings((settings) => start(settings)) : startRole(role);
      }),
    );
  program
    .command('check-config')
    .description('check every setting and print what is used, without secrets')
    .action(does(() => checkConfig()));
}

function addDatabase(program: Command, does: Does): void {
  program
    .command('migrate')
    .description("bring the database's schema up to date (start does it too)")
    .action(does(() => withSettings((settings) => migrateCommand(settings, process))));
  program
    .command('database-url')
    .description('print the URL of the database, for psql: psql "$(usage-ingest database-url)"')
    .action(does(() => withSettings((settings) => databaseUrlCommand(settings, process))));
  program
    .command('sql')
    .description('run the queries of a file and print tables, for those who have no psql')
    .argument('<file>', 'the file, or - for standard input')
    .action(does((file: string) => withSettings((settings) => sqlCommand(settings, file, process))));
}

function addOperations(program: Command, does: Does): void {
  const positions = program
    .command('positions')
    .description('show how far each log partition has been stored');
  positions
    .command('list')
    .description('print every partition with its position and open gaps')
    .action(does(() => withDatabase((url) => positionsList(url, process))));
  positions
    .command('accept-gap')
    .description('let a partition that stopped at a gap go on after it; what was in the gap is not stored')
    .option('--gap <id>', 'the number of the gap, from "positions list"', number(1, Number.MAX_SAFE_INTEGER))
    .option('--partition <name>', 'the partition whose gap is meant')
    .option(
      '--to <position>',
      'where reading goes on, for a gap that does not say',
      number(0, Number.MAX_SAFE_INTEGER),
    )
    .option('--by <name>', 'who answers for it')
    .action(
      does((options: AcceptGapArguments) => withDatabase((url) => positionsAcceptGap(url, options, process))),
    );
  positions
    .command('skip')
    .description('pass over records that no release can read, where a partition stopped: they are not stored')
    .requiredOption('--partition <name>', 'the partition')
    .option('--source <name>', 'its log, from "positions list"')
    .requiredOption('--from <position>', 'where it stands', number(0, Number.MAX_SAFE_INTEGER))
    .requiredOption('--to <position>', 'where it is to go on', number(0, Number.MAX_SAFE_INTEGER))
    .option('--by <name>', 'who answers for it')
    .action(does((options: SkipArguments) => withDatabase((url) => positionsSkip(url, options, process))));
  const deadLetters = program.command('dead-letters').description('what Postgres refused to store');
  deadLetters
    .command('list')
    .description('list dead letters (without their contents)')
    .action(does(() => withDatabase((url) => deadLettersList(url, process))));
  deadLetters
    .command('replay')
    .description('retry them after fixing the cause')
    .argument(
      '[id...]',
      'which ones; without any: all that were not replayed',
      (id: string, before: number[] = []) => [...before, number(1, Number.MAX_SAFE_INTEGER)(id)],
    )
    .action(
      does((ids: number[] | undefined) =>
        withDatabase((url) => deadLettersReplay(url, ids && ids.length > 0 ? ids : 'all', process)),
      ),
    );
}

function addKeys(program: Command, does: Does): void {
  const keys = program
    .command('keys')
    .description('make, list, rotate and revoke API keys: who may send usages');
  const json = ['--json', 'print JSON'] as const;
  keys
    .command('create')
    .description('make a key and print it, this once')
    .requiredOption('--name <name>', 'whose it is, for people', keyName)
    .option('--rate <usages>', 'usages per second over the whole instance (no limit)', number(1, 1e9))
    .option('--burst <usages>', "usages that may come at once (a second's)", number(1, 1e9))
    .option('--expires <when>', 'after a time (90d, 12h) or at one (2027-06-01T00:00Z)', expiry)
    .option(...json)
    .action(does((args: CreateKeyArguments) => withDatabase((url) => keysCreate(url, args, process))));
  keys
    .command('list')
    .description('print every key, never a secret')
    .option(...json)
    .action(
      does(({ json = false }: { json?: boolean }) => withDatabase((url) => keysList(url, json, process))),
    );
  keys
    .command('rotate')
    .description('make a new key beside an old one, which ends after an overlap')
    .argument('<id>', 'the old key, from "keys list"')
    .option('--overlap <time>', 'how long the old one goes on (24h)', duration, 24 * 3_600_000)
    .option(...json)
    .action(
      does((id: string, { overlap, json }: { overlap: number; json?: boolean }) =>
        withDatabase((url) => keysRotate(url, { id, overlapMs: overlap, json: json ?? false }, process)),
      ),
    );
  keys
    .command('revoke')
    .description('end a key at once')
    .argument('<id>', 'the key, from "keys list"')
    .action(does((id: string) => withDatabase((url) => keysRevoke(url, id, process))));
  keys
    .command('export')
    .description('print the key file for hosts without a database (USAGE_KEYS_FILE)')
    .action(does(() => withDatabase((url) => keysExport(url, process))));
}

function keyName(text: string): string {
  if (/^[^\p{Cc}]{1,100}$/u.test(text)) return text;
  throw new InvalidArgumentError('It must have 1 to 100 characters, none of them a control character.');
}

function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw new InvalidArgumentError('It must be a time such as 90d, 24h, 15m or 30s.');
  return ms;
}

function expiry(text: string): Date {
  const at = parseExpiry(text, Date.now());
  if (at === null || at.getTime() <= Date.now())
    throw new InvalidArgumentError(
      'It must be a time such as 90d, or an instant to come such as 2027-06-01T00:00Z.',
    );
  return at;
}

/** Bounds that keep every sum a number; what lies beyond them is no plan. */
function addCapacity(program: Command, does: Does): void {
  program
    .command('capacity')
    .description('which machines a rate needs, from what the benchmark measured')
    .requiredOption('--rate <n>', 'highest requests a second', number(1, 1e9))
    .option('--usages-per-request <n>', 'usages in each (1)', number(1, 10_000))
    .addOption(new Option('--log <log>', 'the log (local)').choices(['local', 'kafka']))
    .option('--mean-share <share>', "the day's mean rate / the highest (1)", decimal(0.001, 1))
    .option('--utilisation <share>', 'target CPU utilisation at peak (0.6)', decimal(0.05, 1))
    .option('--cores-per-host <n>', '(8)', number(1, 1_000))
    .option('--patients <n>', 'who use their inhalers: a page of the index each (1000000)', number(1, 1e10))
    .option('--keep-days <n>', 'how long usages stay in Postgres (365)', number(1, 36_500))
    .option('--log-days <days>', 'how long the log keeps them (local 1, kafka 30)', decimal(0.01, 36_500))
    .option('--kafka-replicas <n>', 'copies of the topic (3)', number(1, 100))
    .option('--disk-megabytes-per-second <n>', 'what a disk writes (500)', number(1, 1e6))
    .option('--network-mbit-per-second <n>', 'of a host (10000)', number(1, 1e7))
    .option('--price-core-hour <price>', '(0.04)', decimal(0, 1e6))
    .option('--price-gb-month <price>', '(0.1)', decimal(0, 1e6))
    .action(does(async (given: CapacityArguments) => capacityCommand(given, process)));
}

/** Reads a number within bounds, with a fraction or without. */
function decimal(min: number, max: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,10}(\.\d{1,10})?$/.test(text) && Number(text) >= min && Number(text) <= max)
      return Number(text);
    throw new InvalidArgumentError(`It must be a number from ${min} to ${max}.`);
  };
}

/** Reads a whole number within bounds. */
function number(min: number, max: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,16}$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

process.exit(await run(process.argv.slice(2)));
