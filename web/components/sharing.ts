/**
 * Shares the draft: larger photos for tight crops, then the post, then, behind it, the originals. That it is to be shared is
 * kept with the draft: a reload or a closed tab only interrupts it. Its key makes it one post, however often it is sent.
 */
import type { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import type { MediaId } from '../../core/ids.ts';
import type { PostCard } from '../../core/shapes.ts';
import type { Me } from '../../server/features/accounts/schema.ts';
import { ApiError } from '../api/client.ts';
import { keys } from '../api/keys.ts';
import { publish } from '../api/posts.ts';
import { preparePhoto } from '../darkroom/darkroom.ts';
import { loadMessages } from '../i18n/messages.ts';
import { t } from '../i18n/text.ts';
import { keepTrying } from '../state/back-off.ts';
import type { Draft } from '../state/draft.ts';
import { rememberToShare } from '../state/share-later.ts';
import { showToast } from '../state/toasts.ts';
import type { DraftPhoto } from '../state/upload-queue.ts';
import { roughly } from './photo-place.ts';
import { draftKeeper, draftStore } from './the-draft.ts';
import { originals } from './the-originals.ts';

type Sharing = {
  isSharing: boolean;
  /** Why it was refused. */
  error: unknown;
  /** Why it is not shared yet, while it is tried again and again. */
  delay: unknown;
};

/** What the server says of an upload that it does not have any more: the photo is then sent again. */
const LOST = new Set(['upload_unknown', 'upload_expired', 'upload_missing']);
const SENDINGS_MAX = 2;
const AWAY = new Set([0, 429, 502, 503, 504]);
const NOT_SHARING: Sharing = { isSharing: false, error: null, delay: null };

let sharing = NOT_SHARING;
let running: AbortController | null = null;
const listeners = new Set<() => void>();

export function useSharing(): Sharing {
  return useSyncExternalStore(subscribe, () => sharing);
}

/** Gives the post, or null when it is not shared (the draft then stays as it is); 'before' when it was shared already. */
export async function shareDraft(client: QueryClient, me: Me): Promise<PostCard | 'before' | null> {
  if (running) return null;
  const controller = new AbortController();
  running = controller;
  set({ isSharing: true, error: null, delay: null });
  draftStore.wish(true);
  draftKeeper.writeNow();
  rememberToShare(me.id);
  try {
    await draftStore.enlarge(preparePhoto);
    const post = await publishReceived(client, controller.signal);
    if (!post) return keepDraft(null);
    if (me.keepsOriginals) await keepOriginals(draftStore.read().photos);
    forgetDraft();
    return post;
  } catch (error) {
    if (controller.signal.aborted) return keepDraft(null);
    // The reply was lost, and something was changed since.
    if (error instanceof ApiError && error.code === 'idempotency_mismatch') {
      forgetDraft();
      return 'before';
    }
    return keepDraft(error);
  } finally {
    running = null;
    set({ ...sharing, isSharing: false, delay: null });
  }
}

export function doNotShareYet(): void {
  draftStore.wish(false);
  running?.abort();
}

/** After a reload, on any page: goes on with what the member wished to share, unless another tab does. */
export async function goOnSharing(client: QueryClient): Promise<void> {
  const me = client.getQueryData<Me | null>(keys.me);
  if (!me) return;
  // The page that has these texts need not be open.
  await loadMessages(['composer']).catch(() => undefined);
  await draftKeeper.open(me.id);
  if (draftKeeper.read().state !== 'open') return;
  if (!draftStore.read().wantsToShare) return rememberToShare(null);
  if (await shareDraft(client, me)) showToast(t('offline.shared'));
}

async function publishReceived(client: QueryClient, signal: AbortSignal): Promise<PostCard | null> {
  for (let sendings = 1; ; sendings++) {
    if (!(await draftStore.whenReceived())) return null;
    try {
      return await publishOnce(client, signal);
    } catch (error) {
      const isLost = error instanceof ApiError && LOST.has(error.code);
      if (!isLost || sendings === SENDINGS_MAX) throw error;
      draftStore.sendAgain();
    }
  }
}

/** A cut connection is no refusal: it is tried until there is an answer, under the key that makes the post but once. */
async function publishOnce(client: QueryClient, signal: AbortSignal): Promise<PostCard> {
  const draft = draftStore.read();
  const attempt = () =>
    publish(client, { post: bodyOf(draft), idempotencyKey: draft.idempotencyKey, signal });
  return await keepTrying(attempt, {
    signal,
    isPassing: (error) => error instanceof ApiError && AWAY.has(error.status),
    onPause: (error) => set({ ...sharing, delay: error }),
  });
}

function forgetDraft(): void {
  draftStore.clear({ wasPublished: true });
  draftKeeper.writeNow();
  rememberToShare(null);
}

/** A member who has to sign in again still wishes it; whoever was refused decides anew. */
function keepDraft(error: unknown): null {
  if (error instanceof ApiError && error.status === 401) return null;
  set({ ...sharing, error });
  if (draftKeeper.read().state !== 'open') return null;
  draftStore.wish(false);
  draftKeeper.writeNow();
  rememberToShare(null);
  return null;
}

/** What was sent as it is, is the original itself. */
async function keepOriginals(photos: readonly DraftPhoto[]): Promise<void> {
  const wanted = photos.flatMap(({ file, prepared, uploadId }) =>
    prepared && uploadId && file !== prepared ? [{ uploadId, file }] : [],
  );
  await originals.add(wanted).catch(() => showToast(t('composer.noRoom')));
}

function bodyOf(draft: Draft) {
  const photos = draft.photos.flatMap(({ sending, altText, edits, takenAt, place, showsPlace }) =>
    sending.kind === 'received'
      ? [
          {
            uploadId: sending.uploadId as MediaId,
            altText: altText.trim(),
            edits,
            ...(takenAt && { takenAt }),
            ...(place && showsPlace && { place: roughly(place) }),
          },
        ]
      : [],
  );
  return { caption: draft.caption.trim(), photos };
}

function set(next: Sharing): void {
  sharing = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
