/** Systems on which the server was run: the last section of docs/compatibility.md. */

export const environments: { introduction: string; rows: readonly (readonly string[])[] } = {
  introduction:
    'Linux x64 with glibc is what the tests run on. The builds for Linux arm64 and macOS are installed by npm and were not run.',
  rows: [
    ['Debian 12 (glibc 2.36), Node 22', 'everything', '`npm test`', 'works, on uWebSockets.js 20.49'],
    [
      'Debian 13 (glibc 2.41), Node 22',
      'the tests of HTTP',
      '`test/deployment/debian-13.test.ts`',
      'works, on uWebSockets.js 20.57',
    ],
    [
      'Debian 13, Node 24 and 25',
      'settings checked, the tests of framing; by hand once: the whole server with its embedded Postgres, one usage, SIGTERM',
      '`test/deployment/debian-13.test.ts`',
      'works',
    ],
    [
      'Debian 12, Node 24 and newer; any system, Node 20, 23, 26',
      '`usage-ingest start`',
      '`test/commands/platform.test.ts`',
      'refused with 78 and what to do; `npm start` uses the Node 22 that npm brought',
    ],
    [
      'Alpine (musl), Windows',
      '`npm ci`',
      '`test/commands/platform.test.ts`',
      'refused with 78 and what to do',
    ],
    [
      'the image (Debian 13, Node 24) on Docker 20.10',
      'built; read-only without capabilities; posts through a kill, a stop and an upgrade',
      '`npm run test:image`',
      'every acknowledged usage stored once; 272 MB',
    ],
    [
      'nginx 1.22, HAProxy 2.6',
      'in front of the server',
      '`test/deployment/edge.test.ts`',
      'works, see above',
    ],
  ],
};
