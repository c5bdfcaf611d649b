/** Seeds that found something, each run by itself in test/simulation. What a seed draws changes with the faults there are. */

export const namedSeeds: readonly { readonly seed: number; readonly found: string }[] = [];
