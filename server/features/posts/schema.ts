import { z } from 'zod';
import { FILTER_NAMES } from '../../../core/filters.ts';
import type { MediaId, PostId } from '../../../core/ids.ts';
import { limits } from '../../../core/limits.ts';
import { idOf, memberText, pageOf, postCard } from '../../../core/shapes.ts';

export const postIdParams = z.strictObject({ postId: idOf<PostId>('a post') });
export const postsPage = pageOf(postCard);
export const postReply = postCard;

export const publishBody = z.strictObject({
  caption: memberText(limits.captionMax).default(''),
  photos: z
    .array(
      z.strictObject({
        uploadId: idOf<MediaId>('an upload'),
        altText: memberText(limits.altTextMax).default(''),
        filter: z.enum(FILTER_NAMES).default('none'),
      }),
    )
    .min(1)
    .max(limits.photosPerPost),
});
export type Publish = z.infer<typeof publishBody>;

export const publishHeaders = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(255)
    .regex(/^[\x21-\x7e]+$/)
    .optional()
    .meta({ description: 'Sent again with the same body, gives the same post; with another body, 409' }),
});

/** Jobs. */
export const photoClaimed = {
  name: 'photo.claimed',
  payload: z.object({ mediaId: z.string(), postId: z.string() }),
};
export const postPublished = { name: 'post.published', payload: z.object({ postId: z.string() }) };
export const postDeleted = { name: 'post.deleted', payload: z.object({ postId: z.string() }) };
