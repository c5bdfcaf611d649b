/** Every event that is ever logged, with what it means; docs/logs.md is generated from it. */
export const logEvents = {
  instance_started: 'The instance takes requests.',
  instance_stopping: 'A signal asked for an orderly stop.',
  instance_stopped: 'The instance has stopped; everything acknowledged is durable.',
  role_started: 'A process of the instance is ready.',
  role_exited: 'A process of the instance ended unasked and will be started again.',
  role_silent: 'A process of the instance said nothing for too long and is killed.',
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
  stop_forced: 'The orderly stop was cut short by a second signal or the deadline.',
  metrics_failed: 'The metrics of this process could not be collected; told once until they can be again.',
} as const satisfies Record<string, string>;

export type LogEvent = keyof typeof logEvents;
