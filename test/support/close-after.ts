type Close = () => unknown;

/** A test's context, or `{ after }` of node:test for a whole file. */
export interface Closing {
  after(close: () => Promise<void>): void;
}

const pending = new WeakMap<Closing, Close[]>();

/**
 * Closes things after the test in the reverse order of their making (`t.after` takes them in order, and would
 * remove a folder under the server that works in it). All are tried; the first error counts.
 */
export function closeAfter(t: Closing, close: Close): void {
  const known = pending.get(t);
  if (known) {
    known.push(close);
    return;
  }
  const closes = [close];
  pending.set(t, closes);
  t.after(async () => {
    const errors: unknown[] = [];
    for (let next = closes.pop(); next; next = closes.pop()) {
      try {
        await next();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  });
}
