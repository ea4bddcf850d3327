/** The page's side of the worker: each call is a promise. The worker starts with the first photo. */
import type { FilterName } from '../../core/filters.ts';
import type { DarkroomReply, DarkroomRequest, Prepared } from './messages.ts';

type Waiting = { resolve: (result: Prepared | ImageBitmap) => void; reject: (error: Error) => void };

const UPLOAD_SIDE = 2_048;
const AVATAR_SIDE = 640;

const waiting = new Map<number, Waiting>();
let worker: Worker | null = null;
let nextCallId = 1;

/** Rejects when the browser cannot decode the file: the original can then be sent as it is. */
export function preparePhoto(file: Blob): Promise<Prepared> {
  return ask({ kind: 'prepare', file, maxSide: UPLOAD_SIDE, isSquare: false }) as Promise<Prepared>;
}

/** The middle square. */
export function prepareAvatar(file: Blob): Promise<Prepared> {
  return ask({ kind: 'prepare', file, maxSide: AVATAR_SIDE, isSquare: true }) as Promise<Prepared>;
}

export function previewPhoto(
  photoKey: string,
  photo: Blob,
  maxSide: number,
  filter: FilterName,
): Promise<ImageBitmap> {
  return ask({ kind: 'preview', photoKey, photo, maxSide, filter }) as Promise<ImageBitmap>;
}

function ask(request: DarkroomRequest): Promise<Prepared | ImageBitmap> {
  worker ??= start();
  const callId = nextCallId++;
  const answer = new Promise<Prepared | ImageBitmap>((resolve, reject) =>
    waiting.set(callId, { resolve, reject }),
  );
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
  };
  // Out of memory, or the code cannot be loaded: those who wait are told, and the next call starts another one.
  started.onerror = () => {
    worker = null;
    for (const call of waiting.values()) call.reject(new Error('The photo could not be opened.'));
    waiting.clear();
  };
  return started;
}
