/**
 * Reads HTTP/1.1 answers out of a socket's chunks: their statuses, nothing else. Byte by byte and without a copy: what
 * a load generator costs is taken from the server beside it.
 */

const none: Buffer = Buffer.alloc(0);
const [lineFeed, carriageReturn, space, zero] = [0x0a, 0x0d, 0x20, 0x30];
const lengthField = Buffer.from('content-length:');
/** Of a status line: `HTTP/1.1 `. */
const statusAt = 9;

/** Takes the first `length` of `bytes` and keeps no view of them. Calls back at the end of each answer. */
export type AnswerReader = (bytes: Uint8Array, length?: number) => void;

/** The reader throws an Error where an answer has no Content-Length: no server measured here sends such a one. */
export function createAnswerReader(onAnswer: (status: number) => void): AnswerReader {
  let held = none;
  let status = 0;
  let bodyLeft = -1;
  return (received, length = received.length) => {
    let bytes = received;
    let end = length;
    if (held.length > 0) {
      bytes = Buffer.concat([held, received.subarray(0, length)]);
      end = bytes.length;
      held = none;
    }
    let at = 0;
    while (at < end) {
      if (bodyLeft < 0) {
        const bodyAt = endOfHead(bytes, at, end);
        if (bodyAt < 0) {
          held = Buffer.from(bytes.subarray(at, end));
          return;
        }
        status = numberAt(bytes, at + statusAt);
        bodyLeft = contentLength(bytes, at, bodyAt);
        at = bodyAt;
      }
      const taken = Math.min(bodyLeft, end - at);
      at += taken;
      bodyLeft -= taken;
      if (bodyLeft > 0) return;
      bodyLeft = -1;
      onAnswer(status);
    }
  };
}

/** Where the body starts that follows the head at `from`, or -1. */
function endOfHead(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from + 3; at < end; at++)
    if (bytes[at] === lineFeed && bytes[at - 2] === lineFeed && bytes[at - 1] === carriageReturn)
      return at + 1;
  return -1;
}

function contentLength(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at < end; at++)
    if (bytes[at] === lineFeed && isLengthField(bytes, at + 1)) {
      let digitsAt = at + 1 + lengthField.length;
      while (bytes[digitsAt] === space) digitsAt++;
      return numberAt(bytes, digitsAt);
    }
  throw new Error('an answer has no Content-Length');
}

function isLengthField(bytes: Uint8Array, at: number): boolean {
  // Setting this bit makes capital letters small, and changes neither the hyphen nor the colon.
  for (let i = 0; i < lengthField.length; i++) if ((bytes[at + i]! | 0x20) !== lengthField[i]) return false;
  return true;
}

/** The decimal digits at `at`; 0 where there are none. */
function numberAt(bytes: Uint8Array, at: number): number {
  let number = 0;
  for (let i = at; ; i++) {
    const digit = bytes[i]! - zero;
    if (!(digit >= 0 && digit <= 9)) return number;
    number = number * 10 + digit;
  }
}
