/** Requests that carry many bytes. fetch() tells nothing of those sent so far; XMLHttpRequest does. */
import { ApiError, errorOf, unreachable } from './client.ts';

const SLICE_BYTES = 4 * 1024 * 1024;
/** A connection over which nothing moves for so long is given up; the server needs part of it to decode a photo. */
const STALL_MS = 45_000;
const TUS = { 'tus-resumable': '1.0.0' };

type Following = { onProgress?: (percent: number) => void; signal?: AbortSignal };
type Sending = Following & {
  body?: Blob | FormData;
  headers: Record<string, string>;
  /** Of all that is to be sent, and what of it was sent before this request. */
  sizeBytes?: number;
  sentBytes?: number;
};
type Answer = { text: string; header: (name: string) => string | null };

/** Rejects with an ApiError for every status from 300, and with status 0 when the connection breaks or stands still. */
export function sendRequest(method: string, url: string, sending: Sending): Promise<Answer> {
  const { body, headers, sizeBytes = 0, sentBytes = 0, onProgress, signal } = sending;
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    let stall: ReturnType<typeof setTimeout> | undefined;
    const watch = () => {
      clearTimeout(stall);
      stall = setTimeout(() => {
        reject(unreachable());
        abort();
      }, STALL_MS);
    };
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      watch();
      const sent = sentBytes + Math.min(event.loaded, sizeBytes);
      if (sizeBytes > 0) onProgress?.(Math.min(100, Math.round((sent / sizeBytes) * 100)));
    };
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException('The upload was given up.', 'AbortError'));
    request.onload = () => {
      if (request.status < 300)
        resolve({ text: request.responseText, header: (name) => request.getResponseHeader(name) });
      else reject(errorOf(request.status, request.responseText, request.getResponseHeader('retry-after')));
    };
    request.onloadend = () => {
      clearTimeout(stall);
      signal?.removeEventListener('abort', abort);
    };
    if (signal?.aborted) return reject(signal.reason);
    signal?.addEventListener('abort', abort);
    watch();
    request.send(body);
  });
}

/** The tus protocol, 1.0.0, core: asks how much is there, and sends the rest. */
export async function sendInSlices(url: string, bytes: Blob, following: Following): Promise<void> {
  const { signal } = following;
  const asked = await sendRequest('HEAD', url, { headers: TUS, signal });
  let offset = offsetOf(asked);
  while (offset < bytes.size) {
    const answer = await sendRequest('PATCH', url, {
      ...following,
      body: bytes.slice(offset, offset + SLICE_BYTES),
      headers: { ...TUS, 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset) },
      sizeBytes: bytes.size,
      sentBytes: offset,
    });
    const reached = offsetOf(answer);
    if (reached <= offset) throw new ApiError(0, 'no_progress', 'no progress');
    offset = reached;
  }
}

function offsetOf(answer: Answer): number {
  const offset = Number(answer.header('upload-offset') ?? Number.NaN);
  if (!Number.isInteger(offset) || offset < 0) throw new ApiError(0, 'no_offset', 'no progress');
  return offset;
}
