import { z } from 'zod';

export const likeReply = z.object({ liked: z.boolean(), likeCount: z.number().int().nullable() });

const edge = z.object({ accountId: z.string(), postId: z.string() });

/** Jobs: likes that came or went in one transaction. Those of the version before carry a single one. */
export const likeChanged = {
  name: 'like.changed',
  payload: z.union([z.object({ edges: z.array(edge) }), edge.transform((one) => ({ edges: [one] }))]),
};
