/**
 * The bytes of one photo on their way to the server. Small ones go in one request (to the store itself, where the ticket
 * says so), large ones in slices by the tus protocol. Whoever keeps the ID of the ticket can go on after a cut, and
 * first learns how much is there already: nothing is sent twice.
 */
import { limits } from '../../core/limits.ts';
import { ApiError, call, isGone } from './client.ts';
import { sha256Of } from './sha256.ts';
import { sendInSlices, sendRequest } from './transfers.ts';
import type { Uploaded, UploadState, UploadTicket } from './types.ts';

/** What one request may carry: a cut costs at most as much once more. */
const WHOLE_MAX_BYTES = 4 * 1024 * 1024;
/** 401: the member signs in again. 409: another request with the same bytes is not over yet, or the server has more of them than we know. */
const PASSING = new Set([401, 408, 409, 423, 429, 500, 502, 503, 504]);
const TRIES_MAX = 8;

/** `knownPostId`: a post of the member that shows the very same photo. */
export type Begun = { uploadId: string; knownPostId: string | null };

export type SendOptions = {
  /** The ticket under which these bytes were begun to be sent. */
  uploadId?: string | null;
  /** The upload whose untouched original these bytes are. */
  originalOf?: string;
  onTicket?: (begun: Begun) => void;
  onProgress?: (percent: number) => void;
  signal?: AbortSignal;
};

/** Rejects with an ApiError that says why the server refused, or that the way was cut: see isPassing. */
export async function sendPhoto(bytes: Blob, options: SendOptions = {}): Promise<Uploaded> {
  refuseTooLarge(bytes);
  const begun = options.uploadId ? await findUpload(options.uploadId, options.signal) : null;
  if (begun?.uploaded) return begun.uploaded;
  if (begun) return await goOn(begun, bytes, options);
  const ticket = await openTicket(bytes, options);
  options.onTicket?.({ uploadId: ticket.uploadId, knownPostId: ticket.knownPostId });
  if (ticket.known) return ticket.known;
  if (bytes.size > WHOLE_MAX_BYTES) {
    await sendInSlices(ticket.url, bytes, options);
    return await completeUpload(ticket.uploadId, options.signal);
  }
  return ticket.form
    ? await sendForm(ticket, ticket.form, bytes, options)
    : await sendWhole(ticket, bytes, options);
}

export async function forgetUpload(uploadId: string): Promise<void> {
  await call<void>('DELETE', `/uploads/${uploadId}`, { keepalive: true });
}

/** Whether the same may succeed later by itself: a network always may, a server that has too much to do a few times. */
export function isPassing(error: unknown, tries: number): boolean {
  if (!(error instanceof ApiError)) return false;
  if (error.status === 0) return true;
  return (PASSING.has(error.status) || error.code === 'upload_damaged') && tries < TRIES_MAX;
}

function refuseTooLarge(bytes: Blob): void {
  if (bytes.size <= limits.uploadMaxBytes) return;
  throw new ApiError(413, 'image_too_large', 'more than is taken');
}

/** Null when there is nothing to go on with: too old, refused, or taken back. */
async function findUpload(uploadId: string, signal?: AbortSignal): Promise<UploadState | null> {
  try {
    const found = await call<UploadState>('GET', `/uploads/${uploadId}`, { signal });
    return found.state === 'failed' ? null : found;
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

async function goOn(
  { uploadId, receivedBytes }: UploadState,
  bytes: Blob,
  options: SendOptions,
): Promise<Uploaded> {
  // The store may have it all, and only its reply was lost.
  if (receivedBytes === 0) {
    try {
      return await completeUpload(uploadId, options.signal);
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 'upload_missing')) throw error;
    }
  }
  await sendInSlices(`/api/v1/uploads/${uploadId}`, bytes, options);
  return await completeUpload(uploadId, options.signal);
}

async function openTicket(bytes: Blob, { originalOf, signal }: SendOptions): Promise<UploadTicket> {
  const sha256 = await sha256Of(bytes);
  const body = { sizeBytes: bytes.size, ...(sha256 && { sha256 }), ...(originalOf && { originalOf }) };
  return await call<UploadTicket>('POST', '/uploads', { body, signal });
}

async function sendWhole(ticket: UploadTicket, bytes: Blob, options: SendOptions): Promise<Uploaded> {
  const { text } = await sendRequest('PUT', ticket.url, {
    ...options,
    body: bytes,
    sizeBytes: bytes.size,
    headers: { 'content-type': 'application/octet-stream' },
  });
  return JSON.parse(text) as Uploaded;
}

async function sendForm(
  ticket: UploadTicket,
  { url, fields }: NonNullable<UploadTicket['form']>,
  bytes: Blob,
  options: SendOptions,
): Promise<Uploaded> {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  body.append('file', bytes);
  await sendRequest('POST', url, { ...options, body, sizeBytes: bytes.size, headers: {} });
  return await completeUpload(ticket.uploadId, options.signal);
}

async function completeUpload(uploadId: string, signal?: AbortSignal): Promise<Uploaded> {
  return await call<Uploaded>('POST', `/uploads/${uploadId}/complete`, { signal });
}
