/**
 * Puts the virtual clock, timers and random numbers in the place of the real ones, for this whole OS process:
 * whoever imports this simulates and does nothing else. Outside a schedule they are the real ones.
 */

import { real } from './real.ts';
import type { Timer } from './scheduler.ts';
import { world, worldOrNull } from './world.ts';

function wallClockMs(): number {
  const inside = worldOrNull();
  return inside ? Math.floor(inside.epochMs + inside.scheduler.nowMs) : real.Date.now();
}

class VirtualDate extends real.Date {
  constructor(...args: unknown[]) {
    if (args.length === 0) super(wallClockMs());
    else super(...(args as [number]));
  }
  static override now(): number {
    return wallClockMs();
  }
}

/** What Node's timers give, as far as the product uses it. */
class VirtualTimeout {
  timer: Timer | null = null;
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  hasRef(): boolean {
    return true;
  }
}

type Run = (...args: unknown[]) => void;

/** Node takes what is no number from 1 on for 1. */
const atLeastOne = (ms: number) => (ms >= 1 ? ms : 1);

function virtualSetTimeout(run: Run, delayMs = 0, ...args: unknown[]) {
  if (!worldOrNull()) return real.setTimeout(run, delayMs, ...args);
  const timeout = new VirtualTimeout();
  timeout.timer = world().scheduler.after(atLeastOne(delayMs), () => run(...args));
  return timeout;
}

function virtualSetInterval(run: Run, everyMs = 0, ...args: unknown[]) {
  if (!worldOrNull()) return real.setInterval(run, everyMs, ...args);
  const timeout = new VirtualTimeout();
  const again = () => {
    timeout.timer = world().scheduler.after(atLeastOne(everyMs), again);
    run(...args);
  };
  timeout.timer = world().scheduler.after(atLeastOne(everyMs), again);
  return timeout;
}

function virtualClear(timeout: VirtualTimeout | null | undefined): void {
  if (!(timeout instanceof VirtualTimeout)) {
    real.clearTimeout(timeout as never);
    return;
  }
  if (timeout.timer) timeout.timer.run = null;
  timeout.timer = null;
}

function virtualSetImmediate(run: Run, ...args: unknown[]) {
  if (!worldOrNull()) return real.setImmediate(run, ...args);
  const timeout = new VirtualTimeout();
  timeout.timer = world().scheduler.after(0, () => run(...args));
  return timeout;
}

function timeoutSignal(delayMs: number): AbortSignal {
  const controller = new AbortController();
  virtualSetTimeout(
    () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')),
    delayMs,
  );
  return controller.signal;
}

let isInstalled = false;

/** Again is harmless. */
export function installVirtualGlobals(): void {
  if (isInstalled) return;
  isInstalled = true;
  Object.assign(globalThis, {
    Date: VirtualDate,
    setTimeout: virtualSetTimeout,
    setInterval: virtualSetInterval,
    setImmediate: virtualSetImmediate,
    clearTimeout: virtualClear,
    clearInterval: virtualClear,
    clearImmediate: virtualClear,
  });
  Object.defineProperty(performance, 'now', {
    value: () => worldOrNull()?.scheduler.nowMs ?? real.now(),
  });
  Object.defineProperty(AbortSignal, 'timeout', { value: timeoutSignal });
  Math.random = () => worldOrNull()?.productRandom.fraction() ?? real.random();
}
