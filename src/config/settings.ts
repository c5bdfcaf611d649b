/**
 * Every setting: type, default, bounds, description. The one source of `--help`, docs/config.md and
 * `check-config`. Names are environment variables; a name of ours starts with USAGE_ and ends with its unit,
 * then its bound.
 */

import { availableParallelism } from 'node:os';
import { z } from 'zod';

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

/** A whole number, written in decimal digits, within bounds. */
function integer(min: number, max: number) {
  return z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));
}

const port = () => integer(0, 65_535);

/** An address or a name to listen on; an IPv6 address with or without its brackets. */
const host = () =>
  z
    .string()
    .min(1)
    .transform((text) => text.replace(/^\[(.+)\]$/, '$1'))
    .pipe(z.string());

/** `host:port`; an IPv6 address in brackets. */
const broker = String.raw`(\[[0-9A-Fa-f:.]+\]|[^\s,:[\]]+):\d{1,5}`;

/** So many fit the local log's default bound with two segments each. */
const frontsDefaultMax = 64;
/** Fronts share a port by SO_REUSEPORT, which Linux alone balances; elsewhere there is one. */
const frontsDefault =
  process.platform === 'linux'
    ? Math.min(frontsDefaultMax, Math.max(1, Math.floor(availableParallelism() / 2)))
    : 1;

export const settingsSchema = z.object({
  PORT: port().default(3000).describe('Port of the HTTP API; 0 picks a free one.'),
  HOST: host().default('127.0.0.1').describe('Address the HTTP API listens on.'),
  ADMIN_PORT: port()
    .default(9464)
    .describe('Port of the console, /metrics, /healthz and /readyz; 0 picks a free one.'),
  ADMIN_HOST: host().default('127.0.0.1').describe('Address the admin port listens on.'),
  DATA_DIR: z
    .string()
    .min(1)
    .default('./data')
    .describe('Folder of the local log and of the embedded Postgres.'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL')
    .optional()
    .describe('The Postgres to store into. Not set: an embedded one in DATA_DIR.'),
  KAFKA_BROKERS: z
    .string()
    .regex(new RegExp(`^${broker}(,${broker})*$`), 'must be host:port,host:port, an IPv6 address in brackets')
    .optional()
    .describe('The Kafka to log to, host:port,host:port. Not set: the local log in DATA_DIR.'),
  LOG_LEVEL: z
    .enum(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal'],
      'must be one of trace, debug, info, warn, error, fatal',
    )
    .default('info')
    .describe('The least severe level that is logged.'),

  USAGE_AUTH: z
    .enum(['auto', 'on', 'off'], 'must be auto, on or off')
    .default('auto')
    .describe(
      'Whether a request needs an API key. auto: unless HOST is a loopback address; off: never, which is said at every start.',
    ),
  USAGE_KEYS_FILE: z
    .string()
    .min(1)
    .optional()
    .describe(
      'File of the known keys, as "usage-ingest keys export" prints it, for hosts without a database and for a front that runs alone. Not set: they come from the database.',
    ),

  USAGE_FRONTS: integer(1, 256)
    .default(frontsDefault)
    .describe(
      'Front processes that share PORT. Default: half the cores on Linux, at most 64, elsewhere 1 (more need SO_REUSEPORT).',
    ),
  USAGE_CORS_ORIGINS: z
    .string()
    .regex(
      /^[a-z][a-z0-9+.-]*:\/\/[^\s/,]+(,[a-z][a-z0-9+.-]*:\/\/[^\s/,]+)*$/,
      'must be origins such as https://app.example, separated by commas',
    )
    .optional()
    .describe(
      "Web pages that may post usages, by origin (https://app.example,https://www.example). Not set: none; requests of any other site's page are 403.",
    ),
  USAGE_BODY_BYTES_MAX: integer(1 * KiB, 64 * MiB)
    .default(1 * MiB)
    .describe('Body bytes on the wire; more is 413.'),
  USAGE_INFLATED_BYTES_MAX: integer(1 * KiB, 256 * MiB)
    .default(8 * MiB)
    .describe('Body bytes after inflation; more is 413.'),
  USAGE_REQUEST_USAGES_MAX: integer(1, 1_000_000).default(10_000).describe('Usages a request; more is 413.'),
  USAGE_BODY_TIMEOUT_MS: integer(100, 600_000)
    .default(10_000)
    .describe('How long a body may take to arrive; longer is 408.'),
  USAGE_GROUP_USAGES_MAX: integer(1, 100_000).default(500).describe('Maximum usages per log record.'),
  USAGE_GROUP_BYTES_MAX: integer(4 * KiB, 16 * MiB)
    .default(256 * KiB)
    .describe('Bytes of rows a log record.'),
  USAGE_FRONT_WAITING_BYTES_MAX: integer(64 * KiB, 4 * GiB)
    .default(32 * MiB)
    .describe('Bytes of bodies and rows that a front holds at once; past it requests are shed with 503.'),
  USAGE_FRONT_WAITING_MS_MAX: integer(10, 600_000)
    .default(2_000)
    .describe('How long the oldest row may wait for its append; past it requests are shed with 503.'),
  USAGE_APPEND_TIMEOUT_MS: integer(100, 600_000)
    .default(10_000)
    .describe('How long a request waits to be durable; longer is 503.'),

  USAGE_LOG_SEGMENT_BYTES: integer(4 * KiB, 1 * GiB)
    .default(32 * MiB)
    .describe('Bytes of a segment file of the local log.'),
  USAGE_LOG_KEEP_HOURS: integer(0, 24 * 365)
    .default(24)
    .describe('How long stored segments are kept, so that a restored database gets missing rows back.'),
  USAGE_LOCAL_LOG_BYTES_MAX: integer(64 * KiB, 1024 * GiB)
    .default(4 * GiB)
    .describe('Bytes of the local log of this instance; oldest stored segments go first, full is 503.'),

  USAGE_SPOOL: z
    .enum(['on', 'off'], 'must be on or off')
    .default('on')
    .describe(
      'With Kafka: what it does not acknowledge in time goes to the local log and from there to Kafka later. off: 503 instead, for fronts without a disk; what the local log still holds goes to Kafka all the same.',
    ),
  USAGE_KAFKA_TOPIC: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,249}$/, "is a topic's name")
    .default('usages')
    .describe('The topic; made where it is missing.'),
  USAGE_KAFKA_GROUP: z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'is 1 to 255 visible ASCII characters')
    .default('usage-ingest-writer')
    .describe("The writers' consumer group: it spreads the partitions over them."),
  USAGE_KAFKA_PARTITIONS: integer(1, 10_000).default(12).describe('Partitions of a topic that is made.'),
  USAGE_KAFKA_REPLICATION: integer(1, 100)
    .optional()
    .describe("Replicas of a topic that is made. Not set: the cluster's default."),
  USAGE_KAFKA_MIN_INSYNC_REPLICAS: integer(1, 100)
    .optional()
    .describe(
      "Replicas that must have a record before it is acknowledged, of a topic that is made. Not set: the cluster's default.",
    ),
  USAGE_KAFKA_RETENTION_HOURS: integer(1, 24 * 3_650)
    .default(24 * 30)
    .describe('How long a topic that is made keeps its records.'),
  USAGE_KAFKA_COMPRESSION: z
    .enum(['none', 'gzip'], 'is none or gzip')
    .default('none')
    .describe('Compression of records on their way to Kafka and there.'),
  USAGE_KAFKA_APPEND_TIMEOUT_MS: integer(50, 60_000)
    .default(1_000)
    .describe('How long an append waits for Kafka before it goes to the local log.'),
  USAGE_KAFKA_IN_FLIGHT_MAX: integer(1, 100).default(5).describe('Appends to Kafka at once, of one front.'),
  USAGE_KAFKA_STAY_MS: integer(0, 60_000)
    .default(1_000)
    .describe(
      'How long a front appends to one partition before it goes on to the next: writers then store a few large batches, not a small one of each. 0: the next record goes to the next partition.',
    ),
  USAGE_KAFKA_PROBE_MS: integer(50, 600_000)
    .default(1_000)
    .describe('While Kafka is away: how long between two tries to reach it.'),
  USAGE_KAFKA_TLS: z.enum(['on', 'off'], 'must be on or off').default('off').describe('TLS to the brokers.'),
  USAGE_KAFKA_TLS_CA_FILE: z
    .string()
    .min(1)
    .optional()
    .describe("PEM file of the authorities that signed the brokers' certificates. Not set: the system's."),
  USAGE_KAFKA_TLS_CERT_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file of our certificate, where the brokers want one; with USAGE_KAFKA_TLS_KEY_FILE.'),
  USAGE_KAFKA_TLS_KEY_FILE: z.string().min(1).optional().describe('PEM file of its private key.'),
  USAGE_KAFKA_SASL: z
    .enum(['off', 'plain', 'scram-sha-256', 'scram-sha-512'], 'is off, plain, scram-sha-256 or scram-sha-512')
    .default('off')
    .describe('How we authenticate to the brokers.'),
  USAGE_KAFKA_USER: z.string().min(1).optional().describe('User name for USAGE_KAFKA_SASL.'),
  USAGE_KAFKA_PASSWORD: z.string().min(1).optional().describe('Password for USAGE_KAFKA_SASL.'),

  USAGE_WRITER_CONNECTIONS: integer(1, 64)
    .default(2)
    .describe('Connections over which the writer stores partitions in parallel.'),
  USAGE_WRITER_BATCH_BYTES_MAX: integer(4 * KiB, 256 * MiB)
    .default(4 * MiB)
    .describe('Bytes of rows that the writer stores in one transaction.'),
  USAGE_WRITER_GATHER_MS: integer(0, 60_000)
    .default(100)
    .describe(
      'How long the writer lets a partition gather between two small transactions: each costs as much as some hundred rows. The first usage after a pause is stored at once.',
    ),
  USAGE_WRITER_NICENESS: integer(0, 19)
    .default(10)
    .describe(
      'How far the writer, and its sessions of the embedded Postgres, leave the CPU to who asks for it first, the fronts above all: 0 not at all, 19 (nearly) always.',
    ),
  USAGE_WRITER_LOCK_TIMEOUT_MS: integer(10, 600_000)
    .default(2_000)
    .describe('How long the writer waits for a lock before it looks for who holds it.'),

  USAGE_POSTGRES_PORT: port()
    .default(0)
    .describe('Port of the embedded Postgres on loopback; 0 keeps the one used last, or picks a free one.'),

  USAGE_DRAIN_MS: integer(0, 600_000)
    .default(0)
    .describe('At a stop: how long /readyz says no before the port closes, for load balancers to notice.'),
  USAGE_STOP_TIMEOUT_MS: integer(1_000, 3_600_000)
    .default(30_000)
    .describe(
      'At a stop: how long the orderly way may take before it is forced. Nothing is lost either way.',
    ),
});

/** What settings are read from: `process.env`, or a test's. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The settings, parsed, in the names of the environment. */
export type Settings = z.output<typeof settingsSchema>;
export type SettingName = keyof Settings;
