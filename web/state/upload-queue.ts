/**
 * A photo's way from the file to the server: read (when and where it was taken), prepared, one after the other; then sent,
 * two at a time, in their order. A cut connection only makes it wait, and then it goes on where it stopped; what cannot
 * be sent says why and waits to be tried again.
 */
import type { Edits } from '../../core/edits.ts';
import type { Exif, Place } from '../../core/exif.ts';
import type { Prepared } from '../darkroom/messages.ts';
import { keepTrying, type pauseBefore } from './back-off.ts';
import type { TaggedPerson } from './post-choices.ts';

export type Sending =
  | { kind: 'waiting' }
  | { kind: 'sending'; percent: number }
  /** The connection is cut, or the server has too much to do: it goes on by itself. */
  | { kind: 'paused'; percent: number; reason: string }
  | { kind: 'received'; uploadId: string; thumbhash: string }
  | { kind: 'failed'; reason: string };

export type DraftPhoto = {
  key: string;
  /** As it was chosen. */
  file: Blob;
  /** What is shown and edited; null until it is made, and for files that this browser cannot read. */
  prepared: Blob | null;
  /** Of what is sent, and of the file, in px, upright; null where `prepared` is. */
  size: Omit<Prepared, 'photo'> | null;
  isUnreadable: boolean;
  /** Sent instead of `prepared` where a tight crop needs more pixels. */
  larger: Blob | null;
  altText: string;
  people: readonly TaggedPerson[];
  edits: Edits;
  takenAt: string | null;
  place: Place | null;
  /** Whether the post tells the place. */
  showsPlace: boolean;
  /** The ticket under which it is, or was, sent. */
  uploadId: string | null;
  /** The post in which the member shared these very bytes before. */
  knownPostId: string | null;
  sending: Sending;
};

type Begun = { uploadId: string; knownPostId: string | null };
type SendOptions = {
  uploadId: string | null;
  signal: AbortSignal;
  onTicket: (begun: Begun) => void;
  onProgress: (percent: number) => void;
};

/** What must be done is handed in, so that nothing here knows canvas or network. */
export type UploadWork = {
  readExif: (file: Blob) => Promise<Exif>;
  prepare: (file: Blob) => Promise<Prepared>;
  send: (bytes: Blob, options: SendOptions) => Promise<{ uploadId: string; thumbhash: string }>;
  forget: (uploadId: string) => Promise<void>;
  /** Whether it is worth another try by itself, after so many. */
  isPassing: (error: unknown, tries: number) => boolean;
  /** The sentence for a person about what `send` threw; without advice where it goes on by itself. */
  explain: (error: unknown, goesOn?: boolean) => string;
  /** Resolves when it is time for another try; for tests. */
  pause?: typeof pauseBefore;
};

/** The list itself is the draft's: the queue reads it, and tells how each photo fares. */
type Photos = {
  read: () => readonly DraftPhoto[];
  edit: (key: string, change: Partial<DraftPhoto>) => void;
};

const AT_ONCE = 2;

export function createUploadQueue(work: UploadWork, photos: Photos) {
  const running = new Map<string, AbortController>();
  let isPreparing = false;

  /** Begins with all that can be begun; to be called whenever the list has changed. */
  function sendNext(): void {
    if (!isPreparing) void prepareAll();
    for (const photo of photos.read()) {
      if (running.size >= AT_ONCE) return;
      const isPrepared = photo.prepared !== null || photo.isUnreadable;
      if (isPrepared && photo.sending.kind === 'waiting' && !running.has(photo.key)) void sendOne(photo);
    }
  }

  async function prepareAll(): Promise<void> {
    isPreparing = true;
    try {
      for (let photo = nextToPrepare(); photo; photo = nextToPrepare()) {
        photos.edit(photo.key, await prepareOne(photo.file));
        sendNext();
      }
    } finally {
      isPreparing = false;
    }
  }

  function nextToPrepare(): DraftPhoto | undefined {
    return photos.read().find((photo) => photo.prepared === null && !photo.isUnreadable);
  }

  async function prepareOne(file: Blob): Promise<Partial<DraftPhoto>> {
    const exif = await work.readExif(file).catch(() => ({ takenAt: null, place: null }));
    try {
      const { photo, ...size } = await work.prepare(file);
      return { ...exif, prepared: photo, size };
    } catch {
      return { ...exif, isUnreadable: true };
    }
  }

  async function sendOne({ key }: DraftPhoto): Promise<void> {
    const controller = new AbortController();
    running.set(key, controller);
    try {
      await sendUntilReceived(key, controller.signal);
    } catch (error) {
      if (!controller.signal.aborted)
        photos.edit(key, { sending: { kind: 'failed', reason: work.explain(error) } });
    } finally {
      if (running.get(key) === controller) running.delete(key);
      sendNext();
    }
  }

  async function sendUntilReceived(key: string, signal: AbortSignal): Promise<void> {
    let percent = 0;
    const tell = (sending: Sending) => !signal.aborted && photos.edit(key, { sending });
    // Not 100 before the server says that it has it.
    const onProgress = (reached: number) => {
      percent = Math.min(99, reached);
      tell({ kind: 'sending', percent });
    };
    const attempt = async () => {
      const photo = photos.read().find((each) => each.key === key);
      if (!photo) throw new Error('The photo was removed.');
      tell({ kind: 'sending', percent });
      const onTicket = (begun: Begun) => !signal.aborted && photos.edit(key, begun);
      const bytes = photo.larger ?? photo.prepared ?? photo.file;
      return await work.send(bytes, { uploadId: photo.uploadId, signal, onTicket, onProgress });
    };
    const onPause = (error: unknown) => tell({ kind: 'paused', percent, reason: work.explain(error, true) });
    const { isPassing, pause } = work;
    const { uploadId, thumbhash } = await keepTrying(attempt, { signal, isPassing, onPause, pause });
    if (!signal.aborted) photos.edit(key, { uploadId, sending: { kind: 'received', uploadId, thumbhash } });
  }

  /** The photo is not wanted any more. What cannot be taken back now, the server clears away by itself later. */
  function giveUp({ key, uploadId }: DraftPhoto): void {
    running.get(key)?.abort();
    running.delete(key);
    if (uploadId) work.forget(uploadId).catch(() => undefined);
  }

  /** Stops at once; what was begun can be gone on with, here or elsewhere. */
  function stop(): void {
    for (const controller of running.values()) controller.abort();
    running.clear();
  }

  return { sendNext, giveUp, stop };
}
