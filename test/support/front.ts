/** A front of a test's own, on a free port, over an appender whose outcomes the test decides. */

import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import net from 'node:net';
import type { TestContext } from 'node:test';
import { type Settings, settingsSchema } from '../../src/config/settings.ts';
import { createFront, type Front, type FrontOptions } from '../../src/front/front.ts';
import { type LogAppender, type LogKind, LogUnavailableError } from '../../src/log/log.ts';
import type { RecordHeader } from '../../src/log/record.ts';
import { silentLogger } from '../../src/observability/logger.ts';

/** Keeps groups in memory. What a disk cannot be made to do at will: hang, or fail, exactly now. */
export interface ControlledAppender extends LogAppender {
  readonly groups: { header: RecordHeader; rows: string }[];
  /** Rows of all groups, durable or not. */
  rows(): string[];
  /** While set, appends wait for `release`. */
  held: boolean;
  /** Lets the oldest held append succeed, or fail with what is given. */
  release(error?: Error): void;
  readonly waiting: number;
  setWritable(writable: boolean): void;
  /** While set, every append fails with it. */
  failure: Error | null;
}

export function createControlledAppender(): ControlledAppender {
  const held: { resolve(log: LogKind): void; reject(error: Error): void }[] = [];
  const listeners: ((writable: boolean) => void)[] = [];
  let writable = true;
  return {
    kind: 'local',
    groups: [],
    held: false,
    failure: null,
    get waiting() {
      return held.length;
    },
    get writable() {
      return writable;
    },
    rows() {
      return this.groups.flatMap(({ rows }) => rows.split('\n').slice(0, -1));
    },
    append(header, rows) {
      this.groups.push({ header, rows: rows.toString('utf8') });
      if (this.failure) return Promise.reject(this.failure);
      if (!this.held) return new Promise((resolve) => setImmediate(resolve, 'local'));
      return new Promise((resolve, reject) => held.push({ resolve, reject }));
    },
    release(error) {
      const first = held.shift();
      if (!first) throw new Error('no append is held');
      if (error) first.reject(error);
      else first.resolve('local');
    },
    setWritable(next) {
      writable = next;
      for (const listener of listeners) listener(next);
    },
    onWritableChange(listener) {
      listeners.push(listener);
    },
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
}

export const appendFailed = () => new LogUnavailableError('failed', 'the test made it fail');

export interface TestFront {
  readonly front: Front;
  readonly appender: ControlledAppender;
  readonly url: string;
  readonly port: number;
}

/** Starts a front; stopped when the test ends. `settings` are environment variables. */
export async function startFront(
  t: TestContext,
  settings: Record<string, string> = {},
  options: Partial<FrontOptions> = {},
): Promise<TestFront> {
  const appender = createControlledAppender();
  const front = createFront({
    host: '127.0.0.1',
    port: 0,
    settings: settingsOf(settings),
    appender,
    logger: silentLogger,
    readiness: () => ({ ready: true, reason: '' }),
    worker: 0,
    ...options,
  });
  await front.start();
  t.after(async () => {
    appender.held = false;
    while (appender.waiting > 0) appender.release();
    await front.stop();
  });
  return { front, appender, url: `http://127.0.0.1:${front.port}`, port: front.port };
}

export function settingsOf(settings: Record<string, string>): Settings {
  return settingsSchema.parse(settings);
}

export const usage = { patientId: '100', medication: 'Albuterol', timestamp: '2016-11-01T09:11:51-05:00' };

export const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export interface Reply {
  status: number;
  headers: Record<string, string>;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a test looks into is checked by the test
  json: any;
}

/** One request over a connection of its own; the headers are sent as given and no others. */
export function send(
  port: number,
  options: {
    method?: string;
    path?: string;
    headers?: Record<string, string>;
    body?: string | Uint8Array;
  } = {},
): Promise<Reply> {
  const { method = 'POST', path = '/api/usages', headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port, method, path, headers, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({
            status: response.statusCode!,
            headers: response.headers as Record<string, string>,
            text,
            json: text === '' ? undefined : JSON.parse(text),
          });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

export const post = (port: number, body: unknown, headers: Record<string, string> = {}) =>
  send(port, {
    headers,
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
  });

/** A raw connection: what it has received so far, and whether the server has closed it. */
export interface RawConnection {
  write(data: string | Uint8Array): void;
  readonly received: string;
  readonly isClosed: boolean;
  readonly socket: net.Socket;
}

export function connectRaw(t: TestContext, port: number): RawConnection {
  const socket = net.connect(port, '127.0.0.1');
  let received = '';
  let isClosed = false;
  socket.setNoDelay(true);
  socket.on('data', (data) => {
    received += data.toString('latin1');
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    isClosed = true;
  });
  t.after(() => socket.destroy());
  return {
    socket,
    write: (data) => void socket.write(data),
    get received() {
      return received;
    },
    get isClosed() {
      return isClosed;
    },
  };
}

/** The status codes of the responses in `received`, in order. */
export function statusesIn(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
}

/** A problem+json answer of this status and code. */
export function assertProblem(reply: Reply, status: number, code: string): void {
  assert.equal(reply.status, status, reply.text);
  assert.equal(reply.headers['content-type'], 'application/problem+json');
  assert.equal(reply.json.code, code);
  assert.equal(reply.json.status, status);
  assert.ok(reply.json.title && reply.json.detail && reply.json.type);
  if (status === 503) assertRetryAfter(reply);
}

/** Whole seconds, 1 to 5. */
export function assertRetryAfter(reply: Reply): void {
  assert.match(reply.headers['retry-after'] ?? '', /^[1-5]$/);
}

/** What a front holds just now, by its own metric. */
export async function waitingBytes(front: { registry: { metrics(): Promise<string> } }): Promise<number> {
  const text = await front.registry.metrics();
  return Number(/^usage_front_waiting_bytes\{[^}]*\} (\d+)$/m.exec(text)![1]);
}
