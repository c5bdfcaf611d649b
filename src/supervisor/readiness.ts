/** What `/readyz` answers for the whole instance, pure. */

export interface FrontState {
  readonly ready: boolean;
  readonly appendable: boolean;
  readonly reason: string;
}

export interface InstanceReadiness {
  readonly ready: boolean;
  readonly reason: string;
}

/**
 * Ready: at least one front is, none of those that are says that it cannot append, and nobody asked for a stop.
 * A front that restarts beside a healthy one changes nothing; a database that is away changes nothing either.
 */
export function instanceReadiness(stopping: boolean, fronts: readonly FrontState[]): InstanceReadiness {
  if (stopping) return { ready: false, reason: 'stopping' };
  const ready = fronts.filter((front) => front.ready);
  if (ready.length === 0) return { ready: false, reason: 'no front is ready' };
  const unable = ready.find((front) => !front.appendable);
  return unable ? { ready: false, reason: unable.reason } : { ready: true, reason: 'ready' };
}
