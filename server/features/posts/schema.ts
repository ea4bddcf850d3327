import { z } from 'zod';
import type { MediaId, PostId } from '../../../core/ids.ts';
import { limits } from '../../../core/limits.ts';
import { idOf, memberText, pageOf, postCard } from '../../../core/shapes.ts';
import { editsReply, editsShape, place } from '../media/schema.ts';

export const postIdParams = z.strictObject({ postId: idOf<PostId>('a post') });
export const postsPage = pageOf(postCard);
export const postReply = postCard;

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

const photoWish = z.strictObject({
  uploadId: idOf<MediaId>('an upload'),
  altText: memberText(limits.altTextMax).default(''),
  edits: editsShape.prefault({}),
  takenAt: z.iso
    .datetime({ local: true, precision: 0 })
    .refine((text) => !text.endsWith('Z') && text >= '1800', 'This is not a time without a zone.')
    .optional()
    .meta({
      description: 'For clients that prepare the photo; else what its EXIF says',
      example: '2024-05-31T18:20:07',
    }),
  place: place.optional().meta({ description: 'Shown to whoever sees the post' }),
  showsPlace: z.boolean().optional().meta({ description: 'Show the place that the photo itself names' }),
});

export const publishBody = z.strictObject({
  caption: memberText(limits.captionMax).default(''),
  photos: z.array(photoWish).min(1).max(limits.photosPerPost),
});
export type Publish = z.infer<typeof publishBody>;

export const photoParams = z.strictObject({
  postId: idOf<PostId>('a post'),
  mediaId: idOf<MediaId>('a photo'),
});
export const replacePhotoBody = photoWish.extend({ altText: memberText(limits.altTextMax).optional() });
export type ReplacePhoto = z.infer<typeof replacePhotoBody>;
export const photoEdits = z.object({ edits: editsReply, hasOriginal: z.boolean() });

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
/** Out of the map of owners; apart from what else follows a deletion, since it waits for Redis. */
export const ownerGone = { name: 'owner.gone', payload: z.object({ postId: z.string() }) };
/** Into the home feeds of followers, or out of them. */
export const postSpread = {
  name: 'post.spread',
  payload: z.object({ accountId: z.string(), postId: z.string() }),
};
