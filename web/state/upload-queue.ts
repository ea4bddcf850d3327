/** Sends the photos of a draft, two at a time, in their order; what cannot be sent says why and waits to be tried again. */
import type { FilterName } from '../../core/filters.ts';

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

type SendOptions = { signal: AbortSignal; onProgress: (percent: number) => void };

/** What must be done is handed in, so that nothing here knows canvas or network. */
export type UploadWork = {
  prepare: (file: File) => Promise<Blob>;
  send: (bytes: Blob, options: SendOptions) => Promise<{ uploadId: string; thumbhash: string }>;
  forget: (uploadId: string) => Promise<void>;
  /** The sentence for a person about what `send` threw. */
  explain: (error: unknown) => string;
};

/** The list itself is the draft's: the queue reads it, and tells how each photo fares. */
type Photos = {
  read: () => readonly DraftPhoto[];
  edit: (key: string, change: Pick<DraftPhoto, 'sending'> | Pick<DraftPhoto, 'prepared'>) => void;
};

const AT_ONCE = 2;

export function createUploadQueue(work: UploadWork, photos: Photos) {
  const running = new Map<string, AbortController>();

  function sendNext(): void {
    for (const photo of photos.read()) {
      if (running.size >= AT_ONCE) return;
      if (photo.sending.kind === 'waiting' && !running.has(photo.key)) void sendOne(photo);
    }
  }

  async function sendOne({ key, file, prepared: before }: DraftPhoto): Promise<void> {
    const controller = new AbortController();
    const { signal } = controller;
    const tell = (sending: Sending) => photos.edit(key, { sending });
    running.set(key, controller);
    tell({ kind: 'sending', percent: 0 });
    try {
      const prepared = before ?? (await work.prepare(file).catch(() => null));
      if (signal.aborted) return;
      if (prepared) photos.edit(key, { prepared });
      // Not 100 before the server says that it has it.
      const onProgress = (percent: number) => tell({ kind: 'sending', percent: Math.min(99, percent) });
      const { uploadId, thumbhash } = await work.send(prepared ?? file, { signal, onProgress });
      tell({ kind: 'received', uploadId, thumbhash });
    } catch (error) {
      if (!signal.aborted) tell({ kind: 'failed', reason: work.explain(error) });
    } finally {
      running.delete(key);
      sendNext();
    }
  }

  function giveUp({ key, sending }: DraftPhoto): void {
    running.get(key)?.abort();
    // What cannot be taken back now, the server clears away by itself later.
    if (sending.kind === 'received') work.forget(sending.uploadId).catch(() => undefined);
  }

  return { sendNext, giveUp };
}
