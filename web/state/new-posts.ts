/** How many posts there are that are newer than the home feed on the screen, as far as is known: announced, never pushed in. */
let count = 0;
const listeners = new Set<() => void>();

export function readNewPosts(): number {
  return count;
}

export function setNewPosts(next: number): void {
  if (next === count) return;
  count = next;
  for (const listener of listeners) listener();
}

export function subscribeToNewPosts(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
