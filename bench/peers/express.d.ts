/** Express 5 brings no types: what the naive original uses of it. */
declare module 'express' {
  import type { Server } from 'node:http';

  interface Response {
    sendStatus(status: number): void;
    json(body: unknown): void;
  }
  type Handler = (request: { readonly body: unknown }, response: Response) => void;

  function express(): {
    use(handler: unknown): void;
    get(path: string, handler: Handler): void;
    post(path: string, handler: Handler): void;
    delete(path: string, handler: Handler): void;
    listen(port: number, host: string): Server;
  };
  namespace express {
    function json(): unknown;
  }
  export default express;
}
