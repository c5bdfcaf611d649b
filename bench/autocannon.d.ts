/** autocannon 9 brings no types, and those of 7 lack what the benchmarks use of it. */
declare module 'autocannon' {
  export interface Client {
    /** The bytes that the client sends next. */
    getRequestBuffer(): Buffer;
  }
  export interface Run extends Promise<{ requests: { total: number }; non2xx: number; errors: number }> {
    /** @param latencyMs with a fraction */
    on(
      event: 'response',
      listener: (client: Client, status: number, bytes: number, latencyMs: number) => void,
    ): this;
    on(event: 'reqError', listener: (error: Error) => void): this;
  }
  export default function autocannon(options: {
    url: string;
    method?: string;
    headers?: Record<string, string>;
    body?: string;
    connections?: number;
    /** Seconds; instead of `amount`. */
    duration?: number;
    amount?: number;
    /** Milliseconds between two looks at what was done. */
    sampleInt?: number;
    /** Seconds that an answer is waited for. */
    timeout?: number;
    setupClient?: (client: Client) => void;
  }): Run;
}
