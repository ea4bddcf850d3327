import { ApiError, call, errorOf, unreachable } from './client.ts';
import type { Uploaded, UploadTicket } from './types.ts';

type SendOptions = { signal?: AbortSignal; onProgress?: (percent: number) => void };

/** Asks for a ticket and sends the bytes of one photo. Rejects with an ApiError that says why the server refused. */
export async function sendPhoto(bytes: Blob, options: SendOptions = {}): Promise<Uploaded> {
  const ticket = await call<UploadTicket>('POST', '/uploads', { signal: options.signal });
  if (bytes.size > ticket.maxBytes) {
    const megabytes = Math.floor(ticket.maxBytes / 1024 / 1024);
    throw new ApiError(
      413,
      'image_too_large',
      `This photo has more than ${megabytes} MB. Choose a smaller one.`,
    );
  }
  return await putBytes(ticket.url, bytes, options);
}

export async function forgetUpload(uploadId: string): Promise<void> {
  await call<void>('DELETE', `/uploads/${uploadId}`);
}

/** fetch() tells nothing of the bytes sent so far; XMLHttpRequest does. */
function putBytes(url: string, bytes: Blob, { signal, onProgress }: SendOptions): Promise<Uploaded> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', url);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.upload.onprogress = (event) => onProgress?.(Math.round((event.loaded / bytes.size) * 100));
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException('The upload was given up.', 'AbortError'));
    request.onload = () => {
      if (request.status < 300) resolve(JSON.parse(request.responseText) as Uploaded);
      else reject(errorOf(request.status, request.responseText, request.getResponseHeader('retry-after')));
    };
    signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(bytes);
  });
}
