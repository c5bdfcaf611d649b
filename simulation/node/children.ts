/** The newest process of each slot, `<role> <worker>`. */

import type { Process } from '../world/scheduler.ts';

export const children = new Map<string, Process>();
