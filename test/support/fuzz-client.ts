/** Sends fuzzed requests over connections that are kept as long as the server keeps them. */

import net from 'node:net';
import type { FuzzRequest } from './fuzz-requests.ts';

export interface FuzzReply {
  readonly status: number;
  readonly text: string;
}

/** One connection after the other: its next request comes after the answer to the one before. */
export class FuzzClient {
  readonly #port: number;
  #socket: net.Socket | null = null;
  #received = '';
  #wake: () => void = () => {};

  constructor(port: number) {
    this.#port = port;
  }

  /** The answers, the first alone where one is due; none where the server closed without one or the client left. */
  async send(request: FuzzRequest): Promise<FuzzReply[]> {
    this.#received = '';
    const socket = await this.#connected();
    const { bytes, body, leavesAfter } = request;
    socket.write(leavesAfter === null ? bytes : bytes.subarray(0, leavesAfter));
    if (body === null) {
      // What it says to this is read as far as it has come when the client leaves.
      await new Promise<void>((resolve) => socket.end(() => resolve()));
      await this.#until(() => this.#socket === null);
      return this.#replies();
    }
    await this.#until(() => this.#replies().length > 0 || this.#socket === null);
    if (/\r\nconnection: close\r\n/i.test(this.#received)) await this.#until(() => this.#socket === null);
    return this.#replies();
  }

  close(): void {
    this.#socket?.destroy();
  }

  #connected(): Promise<net.Socket> {
    if (this.#socket) return Promise.resolve(this.#socket);
    return new Promise((resolve) => {
      const socket = net.connect(this.#port, '127.0.0.1', () => resolve(socket));
      socket.setNoDelay(true);
      socket.on('data', (data) => {
        this.#received += data.toString('latin1');
        this.#wake();
      });
      socket.on('error', () => {});
      socket.on('close', () => {
        if (this.#socket === socket) this.#socket = null;
        resolve(socket);
        this.#wake();
      });
      this.#socket = socket;
    });
  }

  async #until(isMet: () => boolean): Promise<void> {
    while (!isMet()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  #replies(): FuzzReply[] {
    const replies: FuzzReply[] = [];
    let rest = this.#received;
    for (;;) {
      const headEnd = rest.indexOf('\r\n\r\n');
      const status = /^HTTP\/1\.1 (\d{3})/.exec(rest);
      if (headEnd < 0 || !status) return replies;
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(rest.slice(0, headEnd))?.[1] ?? 0);
      if (rest.length < headEnd + 4 + length) return replies;
      const text = Buffer.from(rest.slice(headEnd + 4, headEnd + 4 + length), 'latin1').toString('utf8');
      replies.push({ status: Number(status[1]), text });
      rest = rest.slice(headEnd + 4 + length);
    }
  }
}
