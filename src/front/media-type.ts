/** What a body is, by its Content-Type and Content-Encoding. */

export type BodyFormat = 'json' | 'ndjson';
export type ContentCoding = 'identity' | 'gzip' | 'deflate' | 'br' | 'zstd';

const formats = new Map<string, BodyFormat>([
  ['', 'json'],
  ['application/json', 'json'],
  ['text/plain', 'json'],
  // What `curl -d` says without being asked.
  ['application/x-www-form-urlencoded', 'json'],
  ['application/x-ndjson', 'ndjson'],
  ['application/jsonl', 'ndjson'],
]);

const structuredJson = /^application\/[a-z0-9][a-z0-9!#$&^_.+-]*\+json$/;
const parameter = /^([a-z0-9!#$%&'*+.^_`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))$/i;

/** Null for a media type, or a charset, that is not taken (415). */
export function bodyFormat(contentType: string): BodyFormat | null {
  const known = formats.get(contentType);
  if (known !== undefined) return known;
  const [type, ...parameters] = contentType.split(';').map((part) => part.trim());
  const essence = type!.toLowerCase();
  if (essence === '') return null;
  const format = formats.get(essence) ?? (structuredJson.test(essence) ? 'json' : null);
  return format !== null && parameters.every(isAcceptable) ? format : null;
}

/** Any parameter but a charset other than UTF-8, the one that JSON has (RFC 8259 section 8.1). */
function isAcceptable(text: string): boolean {
  if (text === '') return true;
  const match = parameter.exec(text);
  if (!match) return false;
  if (match[1]!.toLowerCase() !== 'charset') return true;
  const charset = (match[2] ?? match[3]!).toLowerCase();
  return charset === 'utf-8' || charset === 'utf8';
}

/** `x-gzip` is an old name of gzip (RFC 9110 section 8.4.1.3). */
const codings = new Map<string, ContentCoding>([
  ['', 'identity'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
  ['zstd', 'zstd'],
]);

/** Null for a coding that is not taken, or more than one (415). */
export function contentCoding(contentEncoding: string): ContentCoding | null {
  return codings.get(contentEncoding) ?? codings.get(contentEncoding.toLowerCase()) ?? null;
}
