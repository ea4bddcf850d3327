import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { AccountWithRelationship } from '../../core/shapes.ts';
import { patchPost } from './cache.ts';
import { call } from './client.ts';
import { keys } from './keys.ts';
import { usePages } from './pages.ts';

type LikeReply = { liked: boolean; likeCount: number | null };

/** Shows at once. Quick taps are sent one after the other, and only the reply to the last one is shown. */
export function useLike(postId: string) {
  const client = useQueryClient();
  const mutationKey = ['like', postId];
  const show = (liked: boolean) =>
    patchPost(client, postId, (post) =>
      post.liked === liked
        ? post
        : {
            ...post,
            liked,
            likeCount: post.likeCount === null ? null : Math.max(0, post.likeCount + (liked ? 1 : -1)),
          },
    );
  return useMutation({
    mutationKey,
    scope: { id: mutationKey.join() },
    mutationFn: (liked: boolean) => call<LikeReply>(liked ? 'PUT' : 'DELETE', `/posts/${postId}/like`),
    onMutate: show,
    onError: (_error, liked) => show(!liked),
    onSuccess: (reply) => {
      if (client.isMutating({ mutationKey }) === 1)
        patchPost(client, postId, (post) => ({ ...post, ...reply }));
      void client.invalidateQueries({ queryKey: keys.likers(postId) });
    },
  });
}

export function useLikers(postId: string, isEnabled: boolean) {
  return usePages<AccountWithRelationship>(keys.likers(postId), `/posts/${postId}/likes`, { isEnabled });
}
