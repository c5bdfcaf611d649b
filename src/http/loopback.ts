/** What is of this machine alone, told by a name. */

import { isIP } from 'node:net';

/** True for an address to listen on that other machines cannot reach. A name is not looked up. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/**
 * Whether a request for `hostHeader` was meant for this machine, by an address or as localhost. A page of a
 * foreign site can point its own name at 127.0.0.1 and then counts as the same origin (DNS rebinding), but it
 * cannot make the browser send another Host than that name.
 */
export function namesThisMachine(hostHeader: string | undefined): boolean {
  if (hostHeader === undefined) return false;
  const host = /^(.*?)(:\d*)?$/.exec(hostHeader)![1]!;
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  return isIP(bare) !== 0 || /(^|\.)localhost\.?$/i.test(bare);
}
