/** What an author does to a post of hers as a whole. */
import { type QueryClient, useMutation, useQueryClient } from '@tanstack/react-query';
import type { PostCard } from '../../core/shapes.ts';
import type { EditPost } from '../../server/features/posts/schema.ts';
import { dropFromLists, patchPost } from './cache.ts';
import { call } from './client.ts';
import { keys } from './keys.ts';

/** For a form, which shows by itself what is wrong. */
export function useEditPost(postId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: EditPost) => call<PostCard>('PATCH', `/posts/${postId}`, { body: change }),
    meta: { showsError: true },
    onSuccess: (post) => showPost(client, post),
  });
}

type Switches = Pick<PostCard, 'takesComments' | 'hidesLikeCount'>;

/** Shown at once; as it was before, when the server refuses. */
export function useSwitchPost(post: PostCard) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: Partial<Switches>) => call<PostCard>('PATCH', `/posts/${post.id}`, { body: change }),
    onMutate: (change): Switches => {
      patchPost(client, post.id, (before) => ({ ...before, ...change }));
      return { takesComments: post.takesComments, hidesLikeCount: post.hidesLikeCount };
    },
    onSuccess: (changed) => showPost(client, changed),
    // `post` is by now as it was wished.
    onError: (_error, _change, before) => patchPost(client, post.id, (now) => ({ ...now, ...before })),
  });
}

export function usePinPost(post: PostCard) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (isPinned: boolean) => call<PostCard>(isPinned ? 'PUT' : 'DELETE', `/posts/${post.id}/pin`),
    onSuccess: (changed) => {
      showPost(client, changed);
      void client.invalidateQueries({ queryKey: keys.accountPosts(post.account.id) });
    },
  });
}

/** Out of all lists at once; brought back, it comes into them when they are next looked at. */
export function useArchivePost(post: PostCard) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (isArchived: boolean) =>
      call<PostCard>(isArchived ? 'PUT' : 'DELETE', `/posts/${post.id}/archive`),
    onSuccess: (changed) => {
      if (changed.state === 'archived') dropFromLists(client, post.id);
      client.setQueryData(keys.post(post.id), changed);
      void client.invalidateQueries({ queryKey: ['posts'], refetchType: 'none' });
      void client.invalidateQueries({ queryKey: keys.accountPosts(post.account.id) });
      void client.invalidateQueries({ queryKey: keys.profile(post.account.handle) });
      if (changed.state !== 'archived') void client.invalidateQueries({ queryKey: keys.feed });
    },
  });
}

function showPost(client: QueryClient, post: PostCard): void {
  patchPost(client, post.id, () => post);
  client.setQueryData(keys.post(post.id), post);
}
