/** Undoes what a test made, last made first, and all of it even where one step fails. */

import type { TestContext } from 'node:test';

type Undo = () => unknown;
const undos = new WeakMap<object, Undo[]>();

export function onEnd(test: Pick<TestContext, 'after'>, undo: Undo): void {
  const stack = undos.get(test);
  if (stack) {
    stack.push(undo);
    return;
  }
  const made = [undo];
  undos.set(test, made);
  test.after(async () => {
    const errors: unknown[] = [];
    for (const each of made.reverse()) {
      try {
        await each();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'a test could not be undone');
  });
}
