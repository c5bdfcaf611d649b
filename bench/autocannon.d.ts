/** autocannon 9 brings no types: what the benchmarks use of it. */
declare module 'autocannon' {
  export default function autocannon(options: {
    url: string;
    method?: string;
    headers?: Record<string, string>;
    body?: string;
    connections?: number;
    duration?: number;
  }): Promise<{ requests: { total: number }; non2xx: number; errors: number }>;
}
