/** Reads HTTP/1.1 answers out of a socket's chunks: their statuses, nothing else. */

const headEnd = Buffer.from('\r\n\r\n');
const none: Buffer = Buffer.alloc(0);

/**
 * Takes chunks, whose bytes it keeps no view of, and calls back at the end of each answer.
 * @throws Error where an answer has no Content-Length: no server measured here sends such a one
 */
export function createAnswerReader(onAnswer: (status: number) => void): (chunk: Buffer) => void {
  let held = none;
  let status = 0;
  let bodyLeft = -1;
  return (received) => {
    let rest = held.length > 0 ? Buffer.concat([held, received]) : received;
    held = none;
    for (;;) {
      if (bodyLeft < 0) {
        const end = rest.indexOf(headEnd);
        if (end < 0) {
          held = Buffer.from(rest);
          return;
        }
        const head = rest.toString('latin1', 0, end);
        status = Number(head.slice(9, 12));
        bodyLeft = contentLength(head);
        rest = rest.subarray(end + headEnd.length);
      }
      const taken = Math.min(bodyLeft, rest.length);
      bodyLeft -= taken;
      rest = rest.subarray(taken);
      if (bodyLeft > 0) return;
      bodyLeft = -1;
      onAnswer(status);
      if (rest.length === 0) return;
    }
  };
}

function contentLength(head: string): number {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (!length) throw new Error('an answer has no Content-Length');
  return Number(length[1]);
}
