import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import type { AccountWithRelationship } from '../../core/shapes.ts';
import type { Entry } from '../state/outbox.ts';
import { patchPost } from './cache.ts';
import { keys } from './keys.ts';
import { hasWish, send, withLike } from './outbox.ts';
import { usePages } from './pages.ts';

type LikeReply = { liked: boolean; likeCount: number | null };

/** Shows at once, and is sent when there is a network. Of quick taps only the last one's reply is shown. */
export function useLike(postId: string) {
  const client = useQueryClient();
  return {
    mutate: (liked: boolean) => {
      patchPost(client, postId, (post) => withLike(post, liked));
      send({ kind: 'like', postId, isWanted: liked }).catch(() => undefined);
    },
  };
}

export const sentLikes = {
  onSent: (client: QueryClient, { postId }: Entry, reply: unknown) => {
    if (!hasWish('like', postId)) patchPost(client, postId, (post) => ({ ...post, ...(reply as LikeReply) }));
    void client.invalidateQueries({ queryKey: keys.likers(postId) });
  },
  onRefused: (client: QueryClient, entry: Entry) => {
    if (entry.kind === 'like' && !hasWish('like', entry.postId))
      patchPost(client, entry.postId, (post) => withLike(post, !entry.isWanted));
  },
};

export function useLikers(postId: string) {
  return usePages<AccountWithRelationship>(keys.likers(postId), `/posts/${postId}/likes`);
}
