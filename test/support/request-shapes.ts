/** Ways in which clients write requests, and what each door answers; docs/compatibility.md is made from this list. */

import { setImmediate as turn } from 'node:timers/promises';
import type { RawConnection } from './front.ts';

export interface RequestShape {
  readonly name: string;
  /** Who writes so. */
  readonly by: string;
  /** Usages in it, each of which could be answered. */
  readonly usages: number;
  send(connection: RawConnection): Promise<void> | void;
  readonly answers: Readonly<Record<Door, string>>;
}

/** The fronts themselves, with either release of uWebSockets.js, and the edges of deploy/. */
export type Door = '20.49' | '20.57' | 'nginx' | 'haproxy';

const body = '{"patientId":"100","medication":"Albuterol","timestamp":"2016-11-01T09:11:51-05:00"}';
const head = (line: string, ...fields: string[]) => [line, 'Host: localhost', ...fields, '', ''].join('\r\n');
const lengthOf = (text: string) => `Content-Length: ${text.length}`;
const line = 'POST /api/usages HTTP/1.1';
/** A request as nearly everybody writes it. */
export const plainRequest = head(line, lengthOf(body)) + body;
const chunk = (text: string, extension = '') => `${text.length.toString(16)}${extension}\r\n${text}\r\n`;

async function inPieces(connection: RawConnection, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    connection.write(piece);
    for (let turns = 0; turns < 4; turns++) await turn();
  }
}

/** The same through every door. */
const everywhere = (answer: string) => ({ '20.49': answer, '20.57': answer, nginx: answer, haproxy: answer });

export const requestShapes: readonly RequestShape[] = [
  {
    name: 'HTTP/1.1, one request after another',
    by: 'nearly everybody',
    usages: 1,
    send: (connection) => connection.write(plainRequest),
    answers: everywhere('201'),
  },
  {
    name: 'HTTP/1.0 with keep-alive',
    by: '`ab -k`, old proxies',
    usages: 1,
    send: (connection) =>
      connection.write(head('POST /api/usages HTTP/1.0', 'Connection: keep-alive', lengthOf(body)) + body),
    answers: { '20.49': '505', '20.57': '505', nginx: '201', haproxy: '505' },
  },
  {
    name: 'three posts at once (pipelined)',
    by: '`autocannon -p 3`',
    usages: 3,
    send: (connection) => connection.write(plainRequest.repeat(3)),
    answers: { '20.49': 'none', '20.57': 'none', nginx: '201 201 201', haproxy: '201 201 201' },
  },
  {
    name: 'an empty line behind the body, then the next request',
    by: "Arduino's `println`",
    usages: 2,
    send: async (connection) => {
      await inPieces(connection, [`${plainRequest}\r\n`]);
      connection.write(plainRequest);
    },
    answers: { '20.49': '201', '20.57': '201', nginx: '201 201', haproxy: '201 201' },
  },
  {
    name: 'a request printed piece by piece',
    by: 'embedded clients',
    usages: 1,
    send: (connection) =>
      inPieces(connection, [
        'PO',
        'ST ',
        '/api/',
        'usages HT',
        'TP/1.1\r',
        '\n',
        ...plainRequest.slice(line.length + 2).split(/(?<=\n)/),
      ]),
    answers: { '20.49': '505', '20.57': '201', nginx: '201', haproxy: '201' },
  },
  {
    name: 'an absolute-form target',
    by: 'clients that think they speak to a proxy',
    usages: 1,
    send: (connection) =>
      connection.write(head('POST http://localhost/api/usages HTTP/1.1', lengthOf(body)) + body),
    answers: { '20.49': '505', '20.57': '505', nginx: '201', haproxy: '201' },
  },
  {
    name: 'chunk extensions',
    by: 'proxies that sign chunks',
    usages: 1,
    send: (connection) =>
      connection.write(`${head(line, 'Transfer-Encoding: chunked')}${chunk(body, ';a=b')}0\r\n\r\n`),
    answers: { '20.49': '408', '20.57': '408', nginx: '201', haproxy: '201' },
  },
  {
    name: 'trailers behind a chunked body',
    by: 'gRPC-like libraries, `fetch` with trailers',
    usages: 1,
    send: (connection) =>
      connection.write(
        `${head(line, 'Transfer-Encoding: chunked', 'Trailer: X-Sum')}${chunk(body)}0\r\nX-Sum: 1\r\n\r\n`,
      ),
    answers: { '20.49': '505', '20.57': '505', nginx: '201', haproxy: '505' },
  },
  {
    name: 'the sending side closed after the request',
    by: '`nc -N`, some embedded stacks',
    usages: 1,
    send: (connection) => {
      connection.write(plainRequest);
      connection.socket.end();
    },
    answers: { '20.49': 'none', '20.57': 'none', nginx: '201', haproxy: '201' },
  },
  {
    name: 'two lengths, or a length and chunks',
    by: 'attackers',
    usages: 1,
    send: (connection) =>
      connection.write(`${head(line, lengthOf(body), 'Transfer-Encoding: chunked')}${chunk(body)}0\r\n\r\n`),
    // HAProxy reads the chunks and hands on no length, as RFC 9112 (6.3) allows.
    answers: { ...everywhere('400'), haproxy: '201' },
  },
  {
    name: 'a body over 1 MiB',
    by: 'too large a batch',
    usages: 1,
    send: (connection) => connection.write(head(line, 'Content-Length: 1048577')),
    answers: everywhere('413'),
  },
  {
    name: 'a header of 8 KiB',
    by: 'cookies of a shared domain',
    usages: 1,
    send: (connection) => connection.write(head(line, `Cookie: ${'c'.repeat(8_192)}`, lengthOf(body)) + body),
    answers: everywhere('431'),
  },
];
