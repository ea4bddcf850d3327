/** The outbox of this tab: how its entries are sent, and what the screen shows of them. */
import type { QueryClient } from '@tanstack/react-query';
import { useMemo, useSyncExternalStore } from 'react';
import type { CommentCard, PostCard } from '../../core/shapes.ts';
import { t } from '../i18n/text.ts';
import { backOffMs, pauseFor } from '../state/back-off.ts';
import { createOutbox, type Entry, type Outbox, subjectOf, type Words } from '../state/outbox.ts';
import { openOutboxStorage } from '../state/outbox-storage.ts';
import { tellTabs } from '../state/tabs.ts';
import { showToast } from '../state/toasts.ts';
import { onViewer, readViewer } from '../state/viewer.ts';
import { commentForm, giveWordsBack } from '../state/waiting-words.ts';
import { dropGone } from './cache.ts';
import { ApiError, call, causeOf, isGone, type Page, sentenceOf } from './client.ts';
import { keys } from './keys.ts';

/** What an entry does to the screen, in the file of its kind. */
type ShownKind = {
  onSent: (client: QueryClient, entry: Entry, reply: unknown) => void;
  onRefused: (client: QueryClient, entry: Entry) => void;
};
export type Shown = Partial<Record<Entry['kind'], ShownKind>>;

/** What may be the server's fault, a few times; what is the way to it, for ever. */
const FAULT_TRIES_MAX = 3;
const AWAY = new Set([0, 408, 429, 502, 503, 504]);

let outbox: Outbox | null = null;
let isOffline = false;
/** Of the pause that goes on: what the member was told already. */
let saidNotKept = false;

export function startOutbox(client: QueryClient, shown: Shown): void {
  const made = createOutbox({
    openStorage: openOutboxStorage,
    alone: async (accountId, signal, work) => {
      if (navigator.locks) await navigator.locks.request(`pinhole.outbox.${accountId}`, { signal }, work);
      else await work();
    },
    send: async (entry, signal) => {
      const reply = await sendEntry(entry, signal);
      isOffline = false;
      saidNotKept = false;
      return reply;
    },
    pauseMsOf,
    pause: pauseFor,
    isSignedOut,
    onPause: (error, tries, isAllKept) => {
      isOffline = error instanceof ApiError && error.status === 0;
      // That there is no network is said for as long as there is none.
      const isSaid = error instanceof ApiError && error.code === 'offline';
      if (!isSaid && tries === 1) showToast(t('offline.goesOn', { reason: causeOf(error) }));
      if (!isAllKept && !saidNotKept) showToast(t('offline.notKept'));
      saidNotKept = !isAllKept;
    },
    onSent: (entry, reply) => {
      shown[entry.kind]?.onSent(client, entry, reply);
      const accountId = readViewer()?.accountId;
      if (accountId) tellTabs({ kind: 'sent', accountId, entry, reply });
    },
    onRefused: (entry, error, isAwaited) => {
      shown[entry.kind]?.onRefused(client, entry);
      // What nobody can like any more is not to be seen here any longer either.
      if (isGone(error) && (entry.kind === 'like' || entry.kind === 'save')) dropGone(client, entry.postId);
      if (entry.kind !== 'comment') showToast(t('offline.notTaken', { reason: sentenceOf(error) }));
      else if (!isAwaited) {
        const viewer = readViewer();
        if (viewer) giveWordsBack(viewer.accountId, commentForm(entry.postId), entry.text);
        showToast(t('offline.commentNotTaken', { reason: sentenceOf(error) }));
      }
    },
    onSignedOut: () => client.setQueryData(keys.me, null),
  });
  outbox = made;
  onViewer((viewer) => made.follow(viewer?.accountId ?? null));
}

export async function send(act: Parameters<Outbox['add']>[0]): Promise<unknown> {
  if (!outbox) throw new Error('The outbox is not open.');
  return await outbox.add(act);
}

/** As Outbox.takeBack; true also where it is not there any more. */
export async function takeBackComment(key: string): Promise<boolean> {
  const entry = readEntries().find((each) => each.kind === 'comment' && each.key === key);
  return !outbox || !entry || (await outbox.takeBack(entry));
}

/** Whether such an act about this post, or comment that is liked, is still to be sent. */
export function hasWish(kind: Entry['kind'], subjectId: string): boolean {
  return outbox?.read().some((entry) => entry.kind === kind && subjectOf(entry) === subjectId) ?? false;
}

/** Comments on a post that the server does not have yet, oldest first. */
export function useUnsent(postId: string): { comments: (Words & { order: number })[]; isOffline: boolean } {
  const entries = useSyncExternalStore(subscribe, readEntries, () => NONE);
  const isAway = useSyncExternalStore(
    subscribe,
    () => isOffline,
    () => false,
  );
  const comments = useMemo(
    () =>
      entries.filter(
        (entry): entry is Words & { order: number } => entry.kind === 'comment' && entry.postId === postId,
      ),
    [entries, postId],
  );
  return { comments, isOffline: isAway };
}

/** As the member wishes them: what the server does not know yet is put over what it, or an old page, says. */
export async function withWishes(accountId: string, pages: Page<PostCard>[]): Promise<Page<PostCard>[]> {
  const entries = await openOutboxStorage(accountId)
    .list()
    .catch(() => NONE);
  if (entries.length === 0) return pages;
  const wishOf = (kind: 'like' | 'save', postId: string): boolean | undefined => {
    const wish = entries.find((entry) => entry.kind === kind && entry.postId === postId);
    return wish?.kind === kind ? wish.isWanted : undefined;
  };
  const wished = (post: PostCard): PostCard => ({
    ...withLike(post, wishOf('like', post.id) ?? post.liked),
    saved: wishOf('save', post.id) ?? post.saved,
  });
  return pages.map((page) => ({ ...page, items: page.items.map(wished) }));
}

/** Of a post or a comment; the count null stays hidden. */
export function withLike<Liked extends { liked: boolean; likeCount: number | null }>(
  card: Liked,
  liked: boolean,
): Liked {
  if (card.liked === liked) return card;
  const likeCount = card.likeCount === null ? null : Math.max(0, card.likeCount + (liked ? 1 : -1));
  return { ...card, liked, likeCount };
}

function subscribe(listener: () => void): () => void {
  return outbox?.subscribe(listener) ?? (() => undefined);
}

function readEntries(): readonly Entry[] {
  return outbox?.read() ?? NONE;
}

/** With its key: the server makes a comment that was sent twice once. */
function sendEntry(entry: Entry, signal: AbortSignal): Promise<unknown> {
  const { kind, postId } = entry;
  if (kind !== 'comment') {
    const path = kind === 'comment-like' ? `/comments/${entry.commentId}/like` : `/posts/${postId}/${kind}`;
    return call(entry.isWanted ? 'PUT' : 'DELETE', path, { signal });
  }
  const { text, parentId, key } = entry;
  return call<CommentCard>('POST', `/posts/${postId}/comments`, {
    body: { text, ...(parentId && { parentId }) },
    headers: { 'idempotency-key': key },
    signal,
  });
}

function pauseMsOf(error: unknown, tries: number): number | null {
  if (!(error instanceof ApiError)) return null;
  const isPassing = AWAY.has(error.status) || (error.status >= 500 && tries < FAULT_TRIES_MAX);
  return isPassing ? Math.max(backOffMs(tries), error.retryAfterSeconds * 1_000) : null;
}

function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

const NONE: readonly Entry[] = [];
