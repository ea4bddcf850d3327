/** The posts that are on the screen just now, each as often as somebody shows it: of those the counts and comments are heard live. */
const shown = new Map<string, number>();
const listeners = new Set<() => void>();

/** Gives what ends it. */
export function watchPosts(postIds: readonly string[]): () => void {
  for (const postId of postIds) shown.set(postId, (shown.get(postId) ?? 0) + 1);
  tellListeners();
  return () => {
    for (const postId of postIds) {
      const left = (shown.get(postId) ?? 0) - 1;
      if (left > 0) shown.set(postId, left);
      else shown.delete(postId);
    }
    tellListeners();
  };
}

/** Those that were shown last at the end. */
export function readWatchedPosts(): string[] {
  return [...shown.keys()];
}

export function subscribeToWatchedPosts(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tellListeners(): void {
  for (const listener of listeners) listener();
}
