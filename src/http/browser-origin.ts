/**
 * Where a request comes from, as a browser says: whether the page that sends it is one of this server's own, one that
 * the operator listed, or a foreign one. What no browser sent says nothing of it, and is nobody's page.
 */

import { namesThisMachine } from './loopback.ts';

/** Fields of a request's head; '' where there is none. */
export interface BrowserFields {
  readonly host: string;
  readonly origin: string;
  /** `Sec-Fetch-Site`, which only newer browsers send, and only to https and this machine. */
  readonly secFetchSite: string;
}

export type PageOrigin = 'own' | 'listed' | 'foreign';

/**
 * Whose page sends this request.
 * @param listed origins as browsers write them: `https://app.example`
 * @param onLoopback the server listens on loopback alone: a page that came by another name had its name pointed here
 *   (DNS rebinding), and is foreign though its browser takes it for the same origin
 */
export function pageOrigin(
  { host, origin, secFetchSite }: BrowserFields,
  listed: ReadonlySet<string>,
  onLoopback: boolean,
): PageOrigin {
  if (origin === '' && secFetchSite === '') return 'own';
  if (listed.has(origin)) return 'listed';
  if (onLoopback && !namesThisMachine(host)) return 'foreign';
  if (secFetchSite !== '')
    return secFetchSite === 'same-origin' || secFetchSite === 'none' ? 'own' : 'foreign';
  return isOf(origin, host) ? 'own' : 'foreign';
}

/** The scheme is left aside: a proxy before this server may end TLS. */
function isOf(origin: string, host: string): boolean {
  const at = origin.indexOf('://');
  return at > 0 && host !== '' && origin.slice(at + 3).toLowerCase() === host.toLowerCase();
}

/** The origins of a comma-separated list. */
export function listedOrigins(text: string | undefined): ReadonlySet<string> {
  return new Set((text ?? '').split(',').filter((origin) => origin !== ''));
}
