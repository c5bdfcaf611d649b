/** The load tools that Debian and our dependencies have, from the fronts themselves and through nginx. */

import { quickClients } from '../support/load-clients.ts';
import { runLoadClients } from '../support/run-load-clients.ts';

runLoadClients(quickClients);
