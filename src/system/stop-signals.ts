/** The signals that ask a process to stop: from a service manager, a terminal, or npm, which passes on what it gets. */

/**
 * One request to stop may come more than once: a signal to a whole group reaches this process directly and by npm, a
 * terminal that goes away sends SIGHUP beside it. A person, or a manager that loses patience, takes longer.
 */
const echoMs = 500;

/** `first` is the request; `again` is another one, for which the way may be cut short. */
export function onStopSignals(listener: {
  first(signal: NodeJS.Signals): void;
  again(signal: NodeJS.Signals): void;
}): void {
  let firstAtMs: number | null = null;
  const onSignal = (signal: NodeJS.Signals) => {
    const nowMs = performance.now();
    if (firstAtMs !== null) {
      if (nowMs - firstAtMs >= echoMs) listener.again(signal);
      return;
    }
    firstAtMs = nowMs;
    listener.first(signal);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, onSignal);
}
