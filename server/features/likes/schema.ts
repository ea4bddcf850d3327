import { z } from 'zod';

export const likeReply = z.object({ liked: z.boolean(), likeCount: z.number().int() });

/** Jobs. */
export const likeChanged = {
  name: 'like.changed',
  payload: z.object({ accountId: z.string(), postId: z.string() }),
};
