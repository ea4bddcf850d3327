import { type InfiniteData, type QueryClient, useMutation, useQueryClient } from '@tanstack/react-query';
import type { CommentCard } from '../../core/shapes.ts';
import type { Me } from '../../server/features/accounts/schema.ts';
import type { Entry, Words } from '../state/outbox.ts';
import { useMe } from './accounts.ts';
import { filterItems, patchPost } from './cache.ts';
import { call, type Page } from './client.ts';
import { keys } from './keys.ts';
import { send, useUnsent } from './outbox.ts';
import { usePages } from './pages.ts';

type CommentPages = InfiniteData<Page<CommentCard>>;

const UNSENT = 'unsent-';
/** So far the clocks of the browser and the server may be apart. */
const CLOCKS_MS = 10_000;

/** A comment that is shown before the server has it cannot be deleted yet. */
export function isUnsent(comment: CommentCard): boolean {
  return comment.id.startsWith(UNSENT);
}

/** Pages come newest first; the screen shows the newest at the end, and there those that are not sent yet. */
export function useComments(postId: string, isEnabled = true) {
  const pages = usePages<CommentCard>(keys.comments(postId), `/posts/${postId}/comments`, { isEnabled });
  const me = useMe();
  const unsent = useUnsent(postId);
  const own = me ? unsent.comments.filter((words) => !hasCome(pages.items, words, me)) : [];
  const cards = me ? own.map((words) => unsentCard(words, me)) : [];
  return { ...pages, oldestFirst: [...pages.items.toReversed(), ...cards], isOffline: unsent.isOffline };
}

/** Without a network it waits: see the outbox. A refusal is told to whoever wrote it. */
export function useAddComment(postId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationKey: ['comments', postId],
    mutationFn: ({ text, key }: { text: string; key: string }) =>
      send({ kind: 'comment', postId, parentId: null, text, key }),
    meta: { showsError: true },
    onMutate: () => countComments(client, postId, 1),
  });
}

export const sentComments = {
  onSent: (client: QueryClient, { postId }: Entry, reply: unknown) => {
    const queryKey = keys.comments(postId);
    // A list that was asked for before may come without it.
    if (client.isFetching({ queryKey }) > 0) void client.invalidateQueries({ queryKey });
    prepend(client, postId, reply as CommentCard);
  },
  onRefused: (client: QueryClient, { postId }: Entry) => countComments(client, postId, -1),
};

export function useDeleteComment(postId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationKey: ['comments', postId],
    mutationFn: (comment: CommentCard) => call<void>('DELETE', `/comments/${comment.id}`),
    onMutate: async (comment) => {
      await client.cancelQueries({ queryKey: keys.comments(postId) });
      const before = client.getQueryData<CommentPages>(keys.comments(postId));
      change(client, postId, (data) => filterItems(data, (item) => item.id !== comment.id));
      countComments(client, postId, -1);
      return before;
    },
    onError: (_error, _comment, before) => {
      client.setQueryData(keys.comments(postId), before);
      countComments(client, postId, 1);
    },
  });
}

/** One that has come live. */
export function showComment(client: QueryClient, comment: CommentCard): void {
  const { postId } = comment;
  // The list shows no replies, but how many there are.
  if (comment.parentId !== null) {
    void client.invalidateQueries({ queryKey: keys.comments(postId) });
    return;
  }
  prepend(client, postId, comment);
}

export function dropComment(client: QueryClient, postId: string, commentId: string): void {
  change(client, postId, (data) => filterItems(data, (item) => item.id !== commentId));
}

function change(
  client: QueryClient,
  postId: string,
  by: (data: CommentPages | undefined) => CommentPages | undefined,
): void {
  client.setQueryData<CommentPages>(keys.comments(postId), by);
}

/** Its reply is on the way, and it has come live already. */
function hasCome(items: readonly CommentCard[], { text, order }: Words & { order: number }, me: Me): boolean {
  const isLate = ({ createdAt }: CommentCard) => Date.parse(createdAt) > order - CLOCKS_MS;
  return items.some((item) => item.account.id === me.id && item.text === text && isLate(item));
}

function unsentCard({ key, postId, text, parentId }: Words, account: Me): CommentCard {
  return {
    id: UNSENT + key,
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

function prepend(client: QueryClient, postId: string, comment: CommentCard): void {
  change(client, postId, (data) => {
    const [first, ...others] = data?.pages ?? [];
    if (!data || !first || data.pages.some(({ items }) => items.some(({ id }) => id === comment.id)))
      return data;
    return { ...data, pages: [{ ...first, items: [comment, ...first.items] }, ...others] };
  });
}

function countComments(client: QueryClient, postId: string, by: number): void {
  patchPost(client, postId, (post) => ({ ...post, commentCount: Math.max(0, post.commentCount + by) }));
}
