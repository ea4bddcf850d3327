/**
 * The post that is being made: its photos, each on its way to the server, and its words. It outlives the page, so that
 * signing in again or a wrong turn loses nothing. Photos are sent while the caption is still being written.
 */
import { limits } from '../../core/limits.ts';
import { createUploadQueue, type DraftPhoto, type UploadWork } from './upload-queue.ts';

export type Draft = {
  photos: readonly DraftPhoto[];
  caption: string;
  selectedKey: string | null;
  idempotencyKey: string;
};

export function createDraftStore(work: UploadWork) {
  let draft = emptyDraft();
  const listeners = new Set<() => void>();
  const queue = createUploadQueue(work, { read: () => draft.photos, edit });

  function set(next: Partial<Draft>): void {
    draft = { ...draft, ...next };
    for (const listener of listeners) listener();
  }

  function edit(key: string, change: Partial<DraftPhoto>): void {
    set({ photos: draft.photos.map((photo) => (photo.key === key ? { ...photo, ...change } : photo)) });
  }

  /** Takes as many as a post may hold, and returns how many were left out. */
  function add(files: readonly File[]): number {
    const taken = files.slice(0, limits.photosPerPost - draft.photos.length);
    const photos = taken.map(newPhoto);
    set({ photos: [...draft.photos, ...photos], selectedKey: draft.selectedKey ?? photos[0]?.key ?? null });
    queue.sendNext();
    return files.length - taken.length;
  }

  function remove(key: string): void {
    const at = draft.photos.findIndex((photo) => photo.key === key);
    const photo = draft.photos[at];
    if (!photo) return;
    const photos = draft.photos.filter((other) => other !== photo);
    const neighbour = photos[Math.min(at, photos.length - 1)]?.key ?? null;
    set({ photos, selectedKey: draft.selectedKey === key ? neighbour : draft.selectedKey });
    queue.giveUp(photo);
  }

  function retry(key: string): void {
    edit(key, { sending: { kind: 'waiting' } });
    queue.sendNext();
  }

  /** After publishing the uploads belong to the post; after "discard" nobody needs them. */
  function clear({ wasPublished }: { wasPublished: boolean }): void {
    const { photos } = draft;
    set(emptyDraft());
    if (!wasPublished) for (const photo of photos) queue.giveUp(photo);
  }

  return {
    read: () => draft,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    add,
    remove,
    retry,
    clear,
    edit: (key: string, change: Partial<Pick<DraftPhoto, 'altText' | 'filter'>>) => edit(key, change),
    move: (from: number, to: number) => set({ photos: moved(draft.photos, from, to) }),
    select: (key: string) => set({ selectedKey: key }),
    write: (caption: string) => set({ caption }),
  };
}

/** Nothing in it that would be missed. */
export function isEmptyDraft(draft: Draft): boolean {
  return draft.photos.length === 0 && draft.caption.trim() === '';
}

export function moved<Item>(items: readonly Item[], from: number, to: number): Item[] {
  const item = items[from];
  const others = items.filter((_, at) => at !== from);
  return item === undefined ? others : others.toSpliced(Math.max(0, to), 0, item);
}

function emptyDraft(): Draft {
  // One key for the life of the draft: a post that was sent twice is made once.
  return { photos: [], caption: '', selectedKey: null, idempotencyKey: newKey() };
}

function newPhoto(file: File): DraftPhoto {
  return { key: newKey(), file, prepared: null, altText: '', filter: 'none', sending: { kind: 'waiting' } };
}

/** crypto.randomUUID is there only on https; a server at home may be without. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
