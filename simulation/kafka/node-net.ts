/** `node:net` for kafkajs' socket factory: a socket is no more than which broker it leads to. */

import { world } from '../world/world.ts';

export interface BrokerSocket {
  readonly broker: number;
  /** The run of the broker that it was opened to. */
  readonly run: number;
  setNoDelay(): void;
  setKeepAlive(): void;
}

/** Brokers listen on `simulated:<id + 1>`. */
export function connect({ port }: { host: string; port: number }): BrokerSocket {
  const broker = port - 1;
  return { broker, run: world().kafka.brokers[broker]!.runs, setNoDelay() {}, setKeepAlive() {} };
}
