/**
 * The page's side of the workers: each call is a promise. One worker prepares files, the other shows previews, so that
 * a slider never waits for the other nineteen photos of a post. A worker starts with its first call, and ends when it
 * was not asked for a while, because it keeps large pictures.
 */
import type { Edits } from '../../core/edits.ts';
import type { Size } from '../../core/frame.ts';
import type { DarkroomReply, DarkroomRequest, DarkroomResult, Prepared } from './messages.ts';

type Waiting = { resolve: (result: DarkroomResult) => void; reject: (error: Error) => void };

export const UPLOAD_SIDE = 2_048;
/** The preview shows about the pixels that the server's largest common rendition will have. */
export const PREVIEW_SIDE = 1_080;
const AVATAR_SIDE = 640;
const IDLE_MS = 60_000;

const preparing = createRoom();
const previews = createRoom();

/**
 * The whole photo, upright, at most `maxSide` px on its long side, as a JPEG without metadata. Rejects when the browser
 * cannot decode the file: the original can then be sent as it is.
 */
export function preparePhoto(file: Blob, maxSide = UPLOAD_SIDE): Promise<Prepared> {
  return preparing.ask({ kind: 'prepare', file, maxSide, isSquare: false }) as Promise<Prepared>;
}

/** The middle square. */
export function prepareAvatar(file: Blob): Promise<Prepared> {
  return preparing.ask({ kind: 'prepare', file, maxSide: AVATAR_SIDE, isSquare: true }) as Promise<Prepared>;
}

/** The photo as its edits make it, at most `maxSide` px on its long side. `photoKey` must differ between photos. */
export function previewPhoto(
  photoKey: string,
  photo: Blob,
  maxSide: number,
  edits: Edits,
): Promise<ImageBitmap> {
  return previews.ask({
    kind: 'preview',
    photoKey,
    photo,
    maxSide,
    edits,
    isWhole: false,
  }) as Promise<ImageBitmap>;
}

/** The whole picture, neither turned nor cropped, in the colours that it will have. */
export function previewWhole(
  photoKey: string,
  photo: Blob,
  maxSide: number,
  edits: Edits,
): Promise<ImageBitmap> {
  return previews.ask({
    kind: 'preview',
    photoKey,
    photo,
    maxSide,
    edits,
    isWhole: true,
  }) as Promise<ImageBitmap>;
}

/** In px, upright, before any edit. */
export function measurePhoto(photoKey: string, photo: Blob): Promise<Size> {
  return previews.ask({ kind: 'measure', photoKey, photo }) as Promise<Size>;
}

function createRoom() {
  const waiting = new Map<number, Waiting>();
  let worker: Worker | null = null;
  let nextCallId = 1;
  let idleTimer = 0;

  function ask(request: DarkroomRequest): Promise<DarkroomResult> {
    clearTimeout(idleTimer);
    worker ??= start();
    const callId = nextCallId++;
    const answer = new Promise<DarkroomResult>((resolve, reject) => waiting.set(callId, { resolve, reject }));
    worker.postMessage({ ...request, callId });
    return answer;
  }

  function start(): Worker {
    const started = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    started.onmessage = (event: MessageEvent<DarkroomReply>) => {
      const { callId, result, failure } = event.data;
      const call = waiting.get(callId);
      waiting.delete(callId);
      if (result) call?.resolve(result);
      else call?.reject(new Error(failure));
      clearTimeout(idleTimer);
      if (waiting.size === 0) idleTimer = window.setTimeout(close, IDLE_MS);
    };
    // Out of memory, or the code cannot be loaded: those who wait are told, and the next call starts another one.
    started.onerror = () => {
      close();
      for (const call of waiting.values()) call.reject(new Error('The photo could not be opened.'));
      waiting.clear();
    };
    return started;
  }

  function close(): void {
    worker?.terminate();
    worker = null;
  }

  return { ask };
}
