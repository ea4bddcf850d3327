/**
 * The post that is being made: its photos, each on its way to the server, and its words. It outlives the page, so that
 * signing in again or a wrong turn loses nothing. Photos are sent while the caption is still being written, two at a
 * time; what they must do is handed in, so that this file knows neither canvas nor network.
 */
import type { FilterName } from '../../core/filters.ts';
import { limits } from '../../core/limits.ts';

export type Sending =
  | { kind: 'waiting' }
  | { kind: 'sending'; percent: number }
  | { kind: 'received'; uploadId: string; thumbhash: string }
  | { kind: 'failed'; reason: string };

export type DraftPhoto = {
  key: string;
  file: File;
  /** Upright and scaled down; null until it is made, and for files that this browser cannot read. */
  prepared: Blob | null;
  altText: string;
  filter: FilterName;
  sending: Sending;
};

export type Draft = {
  photos: readonly DraftPhoto[];
  caption: string;
  selectedKey: string | null;
  idempotencyKey: string;
};

export type DraftWork = {
  prepare: (file: File) => Promise<Blob>;
  send: (
    bytes: Blob,
    options: { signal: AbortSignal; onProgress: (percent: number) => void },
  ) => Promise<{ uploadId: string; thumbhash: string }>;
  forget: (uploadId: string) => Promise<void>;
  /** The sentence for a person about what `send` threw. */
  explain: (error: unknown) => string;
};

export type DraftStore = ReturnType<typeof createDraftStore>;

const AT_ONCE = 2;

export function createDraftStore(work: DraftWork) {
  let draft = emptyDraft();
  const listeners = new Set<() => void>();
  const running = new Map<string, AbortController>();

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
    const photos = taken.map(
      (file): DraftPhoto => ({
        key: newKey(),
        file,
        prepared: null,
        altText: '',
        filter: 'none',
        sending: { kind: 'waiting' },
      }),
    );
    set({ photos: [...draft.photos, ...photos], selectedKey: draft.selectedKey ?? photos[0]?.key ?? null });
    sendNext();
    return files.length - taken.length;
  }

  function remove(key: string): void {
    const at = draft.photos.findIndex((photo) => photo.key === key);
    const photos = draft.photos.filter((photo) => photo.key !== key);
    const neighbour = photos[Math.min(at, photos.length - 1)]?.key ?? null;
    giveUp(draft.photos[at]);
    set({ photos, selectedKey: draft.selectedKey === key ? neighbour : draft.selectedKey });
    sendNext();
  }

  function move(from: number, to: number): void {
    set({ photos: moved(draft.photos, from, to) });
  }

  function retry(key: string): void {
    edit(key, { sending: { kind: 'waiting' } });
    sendNext();
  }

  /** After publishing the uploads belong to the post; after "discard" nobody needs them. */
  function clear({ wasPublished }: { wasPublished: boolean }): void {
    if (!wasPublished) for (const photo of draft.photos) giveUp(photo);
    set(emptyDraft());
  }

  function giveUp(photo: DraftPhoto | undefined): void {
    if (!photo) return;
    running.get(photo.key)?.abort();
    // What cannot be taken back now, the server clears away by itself later.
    if (photo.sending.kind === 'received') work.forget(photo.sending.uploadId).catch(() => undefined);
  }

  function sendNext(): void {
    for (const photo of draft.photos) {
      if (running.size >= AT_ONCE) return;
      if (photo.sending.kind === 'waiting' && !running.has(photo.key)) void sendOne(photo);
    }
  }

  async function sendOne(photo: DraftPhoto): Promise<void> {
    const { key } = photo;
    const controller = new AbortController();
    const { signal } = controller;
    running.set(key, controller);
    edit(key, { sending: { kind: 'sending', percent: 0 } });
    try {
      const prepared = photo.prepared ?? (await work.prepare(photo.file).catch(() => null));
      if (prepared) edit(key, { prepared });
      const onProgress = (percent: number) =>
        edit(key, { sending: { kind: 'sending', percent: Math.min(99, percent) } });
      if (signal.aborted) return;
      const { uploadId, thumbhash } = await work.send(prepared ?? photo.file, { signal, onProgress });
      edit(key, { sending: { kind: 'received', uploadId, thumbhash } });
    } catch (error) {
      if (!signal.aborted) edit(key, { sending: { kind: 'failed', reason: work.explain(error) } });
    } finally {
      running.delete(key);
      sendNext();
    }
  }

  return {
    read: () => draft,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    add,
    remove,
    move,
    retry,
    clear,
    edit: (key: string, change: { altText?: string; filter?: FilterName }) => edit(key, change),
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

/** crypto.randomUUID is there only on https; a server at home may be without. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
