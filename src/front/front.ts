/**
 * The front: HTTP in, durable in the log, and only then answered. Read (bounded) -> inflate, check UTF-8 -> parse ->
 * validate -> id -> group commit -> log -> answer.
 */

import type { Registry } from 'prom-client';
import { readApiDocument } from '../observability/api-document.ts';
import type { Charges } from '../role/messages.ts';
import { once } from '../system/once.ts';
import { StartRefusedError } from '../system/start-refused-error.ts';
import { createIntake, type IntakeOptions } from './intake.ts';
import { addRoutes } from './routes.ts';
import { type ListenSocket, loadUws, type TemplatedApp, type Uws } from './uws.ts';

export interface FrontOptions extends IntakeOptions {
  /** 0 picks a free one. On Linux several fronts may share a port. */
  port: number;
  /** What `/readyz` answers: the instance's state, not this front's alone. */
  readiness(): { ready: boolean; reason: string };
}

export interface Front {
  readonly registry: Registry;
  /** What API keys were charged here since it was asked last. */
  takeCharges(): Charges;
  /** What another front of the instance charged. */
  chargedElsewhere(charges: Charges): void;
  /** The port listened on; known after `start`. */
  readonly port: number;
  /** @throws ListenError, UwsUnavailableError */
  start(): Promise<void>;
  /** Stops listening, answers what is in flight, appends what waits, closes every connection. */
  stop(): Promise<void>;
}

/** The address is taken, or not this machine's, or not allowed. The HTTP server tells no more. */
export class ListenError extends StartRefusedError {
  override readonly name: string = 'ListenError';
}

const tickMsMax = 250;

export function createFront(options: FrontOptions): Front {
  const { host, settings, appender } = options;
  const intake = createIntake(options);
  let port = options.port;
  let app: TemplatedApp | null = null;
  let uws: Uws | null = null;
  let listening: ListenSocket | null = null;
  let ticking: NodeJS.Timeout | null = null;

  const start = once(async () => {
    await intake.keyCheck.start();
    const apiDocument = await readApiDocument();
    const { uws: loaded, ...which } = await loadUws();
    options.logger.info('http_server_loaded', which);
    uws = loaded;
    app = uws.App();
    addRoutes(app, { ...intake, readiness: options.readiness, apiDocument });
    listening = await listen(app, host, port);
    port = uws.us_socket_local_port(listening);
    const shortestMs = Math.min(settings.USAGE_APPEND_TIMEOUT_MS, settings.USAGE_BODY_TIMEOUT_MS);
    ticking = setInterval(intake.tick, Math.min(tickMsMax, shortestMs / 4));
    appender.onWritableChange(intake.checkAppendable);
    intake.checkAppendable();
  });

  const stop = once(async () => {
    // A start that failed or has not finished is stopped as far as it came.
    await start.settled();
    if (listening) uws!.us_listen_socket_close(listening);
    listening = null;
    await intake.stop();
    if (ticking) clearInterval(ticking);
    intake.keyCheck.stop();
    // Whoever still is connected waits for nothing.
    app?.close();
    app = null;
  });

  return {
    registry: intake.registry,
    takeCharges: intake.keyCheck.takeCharges,
    chargedElsewhere: intake.keyCheck.chargedElsewhere,
    get port() {
      return port;
    },
    start,
    stop,
  };
}

function listen(app: TemplatedApp, host: string, port: number): Promise<ListenSocket> {
  return new Promise((resolve, reject) => {
    app.listen(host, port, (socket) => {
      if (socket) resolve(socket);
      else
        reject(
          new ListenError(
            `cannot listen on ${host} port ${port}: is it taken, or not an address of this machine? Set another PORT or HOST`,
          ),
        );
    });
  });
}
