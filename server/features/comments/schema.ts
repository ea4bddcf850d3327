import { z } from 'zod';
import type { CommentId } from '../../../core/ids.ts';
import { limits } from '../../../core/limits.ts';
import { commentCard, idOf, memberText, pageOf } from '../../../core/shapes.ts';

export const commentIdParams = z.strictObject({ commentId: idOf<CommentId>('a comment') });
export const commentBody = z.strictObject({ text: memberText(limits.commentMax).pipe(z.string().min(1)) });
export const commentReply = commentCard;
export const commentsPage = pageOf(commentCard).meta({ description: 'Newest first' });

/** Jobs. */
export const commentMade = { name: 'comment.made', payload: z.object({ commentId: z.string() }) };
export const commentDeleted = { name: 'comment.deleted', payload: z.object({ commentId: z.string() }) };
