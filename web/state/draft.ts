/**
 * The post that is being made: its photos, each on its way to the server, and its words. It outlives the page, so that
 * signing in again or a wrong turn loses nothing. Photos are sent while the caption is still being written.
 */
import { type Look, PLAIN_EDITS } from '../../core/edits.ts';
import { shownSize } from '../../core/frame.ts';
import { limits } from '../../core/limits.ts';
import type { Prepared } from '../darkroom/messages.ts';
import { newKey } from './new-key.ts';
import { type PostChoices, USUAL_CHOICES } from './post-choices.ts';
import { createUploadQueue, type DraftPhoto, type UploadWork } from './upload-queue.ts';

export type Draft = {
  photos: readonly DraftPhoto[];
  caption: string;
  selectedKey: string | null;
  idempotencyKey: string;
  /** The member has pressed Share: it is shared as soon as the network allows it. */
  wantsToShare: boolean;
  choices: PostChoices;
  /** When it shall be published by itself, as an ISO time in UTC; null: when the member says so. */
  publishAt: string | null;
  saved: SavedDraft | null;
};

/** The server's copy of a draft, and what that holds: see draft-saver.ts. */
export type SavedDraft = {
  id: string;
  version: number;
  text: string;
  uploadIds: readonly string[];
  publishAt: string | null;
};

type Editable = Partial<Pick<DraftPhoto, 'altText' | 'edits' | 'showsPlace' | 'people'>>;
type PrepareLarger = (file: Blob, maxSide: number) => Promise<Prepared>;

/** A crop is shown up to this width, in px, if the file has so many. */
const WANTED_WIDTH = 1_080;
/** The longest side that is sent. */
const SIDE_MAX = 4_096;

export type DraftStore = ReturnType<typeof createDraftStore>;

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

  /** Takes as many as a post may hold. Gives the key of the first, and how many were left out. */
  function add(files: readonly Blob[]): { firstKey: string | null; leftOut: number } {
    const taken = files.slice(0, limits.photosPerPost - draft.photos.length);
    const photos = taken.map(newPhoto);
    const firstKey = photos[0]?.key ?? null;
    set({ photos: [...draft.photos, ...photos], selectedKey: firstKey ?? draft.selectedKey });
    queue.sendNext();
    return { firstKey, leftOut: files.length - taken.length };
  }

  function remove(key: string): void {
    const at = draft.photos.findIndex((photo) => photo.key === key);
    const photo = draft.photos[at];
    if (!photo) return;
    const photos = draft.photos.filter((other) => other !== photo);
    const neighbour = photos[Math.min(at, photos.length - 1)]?.key ?? null;
    set({ photos, selectedKey: draft.selectedKey === key ? neighbour : draft.selectedKey });
    queue.giveUp(photo);
    queue.sendNext();
  }

  /** Asks the server about every photo anew, when it said that one is not there any more. */
  function sendAgain(): void {
    for (const { key, sending } of draft.photos)
      if (sending.kind === 'received') edit(key, { sending: { kind: 'waiting' } });
    queue.sendNext();
  }

  /**
   * Makes each photo of which the crop shows too few pixels again, larger, and sends that instead. Resolves when these
   * are on their way; a photo that cannot be made larger stays as it is.
   */
  async function enlarge(prepareLarger: PrepareLarger): Promise<void> {
    for (const photo of draft.photos) {
      const maxSide = largerSide(photo);
      if (maxSide === null) continue;
      const larger = await prepareLarger(photo.file, maxSide).catch(() => null);
      const isStillThere = draft.photos.some(({ key }) => key === photo.key);
      if (!larger || !isStillThere || larger.width <= (photo.size?.width ?? 0)) continue;
      queue.giveUp(photo);
      const { photo: bytes, ...size } = larger;
      const sending = { kind: 'waiting' } as const;
      edit(photo.key, { larger: bytes, size, uploadId: null, knownPostId: null, sending });
    }
    queue.sendNext();
  }

  /** Resolves to true when all photos are received, to false when one failed, or the draft is another one, or is not to be shared any more. */
  function whenReceived(): Promise<boolean> {
    const { idempotencyKey } = draft;
    return new Promise((resolve) => {
      const look = () => {
        const isLost = draft.idempotencyKey !== idempotencyKey || !canArrive(draft);
        if (!isLost && !areReceived(draft)) return;
        listeners.delete(look);
        resolve(!isLost);
      };
      listeners.add(look);
      look();
    });
  }

  /** After publishing the uploads belong to the post; after "discard" nobody needs them. */
  function clear({ wasPublished }: { wasPublished: boolean }): void {
    const { photos } = draft;
    set(emptyDraft());
    if (!wasPublished) for (const photo of photos) queue.giveUp(photo);
  }

  /** Puts a kept draft in the place of this one, which is only put down, or an empty one; photos are sent on. */
  function restore(kept: Draft | null): void {
    queue.stop();
    set(kept ? { ...emptyDraft(), ...kept, photos: kept.photos.map(asRestored) } : emptyDraft());
    queue.sendNext();
  }

  /** From the server's copy, which is gone, perhaps with its uploads: it is as if it had never been saved. */
  function detach(): void {
    const photos = draft.photos.map(
      (photo): DraftPhoto => ({ ...photo, uploadId: null, sending: { kind: 'waiting' } }),
    );
    set({ photos, saved: null, publishAt: null, wantsToShare: false, idempotencyKey: newKey() });
    queue.sendNext();
  }

  return {
    read: () => draft,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    add,
    remove,
    retry: (key: string) => {
      edit(key, { sending: { kind: 'waiting' } });
      queue.sendNext();
    },
    sendAgain,
    enlarge,
    whenReceived,
    clear,
    restore,
    edit: (key: string, change: Editable) => edit(key, change),
    ...settersOf(() => draft, set),
    detach,
  };
}

function settersOf(read: () => Draft, set: (next: Partial<Draft>) => void) {
  return {
    useLookForAll: (look: Look) => set({ photos: read().photos.map((photo) => withLook(photo, look)) }),
    move: (from: number, to: number) => set({ photos: moved(read().photos, from, to) }),
    select: (key: string) => set({ selectedKey: key }),
    write: (caption: string) => set({ caption }),
    wish: (wantsToShare: boolean) => set({ wantsToShare }),
    choose: (change: Partial<PostChoices>) => set({ choices: { ...read().choices, ...change } }),
    publishAt: (publishAt: string | null) => set({ publishAt }),
    noteSaved: (saved: SavedDraft) => set({ saved }),
  };
}

function withLook(photo: DraftPhoto, look: Look): DraftPhoto {
  return { ...photo, edits: { ...photo.edits, look } };
}

/** Whether it is still to be shared, and no photo of it has failed. */
function canArrive({ wantsToShare, photos }: Draft): boolean {
  return wantsToShare && photos.every(({ sending }) => sending.kind !== 'failed');
}

function areReceived({ photos }: Draft): boolean {
  return photos.length > 0 && photos.every(({ sending }) => sending.kind === 'received');
}

/** Nothing in it that would be missed. */
export function isEmptyDraft(draft: Draft): boolean {
  return draft.photos.length === 0 && draft.caption.trim() === '' && draft.saved === null;
}

export function moved<Item>(items: readonly Item[], from: number, to: number): Item[] {
  const item = items[from];
  const others = items.filter((_, at) => at !== from);
  return item === undefined ? others : others.toSpliced(Math.max(0, to), 0, item);
}

/** How large the photo must be made for its crop, in px of the longer side; null when it is large enough, or cannot be. */
export function largerSide({ size, edits }: Pick<DraftPhoto, 'size' | 'edits'>): number | null {
  if (!size) return null;
  const shown = shownSize(size, edits.frame).width;
  const side = Math.max(size.width, size.height);
  const reach = Math.min(SIDE_MAX, Math.max(size.sourceWidth, size.sourceHeight));
  if (Math.round(shown) >= WANTED_WIDTH || side >= reach) return null;
  return Math.min(reach, Math.ceil((side * WANTED_WIDTH) / shown));
}

/** What was under way when the draft was kept goes on; the server says what it has already. */
function asRestored(photo: DraftPhoto): DraftPhoto {
  const whole = { ...photo, people: photo.people ?? [] };
  return photo.sending.kind === 'failed' ? whole : { ...whole, sending: { kind: 'waiting' } };
}

export function emptyDraft(): Draft {
  // One key for the life of the draft: a post that was sent twice is made once.
  return {
    photos: [],
    caption: '',
    selectedKey: null,
    idempotencyKey: newKey(),
    wantsToShare: false,
    choices: USUAL_CHOICES,
    publishAt: null,
    saved: null,
  };
}

export function newPhoto(file: Blob): DraftPhoto {
  return {
    key: newKey(),
    file,
    prepared: null,
    size: null,
    isUnreadable: false,
    larger: null,
    altText: '',
    people: [],
    edits: PLAIN_EDITS,
    takenAt: null,
    place: null,
    showsPlace: false,
    uploadId: null,
    knownPostId: null,
    sending: { kind: 'waiting' },
  };
}
