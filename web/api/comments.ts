/** Comments of a post, and the replies beneath each: lists of their own under one name, changed together. */
import { type InfiniteData, type QueryClient, useMutation, useQueryClient } from '@tanstack/react-query';
import { isNewer } from '../../core/ids.ts';
import type { CommentCard } from '../../core/shapes.ts';
import type { Me } from '../../server/features/accounts/schema.ts';
import type { Entry, Words } from '../state/outbox.ts';
import { useMe } from './accounts.ts';
import { filterItems, mapItems, patchPost } from './cache.ts';
import { call, isGone, type Page } from './client.ts';
import { keys } from './keys.ts';
import { send, takeBackComment, useUnsent } from './outbox.ts';
import { usePages } from './pages.ts';

type CommentPages = InfiniteData<Page<CommentCard>>;

const UNSENT = 'unsent-';
/** So far the clocks of the browser and the server may be apart. */
const CLOCKS_MS = 10_000;

/** A comment that is shown before the server has it can neither be answered nor deleted yet. */
export function isUnsent(comment: CommentCard): boolean {
  return comment.id.startsWith(UNSENT);
}

/** The comment that was sent to the outbox under this key. */
export function unsentId(key: string): string {
  return UNSENT + key;
}

/** Pages come newest first; the screen shows the newest at the end, and there those that are not sent yet. */
export function useComments(postId: string, isEnabled = true) {
  const pages = usePages<CommentCard>(keys.comments(postId), `/posts/${postId}/comments`, {
    isEnabled,
    showsGone: true,
  });
  const unsent = useUnsentCards(postId, null, pages.items);
  return {
    ...pages,
    oldestFirst: [...pages.items.toReversed(), ...unsent.cards],
    isOffline: unsent.isOffline,
  };
}

/** Oldest first. One that came live, or was just sent, may lie beyond what is loaded. */
export function useReplies({ postId, id }: CommentCard) {
  const pages = usePages<CommentCard>(keys.replies(postId, id), `/comments/${id}/replies`, {
    showsGone: true,
  });
  const unsent = useUnsentCards(postId, id, pages.items);
  const each = [...new Map(pages.items.map((reply) => [reply.id, reply])).values()];
  const oldestFirst = each.sort((a, b) => (isNewer(a.id, b.id) ? 1 : -1));
  return { ...pages, oldestFirst: [...oldestFirst, ...unsent.cards], isOffline: unsent.isOffline };
}

/** Without a network it waits: see the outbox. A refusal is told to whoever wrote it. */
export function useAddComment(postId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationKey: ['comments', postId],
    mutationFn: ({ text, parentId, key }: { text: string; parentId: string | null; key: string }) =>
      send({ kind: 'comment', postId, parentId, text, key }),
    meta: { showsError: true },
    onMutate: ({ parentId }) => count(client, postId, parentId, 1),
  });
}

/** One that waits for the network. False: it was just being sent, and has arrived. */
export function useTakeBack(): (comment: CommentCard) => Promise<boolean> {
  const client = useQueryClient();
  return async ({ id, postId, parentId }) => {
    const isOut = await takeBackComment(id.slice(UNSENT.length));
    if (isOut) count(client, postId, parentId, -1);
    return isOut;
  };
}

export const sentComments = {
  onSent: (client: QueryClient, _entry: Entry, reply: unknown) => {
    const comment = reply as CommentCard;
    const queryKey = listOf(comment);
    // A list that was asked for before may come without it, or not at all.
    const isThere = client.getQueryData(queryKey) !== undefined;
    if (!isThere || client.isFetching({ queryKey, exact: true }) > 0)
      void client.invalidateQueries({ queryKey, exact: true });
    insert(client, comment);
  },
  onRefused: (client: QueryClient, entry: Entry) => {
    if (entry.kind === 'comment') count(client, entry.postId, entry.parentId, -1);
  },
};

/** With its replies. That somebody else was quicker is no failure. */
export function useDeleteComment(postId: string) {
  const client = useQueryClient();
  const queryKey = keys.comments(postId);
  return useMutation({
    mutationKey: queryKey,
    mutationFn: (comment: CommentCard) =>
      call<void>('DELETE', `/comments/${comment.id}`).catch((error: unknown) => {
        if (!isGone(error)) throw error;
      }),
    onMutate: async (comment) => {
      await client.cancelQueries({ queryKey });
      const before = client.getQueriesData<CommentPages>({ queryKey });
      dropComment(client, postId, comment.id);
      count(client, postId, comment.parentId, -1, comment.replyCount);
      return before;
    },
    onError: (_error, comment, before) => {
      for (const [key, data] of before ?? []) client.setQueryData(key, data);
      count(client, postId, null, 1, comment.replyCount);
    },
  });
}

/** One that has come live. */
export function showComment(client: QueryClient, comment: CommentCard): void {
  // How many replies there are, is said above them.
  if (comment.parentId && !isListed(client.getQueryData(listOf(comment)), comment))
    void client.invalidateQueries({ queryKey: keys.comments(comment.postId), exact: true });
  insert(client, comment);
}

export function dropComment(client: QueryClient, postId: string, commentId: string): void {
  client.setQueriesData<CommentPages>({ queryKey: keys.comments(postId) }, (data) =>
    filterItems(data, (item) => item.id !== commentId),
  );
}

export function patchComment(
  client: QueryClient,
  postId: string,
  commentId: string,
  change: (comment: CommentCard) => CommentCard,
): void {
  client.setQueriesData<CommentPages>({ queryKey: keys.comments(postId) }, (data) =>
    mapItems(data, (item) => (item.id === commentId ? change(item) : item)),
  );
}

function useUnsentCards(postId: string, parentId: string | null, items: readonly CommentCard[]) {
  const me = useMe();
  const { comments, isOffline } = useUnsent(postId);
  const own = comments.filter((words) => words.parentId === parentId);
  const cards = me
    ? own.filter((words) => !hasCome(items, words, me)).map((words) => unsentCard(words, me))
    : [];
  return { cards, isOffline };
}

/** Its reply is on the way, and it has come live already. */
function hasCome(items: readonly CommentCard[], { text, order }: Words & { order: number }, me: Me): boolean {
  const isLate = ({ createdAt }: CommentCard) => Date.parse(createdAt) > order - CLOCKS_MS;
  return items.some((item) => item.account.id === me.id && item.text === text && isLate(item));
}

function unsentCard({ key, postId, text, parentId }: Words, account: Me): CommentCard {
  return {
    id: unsentId(key),
    postId,
    account,
    text,
    createdAt: new Date().toISOString(),
    canDelete: false,
    parentId,
    likeCount: 0,
    liked: false,
    replyCount: 0,
  };
}

function listOf({ postId, parentId }: CommentCard) {
  return parentId ? keys.replies(postId, parentId) : keys.comments(postId);
}

function isListed(data: CommentPages | undefined, { id }: CommentCard): boolean {
  return data?.pages.some(({ items }) => items.some((item) => item.id === id)) ?? false;
}

/** A comment as the newest of its list, a reply as the last one. Lists that are not there get it when they are asked for. */
function insert(client: QueryClient, comment: CommentCard): void {
  client.setQueryData<CommentPages>(listOf(comment), (data) => {
    if (!data || isListed(data, comment)) return data;
    const at = comment.parentId ? data.pages.length - 1 : 0;
    const withIt = ({ items }: Page<CommentCard>) =>
      comment.parentId ? [...items, comment] : [comment, ...items];
    return {
      ...data,
      pages: data.pages.map((page, index) => (index === at ? { ...page, items: withIt(page) } : page)),
    };
  });
}

/** `replyCount`: of a comment that goes with its replies. */
function count(
  client: QueryClient,
  postId: string,
  parentId: string | null,
  by: 1 | -1,
  replyCount = 0,
): void {
  const total = by * (1 + replyCount);
  patchPost(client, postId, (post) => ({ ...post, commentCount: Math.max(0, post.commentCount + total) }));
  if (parentId)
    patchComment(client, postId, parentId, (comment) => ({
      ...comment,
      replyCount: Math.max(0, comment.replyCount + by),
    }));
}
