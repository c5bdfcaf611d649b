/** The instance, or a role that runs alone, cannot start because of what is around it. The message tells a person what to do. */
export class StartRefusedError extends Error {
  override readonly name: string = 'StartRefusedError';
}
