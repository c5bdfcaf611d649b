#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// Plain JavaScript on purpose: it must parse under any Node, so that a start under the wrong one is a
// sentence that says what to do and not a syntax error. Everything else is src/cli.ts.
import { requireNode, requirePlatform } from './platform.js';

requirePlatform();
requireNode();
// Also where Node was started without the flag above: that SQLite (the lock on DATA_DIR) is called experimental
// is our concern, not that of whoever starts the server.
const emitWarning = process.emitWarning;
process.emitWarning = /** @param {unknown[]} details */ (...details) => {
  if (details[1] !== 'ExperimentalWarning') Reflect.apply(emitWarning, process, details);
};
await import('../src/cli.ts');
