import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import type { AccountWithRelationship, CommentCard } from '../../core/shapes.ts';
import type { Entry } from '../state/outbox.ts';
import { patchComment } from './comments.ts';
import { keys } from './keys.ts';
import { hasWish, send, withLike } from './outbox.ts';
import { usePages } from './pages.ts';

/** Shows at once, and is sent when there is a network, as likes of posts are. */
export function useLikeComment(): (comment: CommentCard, liked: boolean) => void {
  const client = useQueryClient();
  return ({ id, postId }, liked) => {
    patchComment(client, postId, id, (comment) => withLike(comment, liked));
    send({ kind: 'comment-like', postId, commentId: id, isWanted: liked }).catch(() => undefined);
  };
}

export const sentCommentLikes = {
  onSent: (client: QueryClient, entry: Entry, reply: unknown) => {
    if (entry.kind !== 'comment-like') return;
    const { postId, commentId } = entry;
    if (!hasWish('comment-like', commentId))
      patchComment(client, postId, commentId, (comment) => ({
        ...comment,
        ...(reply as { liked: boolean; likeCount: number }),
      }));
    void client.invalidateQueries({ queryKey: keys.commentLikers(commentId) });
  },
  onRefused: (client: QueryClient, entry: Entry) => {
    if (entry.kind !== 'comment-like' || hasWish('comment-like', entry.commentId)) return;
    patchComment(client, entry.postId, entry.commentId, (comment) => withLike(comment, !entry.isWanted));
  },
};

export function useCommentLikers(commentId: string) {
  return usePages<AccountWithRelationship>(keys.commentLikers(commentId), `/comments/${commentId}/likes`);
}
