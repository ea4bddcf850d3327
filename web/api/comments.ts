import { type InfiniteData, type QueryClient, useMutation, useQueryClient } from '@tanstack/react-query';
import type { CommentCard } from '../../core/shapes.ts';
import type { Me } from '../../server/features/accounts/schema.ts';
import { filterItems, mapItems, patchPost } from './cache.ts';
import { call, type Page } from './client.ts';
import { keys } from './keys.ts';
import { usePages } from './pages.ts';

type CommentPages = InfiniteData<Page<CommentCard>>;

const UNSENT = 'unsent-';

/** A comment that is shown before the server has it cannot be deleted yet. */
export function isUnsent(comment: CommentCard): boolean {
  return comment.id.startsWith(UNSENT);
}

/** Pages come newest first; the screen shows the newest at the end. */
export function useComments(postId: string, isEnabled = true) {
  const pages = usePages<CommentCard>(keys.comments(postId), `/posts/${postId}/comments`, { isEnabled });
  return { ...pages, oldestFirst: pages.items.toReversed() };
}

export function useAddComment(postId: string, me: Me) {
  const client = useQueryClient();
  return useMutation({
    mutationKey: ['comments', postId],
    mutationFn: ({ text }: { text: string; key: string }) =>
      call<CommentCard>('POST', `/posts/${postId}/comments`, { body: { text } }),
    meta: { showsError: true },
    onMutate: async ({ text, key }) => {
      await client.cancelQueries({ queryKey: keys.comments(postId) });
      prepend(client, postId, {
        id: UNSENT + key,
        postId,
        account: me,
        text,
        createdAt: new Date().toISOString(),
        canDelete: false,
        parentId: null,
        likeCount: 0,
        liked: false,
        replyCount: 0,
      });
      countComments(client, postId, 1);
    },
    onSuccess: (comment, { key }) =>
      change(client, postId, (data) => {
        // It may have come live before this reply.
        const isThere = data?.pages.some(({ items }) => items.some((item) => item.id === comment.id));
        if (isThere) return filterItems(data, (item) => item.id !== UNSENT + key);
        return mapItems(data, (item) => (item.id === UNSENT + key ? comment : item));
      }),
    onError: (_error, { key }) => {
      change(client, postId, (data) => filterItems(data, (item) => item.id !== UNSENT + key));
      countComments(client, postId, -1);
    },
  });
}

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

/** One that has come live. The viewer's own takes the place of what he has not yet heard to be sent. */
export function showComment(client: QueryClient, comment: CommentCard, viewerId: string | null): void {
  const { postId } = comment;
  // The list shows no replies, but how many there are.
  if (comment.parentId !== null) {
    void client.invalidateQueries({ queryKey: keys.comments(postId) });
    return;
  }
  const shown = client.getQueryData<CommentPages>(keys.comments(postId))?.pages.flatMap(({ items }) => items);
  if (!shown || shown.some(({ id }) => id === comment.id)) return;
  const unsent = shown.findLast(
    (item) => isUnsent(item) && comment.account.id === viewerId && item.text === comment.text,
  );
  if (unsent)
    change(client, postId, (data) => mapItems(data, (item) => (item.id === unsent.id ? comment : item)));
  else prepend(client, postId, comment);
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

function prepend(client: QueryClient, postId: string, comment: CommentCard): void {
  change(client, postId, (data) => {
    const [first, ...others] = data?.pages ?? [];
    if (!data || !first) return data;
    return { ...data, pages: [{ ...first, items: [comment, ...first.items] }, ...others] };
  });
}

function countComments(client: QueryClient, postId: string, by: number): void {
  patchPost(client, postId, (post) => ({ ...post, commentCount: Math.max(0, post.commentCount + by) }));
}
