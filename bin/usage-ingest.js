#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// Plain JavaScript on purpose: it must parse under any Node, so that a start under the wrong one is a
// sentence that says what to do and not a syntax error. Everything else is src/cli.ts.
import { requirePlatform } from './platform.js';

requirePlatform();
const major = Number(process.versions.node.split('.')[0]);
if (major !== 22) {
  process.stderr.write(
    `usage-ingest runs on Node 22 (the newest that its HTTP server's npm package has a binary for); this is ${process.version} on ${process.platform}/${process.arch}.\n` +
      'Start it with "npm start" or "npx usage-ingest": both use the Node 22 that "npm ci" installed.\n' +
      'Where npm has none for this platform, or it was installed with --omit=optional, install Node 22 yourself and put it first in PATH.\n',
  );
  process.exit(78);
}
// Also where Node was started without the flag above: that SQLite (the lock on DATA_DIR) is called experimental
// is our concern, not that of whoever starts the server.
const emitWarning = process.emitWarning;
process.emitWarning = /** @param {unknown[]} details */ (...details) => {
  if (details[1] !== 'ExperimentalWarning') Reflect.apply(emitWarning, process, details);
};
await import('../src/cli.ts');
