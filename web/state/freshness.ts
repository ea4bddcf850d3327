/** Whether the screen shows what was seen last because the server cannot be reached. */
let isOld = false;
const listeners = new Set<() => void>();

export function showsLastSeen(): boolean {
  return isOld;
}

export function setShowsLastSeen(next: boolean): void {
  isOld = next;
  for (const listener of listeners) listener();
}

export function subscribeToFreshness(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
