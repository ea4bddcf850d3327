import { z } from 'zod';
import type { AccountId, DraftId, MediaId, PostId } from '../../../core/ids.ts';
import { limits } from '../../../core/limits.ts';
import { idOf, memberText, type PostAudience, pageOf, postAudience, postCard } from '../../../core/shapes.ts';
import type { FactsRow } from '../graph/schema.ts';
import { editsReply, editsShape, place, type Shelf } from '../media/schema.ts';
import { peopleWish } from '../people/schema.ts';

export const postIdParams = z.strictObject({ postId: idOf<PostId>('a post') });
export const postsPage = pageOf(postCard);
export const postReply = postCard;

export const photoWish = z.strictObject({
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
  people: peopleWish.optional(),
});

/** Optional without a default: a request that is sent again must look as it did before these were there. */
const choices = {
  placeName: memberText(limits.placeNameMax)
    .nullable()
    .optional()
    .meta({ description: 'As the author calls it' }),
  audience: postAudience
    .optional()
    .meta({ description: 'By default everyone who may see the account’s posts' }),
  takesComments: z.boolean().optional(),
  hidesLikeCount: z.boolean().optional().meta({ description: 'Only I see how many like it, and who' }),
};

export const publishBody = z.strictObject({
  caption: memberText(limits.captionMax).default(''),
  ...choices,
  photos: z.array(photoWish).min(1).max(limits.photosPerPost),
  draftId: idOf<DraftId>('a draft').optional().meta({ description: 'It ends with the publication' }),
});
export type Publish = z.infer<typeof publishBody>;

export const editBody = z.strictObject({
  caption: memberText(limits.captionMax).optional(),
  ...choices,
  photos: z
    .array(
      z.strictObject({
        mediaId: idOf<MediaId>('a photo'),
        altText: memberText(limits.altTextMax).optional(),
        people: peopleWish.optional(),
      }),
    )
    .min(1)
    .max(limits.photosPerPost)
    .optional()
    .meta({ description: 'All photos of the post, in their new order' }),
});
export type EditPost = z.infer<typeof editBody>;

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

/** Rows. */
export type PhotoRow = {
  media_id: MediaId;
  state: string;
  is_in_work: boolean;
  alt_text: string;
  filter: string;
  revision: number;
  shelf: Shelf;
  width: number | null;
  height: number | null;
  thumbhash: string | null;
  average_colour: string | null;
  taken_at: string | null;
  latitude: number | null;
  longitude: number | null;
  failure_code?: string | null;
  failure_message: string | null;
  renditions: { name: string; width: number; height: number }[];
};
export type PersonRow = { media_id: MediaId; account_id: AccountId; x: number; y: number };
export type PostState = 'developing' | 'published' | 'failed' | 'deleted' | 'archived';
export type PostRow = {
  post_id: PostId;
  account_id: AccountId;
  caption: string;
  place_name: string | null;
  state: PostState;
  audience: PostAudience;
  takes_comments: boolean;
  hides_like_count: boolean;
  is_pinned: boolean;
  like_count: string;
  comment_count: string;
  created_at: Date;
  photos: PhotoRow[];
  /** null: nobody is named. */
  people: PersonRow[] | null;
};
/** What all see alike, and what rarely changes. */
export type PostCardRow = Pick<
  PostRow,
  'post_id' | 'account_id' | 'caption' | 'place_name' | 'created_at' | 'photos' | 'people'
> & {
  card_version: number;
};
/** What changes all the time, and what "may the viewer see it" depends on. */
export type PostFacts = FactsRow &
  Omit<PostRow, keyof PostCardRow> & { post_id: PostId; card_version: number };
export type PostHead = Omit<
  PostFacts,
  Exclude<keyof FactsRow, 'account_id'> | 'card_version' | 'comment_count' | 'hides_like_count'
> & {
  caption: string;
};

/** Jobs. */
export const photoClaimed = {
  name: 'photo.claimed',
  payload: z.object({ mediaId: z.string(), postId: z.string() }),
};
export const postPublished = { name: 'post.published', payload: z.object({ postId: z.string() }) };
/** Its caption, its state or who may see it is another. */
export const postChanged = { name: 'post.changed', payload: z.object({ postId: z.string() }) };
export const postDeleted = { name: 'post.deleted', payload: z.object({ postId: z.string() }) };
/** Out of the map of owners; apart from what else follows, since it waits for Redis. */
export const ownerGone = { name: 'owner.gone', payload: z.object({ postId: z.string() }) };
/** Into the home feeds of followers, or out of them. */
export const postSpread = {
  name: 'post.spread',
  payload: z.object({ accountId: z.string(), postId: z.string() }),
};
