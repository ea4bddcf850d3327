/** Whose tab this is, for what works on after a page was left: it must stop when somebody else signs in. */
export type Viewer = { accountId: string; keepsOriginals: boolean };

let viewer: Viewer | null = null;
const listeners = new Set<(viewer: Viewer | null) => void>();

/** Null: nobody is signed in. */
export function setViewer(next: Viewer | null): void {
  viewer = next;
  for (const listener of listeners) listener(next);
}

export function readViewer(): Viewer | null {
  return viewer;
}

/** Also tells who it is now. */
export function onViewer(listener: (viewer: Viewer | null) => void): void {
  listeners.add(listener);
  listener(viewer);
}
