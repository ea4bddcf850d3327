/**
 * Shares the draft: larger photos for tight crops, then the post, then, behind it, the originals. That it is to be shared is
 * kept with the draft: a reload or a closed tab only interrupts it. Its key makes it one post, however often it is sent.
 */
import type { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import type { PostCard } from '../../core/shapes.ts';
import type { Me } from '../../server/features/accounts/schema.ts';
import { ApiError, isGone } from '../api/client.ts';
import { keys } from '../api/keys.ts';
import { publish } from '../api/posts.ts';
import { preparePhoto } from '../darkroom/darkroom.ts';
import { loadMessages } from '../i18n/messages.ts';
import { t } from '../i18n/text.ts';
import { keepTrying } from '../state/back-off.ts';
import { rememberToShare } from '../state/share-later.ts';
import { showToast } from '../state/toasts.ts';
import type { DraftPhoto } from '../state/upload-queue.ts';
import { postOf } from './draft-content.ts';
import { draftKeeper, draftSaver, draftStore } from './the-draft.ts';
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

/**
 * Gives the post, or null when it is not shared (the draft then stays as it is); 'before' when it was shared already, 'later' when
 * it is to be published at its time.
 */
export async function shareDraft(client: QueryClient, me: Me): Promise<PostCard | 'before' | 'later' | null> {
  if (running) return null;
  const controller = new AbortController();
  running = controller;
  set({ isSharing: true, error: null, delay: null });
  draftStore.wish(true);
  draftKeeper.writeNow();
  rememberToShare(me.id);
  try {
    const isForLater = draftStore.read().publishAt !== null;
    if (!isForLater) await draftSaver.hold();
    await draftStore.enlarge(preparePhoto);
    const post = await (isForLater ? scheduleReceived : publishReceived)(client, controller.signal);
    if (!post) return keepDraft(null);
    if (me.keepsOriginals) await keepOriginals(draftStore.read().photos);
    forgetDraft();
    return post;
  } catch (error) {
    if (controller.signal.aborted) return keepDraft(null);
    if (draftStore.read().saved && isGone(error)) {
      draftSaver.noteGone();
      return keepDraft(null);
    }
    // The reply was lost, and something was changed since.
    if (error instanceof ApiError && error.code === 'idempotency_mismatch') {
      draftSaver.discard();
      forgetDraft();
      return 'before';
    }
    return keepDraft(error);
  } finally {
    running = null;
    draftSaver.release();
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
  const shared = await shareDraft(client, me);
  if (shared) showToast(shared === 'later' ? t('composer.scheduled') : t('offline.shared'));
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

async function scheduleReceived(client: QueryClient, signal: AbortSignal): Promise<'later' | null> {
  if (!(await draftStore.whenReceived())) return null;
  await untilAnswered(() => draftSaver.schedule(draftStore.read().publishAt), signal);
  void client.invalidateQueries({ queryKey: keys.drafts });
  return 'later';
}

/** A cut connection is no refusal: it is tried until there is an answer, under the key that makes the post but once. */
async function publishOnce(client: QueryClient, signal: AbortSignal): Promise<PostCard> {
  const draft = draftStore.read();
  const attempt = () =>
    publish(client, { post: postOf(draft), idempotencyKey: draft.idempotencyKey, signal });
  return await untilAnswered(attempt, signal);
}

function untilAnswered<Result>(attempt: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  return keepTrying(attempt, {
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

function set(next: Sharing): void {
  sharing = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
