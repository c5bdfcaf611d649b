/** The link of a role that the supervisor forked. */

import type { Readiness, RoleLink } from './link.ts';
import type { Charges, FromRole, ToRole } from './messages.ts';

export interface SupervisedLinkOptions {
  /** The supervisor orders the stop. */
  onStop(): void;
  /** The supervisor died. */
  onOrphaned(): void;
}

export function createSupervisedLink(options: SupervisedLinkOptions): RoleLink {
  let readiness: Readiness = { ready: false, reason: 'starting' };
  /** The push that the channel has not taken yet: a supervisor that does not read must not fill our memory. */
  let pushing: Promise<void> | null = null;
  let closing = false;
  let hearCharged: (charges: Charges) => void = () => {};

  /** Resolves when the channel took the message; a closed channel is told by 'disconnect', not here. */
  const send = (message: FromRole) =>
    new Promise<void>((resolve) => {
      if (!process.connected) return resolve();
      process.send!(message, undefined, undefined, () => resolve());
    });

  return {
    async start() {
      process.on('message', (message: ToRole) => {
        if (message.type === 'stop') options.onStop();
        else if (message.type === 'charged') hearCharged(message.charges);
        else readiness = { ready: message.ready, reason: message.reason };
      });
      process.once('disconnect', () => closing || options.onOrphaned());
      if (!process.connected) options.onOrphaned();
      void send({ type: 'alive' });
    },
    readiness: () => readiness,
    tellAppendable(appendable, reason) {
      void send({ type: 'appendable', appendable, reason });
    },
    tellCharged(charges) {
      void send({ type: 'charged', charges });
    },
    onCharged(listener) {
      hearCharged = listener;
    },
    tellReady() {
      void send({ type: 'ready' });
    },
    push(snapshot) {
      pushing ??= (async () => {
        await send({ type: 'alive' });
        if (snapshot) await send({ type: 'metrics', snapshot });
        pushing = null;
      })();
      return pushing;
    },
    async pushLast(snapshot) {
      await pushing;
      await send({ type: 'metrics', snapshot });
    },
    // The supervisor has waited before it says stop.
    async drain() {},
    async stop() {
      closing = true;
      if (process.connected) process.disconnect();
    },
  };
}
