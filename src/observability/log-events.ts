/** Every event that is ever logged, with what it means; docs/logs.md is generated from it. */
export const logEvents = {
  instance_started: 'The instance takes requests.',
  instance_stopping: 'A signal asked for an orderly stop.',
  instance_stopped: 'The instance has stopped; everything acknowledged is durable.',
  role_started: 'A process of the instance is ready.',
  role_exited: 'A process of the instance ended unasked and will be started again.',
  role_silent: 'A process of the instance said nothing for too long and is killed.',
  kafka_reached: 'Kafka acknowledges appends.',
  kafka_away: 'Kafka does not acknowledge appends: they go to the local log, or are refused with 503.',
  kafka_misconfigured: 'Kafka cannot be used until someone changes a setting, a right or the topic.',
  kafka_weak: 'Settings of the Kafka topic weaken what a 201 promises.',
  kafka_group_left: 'The seat in the consumer group was lost; it is taken again.',
  log_writable: 'The log takes appends again.',
  log_not_writable:
    'The log takes no appends: it is full or failing. It is tried again by itself; requests get 503.',
  log_segment_unclosed: 'A segment of the local log could not be closed in order. Nothing is lost by it.',
  log_watch_unavailable:
    'The system tells of no changes to files: the local log is polled, which costs latency.',
  log_unreadable: 'The folder of the local log cannot be listed; tried again.',
  log_retention_failed: 'Stored segments of the local log could not be removed or marked; tried again.',
} as const satisfies Record<string, string>;

export type LogEvent = keyof typeof logEvents;
