import { z } from 'zod';
import type { PostId } from '../../../core/ids.ts';
import { idOf, pageOf } from '../../../core/shapes.ts';

const OWNERS_MAX = 100;
export const ownersQuery = z.strictObject({
  ids: z
    .string()
    .transform((text) => text.split(',', OWNERS_MAX + 1))
    .pipe(z.array(idOf<PostId>('a post')).max(OWNERS_MAX))
    .meta({ description: `IDs of 1 to ${OWNERS_MAX} posts, with commas between them` }),
});
export const ownersReply = pageOf(z.object({ postId: z.string(), accountId: z.string() })).omit({
  nextCursor: true,
});
