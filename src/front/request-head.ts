/**
 * The header fields that the front reads, in one pass over them all: only a pass sees a second Content-Length,
 * which uWebSockets.js accepts (it frames by the first) and a proxy before it may read otherwise. Refusing what two
 * parsers could frame differently is what keeps a request from being smuggled in another's body.
 */

import type { JudgedKey } from '../keys/key-ring.ts';
import type { Idempotency } from '../usage/idempotency.ts';
import type { BodyFormat, ContentCoding } from './media-type.ts';
import type { HttpRequest } from './uws.ts';

export interface RequestHead {
  contentType: string;
  contentEncoding: string;
  /** '' where there is none. */
  idempotencyKey: string;
  idempotencyKeys: number;
  /** Bytes, or -1 where none is declared. */
  contentLength: number;
  chunked: boolean;
  /** '' where there is none, as the two below. */
  host: string;
  origin: string;
  secFetchSite: string;
  /** What `Authorization: Bearer` or `X-API-Key` presents, '' where nothing. */
  credential: string;
  credentials: number;
  /** Two parsers could frame this request differently: answer 400 and close. */
  ambiguous: boolean;
}

/** What the head of a POST that is taken says of its body. */
export interface PostHead {
  readonly format: BodyFormat;
  readonly coding: ContentCoding;
  readonly idempotency: Idempotency | null;
  /** Who sends; null where the server does not ask. */
  readonly key: JudgedKey | null;
  /** Bytes, or -1 where none is declared. */
  readonly contentLength: number;
  readonly chunked: boolean;
}

/** Read in one go inside the handler, so one record serves all requests. */
const head: RequestHead = {
  contentType: '',
  contentEncoding: '',
  idempotencyKey: '',
  idempotencyKeys: 0,
  contentLength: -1,
  chunked: false,
  host: '',
  origin: '',
  secFetchSite: '',
  credential: '',
  credentials: 0,
  ambiguous: false,
};
let hosts = 0;
let lengths = 0;
let transferEncodings = 0;

function takeField(key: string, value: string): void {
  switch (key) {
    case 'host':
      hosts++;
      head.host = value;
      break;
    case 'content-length':
      lengths++;
      head.contentLength = digits.test(value) ? Number(value) : Number.NaN;
      break;
    case 'transfer-encoding':
      transferEncodings++;
      head.chunked = value.toLowerCase() === 'chunked';
      break;
    case 'content-type':
      head.contentType = head.contentType === '' ? value : `${head.contentType},${value}`;
      break;
    case 'content-encoding':
      head.contentEncoding = head.contentEncoding === '' ? value : `${head.contentEncoding},${value}`;
      break;
    case 'idempotency-key':
      head.idempotencyKeys++;
      head.idempotencyKey = value;
      break;
    case 'origin':
      head.origin = head.origin === '' ? value : `${head.origin},${value}`;
      break;
    case 'sec-fetch-site':
      head.secFetchSite = value;
      break;
    case 'authorization':
      head.credentials++;
      head.credential = bearer.test(value) ? value.slice(bearerLength).trimStart() : value;
      break;
    case 'x-api-key':
      head.credentials++;
      head.credential = value;
      break;
  }
}

const digits = /^\d+$/;
const bearer = /^bearer /i;
const bearerLength = 'bearer '.length;

/** The head of `req`; valid until the next call. */
export function readHead(req: HttpRequest): Readonly<RequestHead> {
  head.contentType = '';
  head.contentEncoding = '';
  head.idempotencyKey = '';
  head.idempotencyKeys = 0;
  head.contentLength = -1;
  head.chunked = false;
  head.origin = '';
  head.secFetchSite = '';
  head.credential = '';
  head.credentials = 0;
  hosts = 0;
  lengths = 0;
  transferEncodings = 0;
  req.forEach(takeField);
  head.ambiguous =
    hosts !== 1 ||
    lengths > 1 ||
    transferEncodings > 1 ||
    (lengths === 1 && (transferEncodings === 1 || Number.isNaN(head.contentLength))) ||
    (transferEncodings === 1 && !head.chunked);
  return head;
}

const visibleAscii = /^[\x21-\x7e]{1,255}$/;

/** Null where none was sent; undefined where what was sent is not one key of 1 to 255 visible ASCII characters. */
export function idempotencyKeyOf(from: Readonly<RequestHead>): string | null | undefined {
  if (from.idempotencyKeys === 0) return null;
  return from.idempotencyKeys === 1 && visibleAscii.test(from.idempotencyKey)
    ? from.idempotencyKey
    : undefined;
}
