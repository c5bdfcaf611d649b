/**
 * Who may be connected to the admin port at once. Where all seats are taken, who has not asked anything goes first, the
 * longest silent one before others, so that open connections alone never keep anybody out. Where every seat is at work,
 * a few more are kept for those who ask whether the server is well.
 */

import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

export interface Seats {
  /** False where the connection has a kept seat, and the path is for others. */
  mayAsk(request: IncomingMessage, path: string): boolean;
}

/** Seats for anything, and those beside them. */
const seatsMax = 100;
const keptSeats = 10;

/** What a connection in a kept seat is answered. */
const keptFor: readonly string[] = ['/healthz', '/readyz', '/metrics'];

type Doing = 'silent' | 'asking' | 'between';

/** Takes over who may connect to `server`. */
export function createSeats(server: Server): Seats {
  /** Oldest first. */
  const seated = new Map<Socket, Doing>();
  const kept = new WeakSet<Socket>();

  /** Makes room. @returns false where all are being answered */
  function sendOneAway(): boolean {
    for (const doing of ['silent', 'between'] as const) {
      for (const [socket, now] of seated) {
        if (now !== doing) continue;
        seated.delete(socket);
        socket.destroy();
        return true;
      }
    }
    return false;
  }

  server.on('connection', (socket) => {
    if (seated.size >= seatsMax && !sendOneAway()) {
      if (seated.size >= seatsMax + keptSeats) return void socket.destroy();
      kept.add(socket);
    }
    seated.set(socket, 'silent');
    socket.once('close', () => seated.delete(socket));
  });
  server.on('request', (request, response) => {
    const { socket } = request;
    seated.set(socket, 'asking');
    response.once('close', () => {
      if (seated.has(socket)) seated.set(socket, 'between');
    });
  });
  return { mayAsk: ({ socket }, path) => !kept.has(socket) || keptFor.includes(path) };
}
