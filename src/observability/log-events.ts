/** Every event that is ever logged, with what it means; docs/logs.md is generated from it. */
export const logEvents = {
  instance_started: 'The instance takes requests.',
  instance_stopping: 'A signal asked for an orderly stop.',
  instance_failed: 'The instance could not start.',
  service_manager_untold:
    'systemd could not be told that the server is ready or stops: is systemd-notify there?',
  instance_stopped: 'The instance has stopped; everything acknowledged is durable.',
  role_started: 'A process of the instance is ready.',
  http_server_loaded:
    'Which of the two packages of uWebSockets.js a front runs on, and where it is the older, why.',
  role_exited: 'A process of the instance ended unasked and will be started again.',
  role_silent: 'A process of the instance said nothing for too long and is killed.',
  kafka_reached: 'Kafka acknowledges appends.',
  kafka_away: 'Kafka does not acknowledge appends: they go to the local log, or are refused with 503.',
  kafka_left:
    'Without KAFKA_BROKERS nobody reads what Kafka may still hold that was not stored; said at every start for 30 days.',
  kafka_misconfigured: 'Kafka cannot be used until someone changes a setting, a right or the topic.',
  kafka_log_made_anew:
    'A partition of the topic acknowledged an offset that it had acknowledged before: the topic was deleted and made anew, or its log was cut short. What was acknowledged and not stored before that is a gap.',
  kafka_weak: 'Settings of the Kafka topic weaken what a 201 promises; told once.',
  kafka_sound: 'The settings of the Kafka topic keep what a 201 promises again.',
  relay_stopped: 'The relay cannot go on with a partition of the spool; the line says why. It tries again.',
  relay_resumed: 'A partition of the spool that had stopped goes on into Kafka.',
  relay_failing: 'A partition of the spool could not be read or marked; told once, tried again.',
  relay_recovered: 'A partition of the spool can be read and marked again.',
  kafka_group_joined: 'The writer has its seat in the consumer group, and reads.',
  kafka_group_left: 'The seat in the consumer group was lost; it is taken again.',
  postgres_started: 'The embedded Postgres takes connections.',
  postgres_exited: 'The embedded Postgres ended unasked and will be started again.',
  postgres_left_over:
    'A server that a killed process had left running was ended before a new one was started.',
  postgres_stop_slow: 'The embedded Postgres did not end in time and is told again, less politely.',
  postgres_files_failed: 'A file beside the embedded Postgres (its log, its owner) could not be written.',
  schema_migrated: 'Migrations were run.',
  role_failed: 'A process of the instance could not start.',
  role_crashed: 'A process of the instance ends by an error that nobody expected; its text is not logged.',
  role_stopped: 'A process of the instance stopped in order.',
  role_orphaned: 'The supervisor is gone: this process stops too.',
  role_given_up:
    'A process of the instance never became ready however often it was started: the instance ends.',
  admin_listening: 'The admin port of a role that runs alone is open.',
  postgres_restarted: 'The embedded Postgres takes connections again.',
  postgres_start_failed: 'The embedded Postgres could not be started; it is tried again.',
  stop_forced: 'The orderly stop was cut short by a second signal or the deadline.',
  metrics_failed: 'The metrics of this process could not be collected; told once.',
  metrics_recovered: 'The metrics of this process can be collected again.',
  request_defect:
    'A mistake in this program: requests were answered 500 or 503. Only where it happened is logged.',
  postgres_away:
    'The writer cannot reach Postgres, or cannot write there; it tries again forever, nothing is lost.',
  postgres_back: 'The writer can reach Postgres again.',
  niceness_failed:
    'A session of the embedded Postgres could not be made to yield the CPU (USAGE_WRITER_NICENESS); it stores all the same.',
  store_failing: 'Postgres refuses a batch for a reason that is not its data: it is tried again forever.',
  store_recovered: 'A partition whose batches failed is stored again.',
  log_read_failing: 'A partition of the log cannot be read; it is tried again forever.',
  log_read_recovered: 'A partition of the log that could not be read is read again.',
  keys_known: 'The API keys can be read again.',
  keys_unknown:
    'The API keys cannot be read just now, from the database or from a key file; those known before go on serving.',
  auth_off: 'USAGE_AUTH=off: whoever reaches the HTTP API may send usages.',
  month_made: 'A monthly partition of usages was made.',
  month_detached:
    "A table has a month's name and is no partition of usages (it was detached?): the month's usages go to another one beside it.",
  month_failed:
    'The next monthly partition could not be made ahead of time; told once, tried again, and at the latest when a usage of it comes.',
  month_recovered: 'Monthly partitions can be made ahead of time again.',
  backlog_unknown: 'What a partition still holds could not be counted; told once, tried again.',
  backlog_known: 'What the partitions still hold can be counted again.',
  log_gap_found:
    'Records of a log are missing or damaged: its partition stops until "usage-ingest positions accept-gap".',
  log_gap_accepted:
    'An operator accepted a gap: the partition is read again, and goes on behind it if the records are still missing.',
  log_gap_passed: 'The records of an accepted gap are still missing: the partition goes on behind it.',
  log_gap_unkept:
    'A gap in the spool could not be written to log_gaps, so that nobody can accept it yet; told once, tried again.',
  log_gap_kept: 'Gaps in the spool can be written to log_gaps again.',
  poison_found:
    'A batch held lines that Postgres refused, or what no front of ours wrote; they are in dead_letters, their neighbours are stored.',
  conflicts_found:
    'A batch held usages whose identity was stored before with other content; the first stays, these are in usage_conflicts.',
  partition_stopped: 'A partition stopped; the line says why and what to do. It is tried again now and then.',
  partition_resumed: 'A partition that had stopped goes on.',
  position_moved_back: 'The database is older than what was stored: the rows are stored again from the log.',
  writer_overtaken: 'Another writer moved the position of a partition; told at most once a minute.',
  writer_blocker_ended: 'A transaction of a stopped writer held up this one and was ended.',
  writer_blocker_unknown: 'Who holds up a batch could not be found out; the batch is tried again.',
  log_writable: 'The log takes appends again.',
  log_not_writable:
    'The log takes no appends: it is full or failing. It is tried again by itself; requests get 503.',
  log_segment_unclosed: 'A segment of the local log could not be closed in order. Nothing is lost by it.',
  log_watch_unavailable:
    'The system tells of no changes to files: the local log is polled, which costs latency.',
  log_leftover_kept:
    'What a crash left of a folder that was being made or removed could not be removed: it only takes room.',
  log_unreadable: 'The folder of the local log cannot be listed; told once, tried again.',
  log_readable: 'The folder of the local log can be listed again.',
  log_retention_failed:
    'Something of a partition of the local log could not be looked at, marked or removed: it takes room; tried again.',
  log_retention_recovered: 'A partition of the local log is trimmed as it should be again.',
} as const satisfies Record<string, string>;

export type LogEvent = keyof typeof logEvents;

/** What fails, is told once and tried again: at which level, and what is told when it is over. */
export const troubles = {
  metrics_failed: { level: 'error', over: 'metrics_recovered' },
  backlog_unknown: { level: 'warn', over: 'backlog_known' },
  log_unreadable: { level: 'error', over: 'log_readable' },
  log_retention_failed: { level: 'error', over: 'log_retention_recovered' },
  log_read_failing: { level: 'error', over: 'log_read_recovered' },
  log_gap_unkept: { level: 'error', over: 'log_gap_kept' },
  keys_unknown: { level: 'warn', over: 'keys_known' },
  month_failed: { level: 'warn', over: 'month_recovered' },
  relay_failing: { level: 'warn', over: 'relay_recovered' },
  store_failing: { level: 'error', over: 'store_recovered' },
} as const satisfies Partial<Record<LogEvent, { level: 'warn' | 'error'; over: LogEvent }>>;

export type TroubleEvent = keyof typeof troubles;
