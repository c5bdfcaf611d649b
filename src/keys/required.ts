/** Whether requests need an API key: unless told otherwise, as soon as other machines can reach the server. */

import type { Settings } from '../config/settings.ts';
import { isLoopback } from '../http/loopback.ts';

export function keysAreRequired(settings: Pick<Settings, 'USAGE_AUTH' | 'HOST'>): boolean {
  const { USAGE_AUTH: auth, HOST: host } = settings;
  return auth === 'on' || (auth === 'auto' && !isLoopback(host));
}
