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
} as const satisfies Record<string, string>;

export type LogEvent = keyof typeof logEvents;
