import { z } from 'zod';
import type { CommentId } from '../../../core/ids.ts';
import { limits } from '../../../core/limits.ts';
import { commentCard, idOf, memberText, pageOf } from '../../../core/shapes.ts';

export const commentIdParams = z.strictObject({ commentId: idOf<CommentId>('a comment') });
export const commentBody = z.strictObject({
  text: memberText(limits.commentMax).pipe(z.string().min(1)),
  parentId: idOf<CommentId>('a comment').optional().meta({
    description: 'The comment that this one answers; a reply to a reply goes beneath the same comment',
  }),
});
export const commentReply = commentCard;
export const commentsPage = pageOf(commentCard).meta({ description: 'Newest first' });
export const repliesPage = pageOf(commentCard).meta({ description: 'Oldest first' });

/** Jobs. */
export const commentMade = { name: 'comment.made', payload: z.object({ commentId: z.string() }) };
export const commentDeleted = { name: 'comment.deleted', payload: z.object({ commentId: z.string() }) };
const edge = z.object({ accountId: z.string(), commentId: z.string() });
/** Likes of comments that came or went in one transaction. */
export const commentLikeChanged = {
  name: 'comment-like.changed',
  payload: z.object({ edges: z.array(edge) }),
};
