/** Faults put back on purpose, one at a time: the simulation must find each of them. */

export interface Mutation {
  readonly name: string;
  /** What the product then does wrong. */
  readonly undoes: string;
  readonly edits: readonly {
    /** Below src/. */
    readonly file: string;
    /** Must stand there exactly once. */
    readonly from: string;
    readonly to: string;
  }[];
}

export const mutations: readonly Mutation[] = [];
