/** The instance cannot start because of what is around it. The message tells a person what to do. */
export class StartRefusedError extends Error {
  override readonly name = 'StartRefusedError';
}
