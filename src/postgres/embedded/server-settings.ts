/** How the embedded server is configured: what must hold on the command line, what is a matter of size in its file. */

const mebibyte = 1 << 20;

/**
 * Patients come in no order, so every usage is another page of the index. One that lies outside of these buffers is read
 * for it, and another written: from two million usages a month on, 128 MB cost twice the CPU and three times the writes of
 * 1 GB (docs/decisions/0012-shared-buffers.md). Memory is taken page by page, as the tables grow.
 * @returns an eighth of the machine's memory, from 128 MiB to 1 GiB, in MiB
 */
export function sharedBuffersMiB(memoryBytes: number): number {
  return Math.min(1_024, Math.max(128, Math.floor(memoryBytes / 8 / mebibyte)));
}

/**
 * Written into postgresql.conf when the data folder is made; an operator may change them there. They suit bulk
 * COPY beside a person's queries.
 * @param memoryBytes that the server may have a part of: the machine's, or its container's
 */
export const initialSettings = (memoryBytes: number): Readonly<Record<string, string>> => ({
  shared_buffers: `${sharedBuffersMiB(memoryBytes)}MB`,
  work_mem: '16MB',
  maintenance_work_mem: '64MB',
  effective_cache_size: '1GB',
  max_connections: '50',
  // Fewer, larger checkpoints: each makes whole pages go to the WAL again.
  max_wal_size: '2GB',
  min_wal_size: '256MB',
  checkpoint_timeout: '10min',
  wal_compression: 'pglz',
  // No replica reads this server.
  wal_level: 'replica',
  max_wal_senders: '0',
  random_page_cost: '1.1',
  // Analysts' data arrives in bulk and is never changed: vacuum early for visibility, index-only scans live on it.
  autovacuum_vacuum_insert_scale_factor: '0.05',
  TimeZone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
});

/**
 * Given on the command line, so nothing written in the folder undoes it: durability, loopback only, and a log
 * without data. A usage is health data, and messages of level ERROR quote values ("invalid input syntax for
 * type uuid: ..."), so does DETAIL ("Key (patient_id, ...)"), so does the CONTEXT of COPY: none is logged.
 */
export function fixedSettings(options: { port: number; fsync: boolean }): string[] {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(options.port),
    unix_socket_directories: '',
    password_encryption: 'scram-sha-256',
    fsync: options.fsync ? 'on' : 'off',
    // These two stay on without fsync: they are what survives the kill of a process, as fsync a power cut.
    full_page_writes: 'on',
    synchronous_commit: 'on',
    logging_collector: 'off',
    log_destination: 'stderr',
    // In the order of the log ERROR comes before LOG, FATAL and PANIC.
    log_min_messages: 'log',
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
    log_statement: 'none',
    log_min_duration_statement: '-1',
    log_min_duration_sample: '-1',
    log_transaction_sample_rate: '0',
    log_parameter_max_length: '0',
    log_parameter_max_length_on_error: '0',
    log_connections: '',
    log_disconnections: 'off',
    log_checkpoints: 'off',
    log_line_prefix: '%m [%p] ',
    // Where the other end is gone without a word, its transaction and its locks must not stay.
    tcp_keepalives_idle: '10',
    tcp_keepalives_interval: '5',
    tcp_keepalives_count: '3',
    tcp_user_timeout: '30000',
    client_connection_check_interval: '10s',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** pg_hba.conf: one way in. */
export const hostAccess = `# Written by usage-ingest: loopback, with the password, nothing else.
host all all 127.0.0.1/32 scram-sha-256
`;
