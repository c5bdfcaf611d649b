/** What the k6 scripts use of k6: its modules are in its own runtime, not on npm's disk. */

declare module 'k6' {
  export function check(value: unknown, checks: Record<string, (value: never) => boolean>): boolean;
}

declare module 'k6/http' {
  interface Response {
    readonly status: number;
  }
  const http: {
    post(url: string, body: string, params: { headers: Record<string, string> }): Response;
  };
  export default http;
}

/** The variables given by `-e NAME=value`, and the environment. */
declare const __ENV: Readonly<Record<string, string | undefined>>;
