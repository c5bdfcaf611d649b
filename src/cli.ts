/** The command line: what each word means, and the exit code of everything. */

import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { checkConfig } from './commands/check-config.ts';
import { settingsHelp } from './commands/settings-help.ts';
import { start, startRole } from './commands/start.ts';
import { exitCode } from './errors/exit-codes.ts';
import { workersMax } from './role/arguments.ts';
import { type Role, roles } from './role/messages.ts';

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
  $ usage-ingest check-config                           what is used, or all that is wrong

Exit codes: 0 done; 1 failed; 64 wrong command line; 69 DATA_DIR or a port is in use; 78 wrong settings.
`;

/** Runs one command line. @returns the exit code */
async function run(argv: readonly string[]): Promise<number> {
  let code: number = exitCode.ok;
  const program = new Command('usage-ingest')
    .description(about)
    .version(version)
    .exitOverride()
    .showHelpAfterError('(usage-ingest --help says more)')
    .addHelpText('after', () => `${examples}\n${settingsHelp()}\n`);

  program
    .command('start')
    .description('start the server; with --role one of its processes alone')
    .addOption(
      new Option('--role <role>', 'run only this role, with an admin port of its own').choices(roles),
    )
    .addOption(
      new Option(
        '--worker <n>',
        'the slot of a role that runs alone: each process of a role has its own',
      ).argParser(workerNumber),
    )
    .action(async ({ role, worker }: { role?: Role; worker?: number }, command: Command) => {
      if (role === undefined && worker !== undefined) command.error('error: --worker goes with --role');
      code = role === undefined ? await start() : await startRole(role);
    });

  program
    .command('check-config')
    .description('check every setting and print what is used, without secrets')
    .action(async () => {
      code = await checkConfig();
    });

  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // --help and --version are no misuse.
    return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
  }
}

function workerNumber(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) < workersMax) return Number(text);
  throw new InvalidArgumentError(`It is a whole number from 0 to ${workersMax - 1}.`);
}

process.exit(await run(process.argv.slice(2)));
