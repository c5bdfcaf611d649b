/**
 * Makes a k6 script's requests in Node, without k6: its modules are replaced by the few calls that the script of
 * docs/clients.md uses. It shows that the requests are right, not that k6 runs them.
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** curl, because k6's calls do not return before the answer is there. */
const httpModule = `
import { spawnSync } from 'node:child_process';
export default {
  post(url, body, { headers }) {
    const more = Object.entries(headers).flatMap(([name, value]) => ['-H', \`\${name}: \${value}\`]);
    const args = ['-sS', '-i', '--max-time', '30', ...more, '--data-binary', '@-', url];
    const { stdout, status } = spawnSync('curl', args, { input: body, encoding: 'utf8' });
    if (status !== 0) return { status: 0, headers: {} };
    const retryAfter = /^Retry-After: *(\\d+)/im.exec(stdout)?.[1];
    return { status: Number(stdout.split(' ')[1]), headers: retryAfter ? { 'Retry-After': retryAfter } : {} };
  },
};`;

const k6Module = `
export function sleep(seconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1_000);
}
export function check(value, conditions) {
  for (const [name, holds] of Object.entries(conditions)) if (!holds(value)) throw new Error(\`\${name}: \${value.status}\`);
}`;

const mainModule = `
globalThis.__ENV = process.env;
const script = await import('./load.js');
if (!script.options.scenarios.usages.executor) throw new Error('no executor');
for (let n = 0; n < Number(process.env.ITERATIONS); n++) script.default();`;

/** Puts the stand-ins beside `load.js`. @returns the command that runs it ITERATIONS times */
export async function standInForK6(folder: string): Promise<readonly string[]> {
  const modules = join(folder, 'node_modules', 'k6');
  await mkdir(modules, { recursive: true });
  const exported = { type: 'module', exports: { '.': './k6.js', './http': './http.js' } };
  await writeFile(join(modules, 'package.json'), JSON.stringify(exported));
  await writeFile(join(modules, 'k6.js'), k6Module);
  await writeFile(join(modules, 'http.js'), httpModule);
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(join(folder, 'main.js'), mainModule);
  return [process.execPath, 'main.js'];
}
