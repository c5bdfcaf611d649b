/** The real clock and timers, kept before the globals become virtual ones (globals.ts). */

export const real = {
  Date,
  setTimeout,
  setInterval,
  setImmediate,
  clearTimeout,
  now: performance.now.bind(performance),
  random: Math.random,
};
