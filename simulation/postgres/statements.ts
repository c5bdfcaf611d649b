/**
 * The statements of the product, each told by its text. A statement that is not here is an error of the simulation:
 * whoever writes a new one says here what it does.
 */

import { contentOf, copyRowsInto } from './copy-rows.ts';
import {
  PgError,
  type PostgresServer,
  type QueryResult,
  type Statement,
  type Transaction,
} from './server.ts';

type Handler = (found: RegExpExecArray, params: readonly unknown[]) => Statement;

const text = (value: unknown): string => String(value);
const positionKey = (source: unknown, partition: unknown) => `${source} ${partition}`;

function answer(command: string, rows: Record<string, unknown>[] = [], rowCount = rows.length): QueryResult {
  return { command, rowCount, rows };
}

const done = (command: string) => () => answer(command, [], 0);

/** What a statement meets before it does anything. */
function guarded(statement: Statement, writes: boolean): Statement {
  return (tx, server) => {
    if (tx.failed) throw new PgError('25P02', 'current transaction is aborted');
    const { settings } = tx.backend;
    if (writes && settings.statementTimeoutMs > 0)
      throw new PgError('57014', 'canceling statement due to statement timeout');
    if (writes && isReadOnly(tx, server))
      throw new PgError('25006', 'cannot execute the statement in a read-only transaction');
    return statement(tx, server);
  };
}

function isReadOnly(tx: Transaction, server: PostgresServer): boolean {
  return server.isStandby || tx.backend.settings.isReadOnly;
}

function needTables(server: PostgresServer): void {
  if (!server.isMigrated) throw new PgError('42P01', 'relation does not exist');
}

const read = (run: Statement): Statement =>
  guarded((tx, server) => {
    needTables(server);
    return run(tx, server);
  }, false);

const write = (run: Statement): Statement =>
  guarded((tx, server) => {
    needTables(server);
    return run(tx, server);
  }, true);

const handlers: readonly (readonly [RegExp, Handler])[] = [
  // Sessions.
  [
    /^select current_setting\('server_encoding'\) as encoding, current_setting\('transaction_read_only'\) as read_only, current_setting\('server_version_num'\)::int as version$/,
    () =>
      guarded(
        (tx, server) =>
          answer('SELECT', [
            { encoding: 'UTF8', read_only: isReadOnly(tx, server) ? 'on' : 'off', version: 180_000 },
          ]),
        false,
      ),
  ],
  [
    /^select to_regclass\('log_positions'\) is not null and to_regclass\('usages'\) is not null as has_tables, pg_backend_pid\(\) as backend_pid, \(extract\(epoch from clock_timestamp\(\)\) \* 1000\)::float8 as now$/,
    () =>
      guarded(
        (tx, server) =>
          answer('SELECT', [{ has_tables: server.isMigrated, backend_pid: tx.backend.pid, now: Date.now() }]),
        false,
      ),
  ],
  [
    /^select pg_backend_pid\(\) as pid$/,
    () => guarded((tx) => answer('SELECT', [{ pid: tx.backend.pid }]), false),
  ],
  [
    /^select a\.pid, a\.state like 'idle in transaction%' as idle/,
    (_, [pid, ms]) => guarded((_tx, server) => blockers(server, Number(pid), Number(ms)), false),
  ],
  [
    /^select pg_terminate_backend\(\$1\)$/,
    (_, [pid]) =>
      guarded((_tx, server) => {
        const backend = server.backends.get(Number(pid));
        if (backend) server.end(backend);
        return answer('SELECT', [{}]);
      }, false),
  ],
  [
    /^select state <> 'active' or wait_event = 'ClientRead' as waits from pg_stat_activity where pid = \$1 and usename = current_user and state_change < clock_timestamp\(\) - \$2 \* interval '1 millisecond'$/,
    (_, [pid, ms]) =>
      guarded((_tx, server) => {
        const backend = server.backends.get(Number(pid));
        if (!backend || server.nowMs - backend.stateSinceMs < Number(ms)) return answer('SELECT');
        return answer('SELECT', [{ waits: backend.state !== 'active' }]);
      }, false),
  ],
  // Migrations.
  [
    /^select s as schema, to_regclass\(quote_ident\(s\) \|\| '\.usage_migrations'\) is not null as own/,
    () => guarded(() => answer('SELECT', [{ schema: 'public', own: true, elsewhere: false }]), false),
  ],
  [/^select name from usage_migrations order by id$/, () => guarded(() => answer('SELECT'), false)],
  [
    /^simulated migrations$/,
    () =>
      guarded((_tx, server) => {
        server.isMigrated = true;
        return answer('SELECT');
      }, true),
  ],
  // Positions.
  [
    /^select position, last_crc from log_positions where source = \$1 and partition = \$2$/,
    (_, [source, partition]) =>
      read((tx) => {
        const row = tx.overlay.get('positions', positionKey(source, partition));
        return answer(
          'SELECT',
          row
            ? [{ position: text(row.position), last_crc: row.lastCrc === null ? null : text(row.lastCrc) }]
            : [],
        );
      }),
  ],
  [
    /^select partition, position from log_positions where source = \$1$/,
    (_, [source]) =>
      read((tx) =>
        answer(
          'SELECT',
          tx.overlay
            .rows('positions')
            .filter((row) => row.source === source)
            .map(({ partition, position }) => ({ partition, position: text(position) })),
        ),
      ),
  ],
  [
    /^select source, max\(updated_at\) as stored_at from log_positions where source like 'kafka:%' group by source having max\(updated_at\) > now\(\) - interval '30 days' order by source$/,
    () =>
      read((tx) => {
        const rows = tx.overlay.rows('positions').filter(({ source }) => source.startsWith('kafka:'));
        return answer(
          'SELECT',
          [...new Set(rows.map(({ source }) => source))].map((source) => ({ source, stored_at: new Date() })),
        );
      }),
  ],
  [
    /^insert into log_positions \(source, partition, position, last_crc\) values \(\$1, \$2, \$3, \$4\) on conflict do nothing$/,
    (_, [source, partition, position, crc]) =>
      write((tx, server) => {
        const key = positionKey(source, partition);
        server.lock(tx, `position ${key}`);
        if (tx.overlay.get('positions', key)) return answer('INSERT', [], 0);
        setPosition(tx, server, text(source), text(partition), Number(position), Number(crc));
        return answer('INSERT', [], 1);
      }),
  ],
  [
    /^update log_positions set position = \$4, last_crc = \$5, updated_at = now\(\) where source = \$1 and partition = \$2 and position = \$3 and last_crc is not distinct from \$6$/,
    (_, [source, partition, from, position, crc, lastCrc]) =>
      write((tx, server) => {
        const key = positionKey(source, partition);
        if (tx.overlay.get('positions', key)) server.lock(tx, `position ${key}`);
        // Read committed: compared again after the wait.
        const row = tx.overlay.get('positions', key);
        if (row?.position !== Number(from) || row.lastCrc !== lastCrc) return answer('UPDATE', [], 0);
        setPosition(tx, server, text(source), text(partition), Number(position), Number(crc));
        return answer('UPDATE', [], 1);
      }),
  ],
  [
    /^select partition from log_positions p where source = \$1 and updated_at </,
    () => read(() => answer('SELECT')),
  ],
  // Gaps.
  [
    /^select id, reason, from_position as from, to_position as to from log_gaps where source = \$1 and partition = \$2 and accepted_at is null order by id limit 1$/,
    (_, [source, partition]) =>
      read((tx) => answer('SELECT', openGaps(tx, source, partition).slice(0, 1).map(gapRow))),
  ],
  [
    /^select pg_advisory_xact_lock\((.+)\)$/,
    ([, what], params) =>
      guarded((tx, server) => {
        server.lock(tx, `advisory ${what} ${params.join(' ')}`);
        return answer('SELECT', [{}]);
      }, false),
  ],
  [
    /^insert into log_gaps \(source, partition, from_position, to_position, reason\) select/,
    (_, [source, partition, from, to, reason]) =>
      write((tx, server) => {
        if (openGaps(tx, source, partition).length > 0) return answer('INSERT', [], 0);
        const id = server.nextId();
        tx.overlay.set('gaps', text(id), {
          id,
          source,
          partition,
          from: Number(from),
          to: to === null ? null : Number(to),
          reason,
          acceptedAtMs: null,
          resumedAtMs: null,
        });
        return answer('INSERT', [], 1);
      }),
  ],
  [
    /^select to_position as to from log_gaps where source = \$1 and partition = \$2 and from_position = \$3 and accepted_at is not null and to_position > \$3 order by id desc limit 1$/,
    (_, [source, partition, from]) =>
      read((tx) => {
        const found = tx.overlay
          .rows('gaps')
          .filter(
            (gap) =>
              gap.source === source &&
              gap.partition === partition &&
              gap.from === Number(from) &&
              gap.acceptedAtMs !== null &&
              gap.to !== null &&
              gap.to > Number(from),
          );
        return answer(
          'SELECT',
          found.slice(-1).map(({ to }) => ({ to: text(to) })),
        );
      }),
  ],
  [
    /^select distinct partition from log_gaps where source = \$1 and accepted_at is null$/,
    (_, [source]) =>
      read((tx) => {
        const open = tx.overlay
          .rows('gaps')
          .filter((gap) => gap.source === source && gap.acceptedAtMs === null);
        return answer(
          'SELECT',
          [...new Set(open.map(({ partition }) => partition))].map((partition) => ({ partition })),
        );
      }),
  ],
  [
    /^select id, source, partition, from_position as from, to_position as to, reason, found_at, accepted_at from log_gaps order by id$/,
    () =>
      read((tx) =>
        answer(
          'SELECT',
          tx.overlay.rows('gaps').map((gap) => ({
            ...gapRow(gap),
            source: gap.source,
            partition: gap.partition,
            found_at: new Date(0),
            accepted_at: gap.acceptedAtMs === null ? null : new Date(gap.acceptedAtMs),
          })),
        ),
      ),
  ],
  [
    /^update log_gaps set accepted_at = now\(\), accepted_by = \$2, to_position = \$3 where id = \$1 and accepted_at is null$/,
    (_, [id, , to]) =>
      write((tx, server) => {
        const gap = tx.overlay.get('gaps', text(id));
        if (!gap || gap.acceptedAtMs !== null) return answer('UPDATE', [], 0);
        tx.overlay.set('gaps', text(id), { ...gap, to: Number(to), acceptedAtMs: server.nowMs });
        return answer('UPDATE', [], 1);
      }),
  ],
  [
    /^update log_gaps set resumed_at = now\(\) where id = \(select id from log_gaps where source = \$1 and partition = \$2 and from_position = \$3 and accepted_at is not null and resumed_at is null order by id desc limit 1\) returning to_position as to$/,
    (_, [source, partition, from]) =>
      write((tx, server) => {
        const gap = acceptedGaps(tx, source, partition)
          .filter((each) => each.from === Number(from))
          .at(-1);
        if (!gap) return answer('UPDATE', [], 0);
        tx.overlay.set('gaps', text(gap.id), { ...gap, resumedAtMs: server.nowMs });
        return answer('UPDATE', [{ to: text(gap.to) }], 1);
      }),
  ],
  [
    /^insert into log_positions as p \(source, partition, position, last_crc\) values \(\$1, \$2, \$3, null\) on conflict \(source, partition\) do update set position = \$3, last_crc = null, updated_at = now\(\) where p\.position <= \$4$/,
    (_, [source, partition, position, atMost]) =>
      write((tx, server) => {
        const key = positionKey(source, partition);
        server.lock(tx, `position ${key}`);
        const row = tx.overlay.get('positions', key);
        if (row && row.position > Number(atMost)) return answer('INSERT', [], 0);
        setPosition(tx, server, text(source), text(partition), Number(position), null);
        return answer('INSERT', [], 1);
      }),
  ],
  [
    /^update log_gaps set resumed_at = now\(\) where source = \$1 and partition = \$2 and from_position < \$3 and accepted_at is not null and resumed_at is null$/,
    (_, [source, partition, position]) =>
      write((tx, server) => {
        const needless = acceptedGaps(tx, source, partition).filter(({ from }) => from < Number(position));
        for (const gap of needless)
          tx.overlay.set('gaps', text(gap.id), { ...gap, resumedAtMs: server.nowMs });
        return answer('UPDATE', [], needless.length);
      }),
  ],
  // Months.
  [
    /^select pg_get_expr\(c\.relpartbound, c\.oid\) as bound from pg_inherits i join pg_class c on c\.oid = i\.inhrelid where i\.inhparent = 'usages'::regclass and not i\.inhdetachpending$/,
    () =>
      read((tx) => {
        const attached = tx.overlay.rows('months').filter(({ isAttached }) => isAttached);
        return answer(
          'SELECT',
          attached.map(({ from, to }) => ({ bound: `FOR VALUES FROM ('${from}') TO ('${to}')` })),
        );
      }),
  ],
  [
    /^select relname as name from pg_class where relname = any\(\$1\) and relnamespace = current_schema\(\)::regnamespace$/,
    (_, [names]) =>
      read((tx) => {
        const found = (names as string[]).filter((name) => tx.overlay.get('months', name));
        return answer(
          'SELECT',
          found.map((name) => ({ name })),
        );
      }),
  ],
  [
    /^create table (usages_\w+) \(like usages including all\)$/,
    ([, table]) =>
      write((tx, server) => {
        server.lock(tx, `table ${table}`);
        if (tx.overlay.get('months', table!))
          throw new PgError('42P07', `relation "${table}" already exists`);
        tx.overlay.set('months', table!, { name: table, isAttached: false, from: '', to: '' });
        return answer('CREATE');
      }),
  ],
  [
    /^alter table usages attach partition (usages_\w+) for values from \('([^']+)'\) to \('([^']+)'\)$/,
    ([, table, from, to]) =>
      write((tx, server) => {
        server.lock(tx, 'attach');
        const overlaps = tx.overlay
          .rows('months')
          .some((month) => month.isAttached && month.from < to! && from! < month.to);
        if (overlaps) throw new PgError('42P17', `partition "${table}" would overlap another`);
        tx.overlay.set('months', table!, { name: table, isAttached: true, from, to });
        return answer('ALTER');
      }),
  ],
  // Rows.
  [
    /^insert into dead_letters \(source, partition, position, line, error\) select \$1, \$2, \* from unnest\(\$3::bigint\[\], \$4::bytea\[\], \$5::text\[\]\)$/,
    (_, [source, partition, positions, lines, errors]) =>
      write((tx, server) => {
        const all = positions as number[];
        for (const [index, position] of all.entries()) {
          const id = server.nextId();
          tx.overlay.set('deadLetters', text(id), {
            id,
            source,
            partition,
            position: Number(position),
            line: (lines as Buffer[])[index],
            error: (errors as string[])[index],
          });
        }
        return answer('INSERT', [], all.length);
      }),
  ],
  [/^create temporary table if not exists usages_staged/, () => guarded(done('CREATE'), true)],
  [
    /^(?:truncate|drop table if exists) pg_temp\.usages_staged$/,
    () =>
      guarded((tx) => {
        tx.staged = [];
        return answer('TRUNCATE');
      }, true),
  ],
  [
    /^insert into usages \([a-z_,]+\) select [a-z_,]+ from pg_temp\.usages_staged order by ctid on conflict do nothing$/,
    () => write((tx, server) => answer('INSERT', [], copyRowsInto(tx, server, tx.staged, 'skip repeats'))),
  ],
  [
    /^insert into usage_conflicts \([a-z_, ]+\) select [a-z_., ]+ from pg_temp\.usages_staged s join usages u on u\.patient_id = s\.patient_id and u\.used_at = s\.used_at and u\.id = s\.id where \(s\.medication, s\.utc_offset, s\.attributes\) is distinct from \(u\.medication, u\.utc_offset, u\.attributes\) on conflict do nothing$/,
    () =>
      write((tx) => {
        const others = tx.staged.filter((line) => {
          const [id, patientId, , usedAt] = line.split('\t');
          const stored = tx.overlay.get('usages', `${patientId}\t${usedAt}\t${id}`);
          return stored !== undefined && contentOf(stored.line) !== contentOf(line);
        });
        return answer('INSERT', [], others.length);
      }),
  ],
];

function gapRow(gap: {
  id: number;
  reason: string;
  from: number;
  to: number | null;
}): Record<string, unknown> {
  return {
    id: text(gap.id),
    reason: gap.reason,
    from: text(gap.from),
    to: gap.to === null ? null : text(gap.to),
  };
}

function openGaps(tx: Transaction, source: unknown, partition: unknown) {
  return tx.overlay
    .rows('gaps')
    .filter((gap) => gap.source === source && gap.partition === partition && gap.acceptedAtMs === null);
}

function acceptedGaps(tx: Transaction, source: unknown, partition: unknown) {
  return tx.overlay
    .rows('gaps')
    .filter(
      (gap) =>
        gap.source === source &&
        gap.partition === partition &&
        gap.acceptedAtMs !== null &&
        gap.resumedAtMs === null,
    );
}

function setPosition(
  tx: Transaction,
  server: PostgresServer,
  source: string,
  partition: string,
  position: number,
  lastCrc: number | null,
): void {
  tx.overlay.set('positions', positionKey(source, partition), {
    source,
    partition,
    position,
    lastCrc,
    updatedAtMs: server.nowMs,
  });
}

/** Those whose transaction holds what the backend waits for, and that do not move. */
function blockers(server: PostgresServer, pid: number, olderMs: number): QueryResult {
  const waiting = server.backends.get(pid);
  const holder = waiting?.waitsFor ? server.holderOf(waiting.waitsFor) : undefined;
  if (!holder) return answer('SELECT');
  const { backend } = holder;
  if (server.nowMs - backend.stateSinceMs < olderMs) return answer('SELECT');
  if (backend.state === 'idle') return answer('SELECT', [{ pid: backend.pid, idle: true }]);
  if (backend.state !== 'waiting for its client') return answer('SELECT');
  return answer('SELECT', [{ pid: backend.pid, idle: false }]);
}

/** @throws Error for a statement that the simulation does not know */
export function statementOf(sql: string, params: readonly unknown[] = []): Statement {
  const plain = sql.replace(/\s+/g, ' ').trim().replace(/;$/, '');
  for (const [pattern, handler] of handlers) {
    const found = pattern.exec(plain);
    if (found) return handler(found, params);
  }
  throw new UnknownStatementError(plain);
}

/** The product has a statement that simulation/postgres/statements.ts lacks. */
export class UnknownStatementError extends Error {
  override readonly name = 'UnknownStatementError';
  constructor(sql: string) {
    super(
      `the simulated Postgres does not know: ${sql}; say in simulation/postgres/statements.ts what it does`,
    );
  }
}

/** What begins, ends or divides a transaction, and what is set for one; null for any other statement. */
export function controlOf(
  sql: string,
): ((server: PostgresServer, backend: Transaction['backend']) => QueryResult) | null {
  const plain = sql.replace(/\s+/g, ' ').trim().toLowerCase();
  if (/^begin\b/.test(plain))
    return (server, backend) => {
      server.begin(backend);
      return answer('BEGIN');
    };
  if (plain === 'commit') return (server, backend) => answer(server.commit(backend));
  if (plain === 'rollback')
    return (server, backend) => {
      server.rollback(backend);
      return answer('ROLLBACK');
    };
  const set = /^set local (\w+) = '?([^']+)'?$/.exec(plain);
  if (set)
    return (_, backend) => {
      const tx = backend.transaction;
      if (set[1] === 'lock_timeout' && tx) tx.lockTimeoutMs = Number(set[2]);
      if (set[1] === 'idle_in_transaction_session_timeout' && tx) tx.idleTimeoutMs = Number(set[2]);
      return answer('SET');
    };
  const savepoint = /^(savepoint|release savepoint|rollback to savepoint) (\w+)$/.exec(plain);
  if (savepoint) return (_, backend) => onSavepoint(backend.transaction, savepoint[1]!, savepoint[2]!);
  return null;
}

function onSavepoint(tx: Transaction | null, action: string, name: string): QueryResult {
  if (!tx) throw new PgError('25P01', 'there is no transaction in progress');
  if (action === 'savepoint') {
    if (tx.failed) throw new PgError('25P02', 'current transaction is aborted');
    tx.savepoints.push({ name, mark: tx.overlay.mark() });
    return answer('SAVEPOINT');
  }
  const at = tx.savepoints.findLastIndex((each) => each.name === name);
  if (at < 0) throw new PgError('3B001', `savepoint "${name}" does not exist`);
  if (action === 'release savepoint') {
    if (tx.failed) throw new PgError('25P02', 'current transaction is aborted');
    tx.savepoints.splice(at);
    return answer('RELEASE');
  }
  tx.overlay.rollbackTo(tx.savepoints[at]!.mark);
  tx.savepoints.splice(at + 1);
  tx.failed = false;
  return answer('ROLLBACK');
}
