/** The shapes that several features' requests and replies share. Replies are serialised from these same schemas. */
import { z } from 'zod';
import { isPossibleId } from './ids.ts';
import { limits } from './limits.ts';

/** An ID as a client sends it; what cannot be an ID is refused before any connection is opened. */
export function idOf<Branded extends string>(what: string) {
  return z
    .string()
    .max(20)
    .refine((text) => isPossibleId(text, Date.now()), `This is not the ID of ${what}.`)
    .transform((text) => text as Branded)
    .meta({
      description: `ID of ${what}: a positive 63-bit decimal, as text`,
      example: '4467570830351532032',
    });
}

/** Text from a member: well-formed Unicode without NUL or other control characters (line feed and tab are kept). */
export function memberText(max: number) {
  return z
    .string()
    .max(max)
    .refine((text) => text.isWellFormed(), 'This contains half a character (a lone surrogate).')
    .refine(
      (text) => !/[^\P{Cc}\n\t]/u.test(text.replaceAll('\r\n', '\n')),
      'This contains control characters.',
    )
    .transform((text) => text.replaceAll('\r\n', '\n').normalize('NFC').trim())
    .pipe(z.string().max(max)); // again: a few characters are longer in NFC
}

/** A text to look something up by, which PostgreSQL must be able to take: no NUL, no half of a character. */
export function lookupText(max: number) {
  return z
    .string()
    .min(1)
    .max(max)
    .refine(
      (text) => text.isWellFormed() && !text.includes('\u0000'),
      'This contains characters that cannot be used.',
    );
}

export const pageQuery = z.strictObject({
  cursor: z.string().max(200).optional().meta({ description: 'nextCursor of the page before' }),
  limit: z.coerce.number().int().min(1).max(limits.pageMax).default(limits.pageDefault),
});

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    nextCursor: z.string().nullable().meta({ description: 'null at the end of the list' }),
    isPartial: z
      .boolean()
      .optional()
      .meta({ description: 'true when a part of the network did not answer, so that something is missing' }),
  });
}

export const accountCard = z
  .object({
    id: z.string(),
    handle: z.string(),
    name: z.string(),
    isPrivate: z.boolean(),
    avatarUrl: z
      .string()
      .nullable()
      .meta({ description: 'A 150 px square, signed, valid for a limited time' }),
  })
  .meta({ id: 'AccountCard', description: 'An account as it appears beside a photo or in a list' });
export type AccountCard = z.infer<typeof accountCard>;

export const relationship = z
  .object({
    isSelf: z.boolean(),
    following: z
      .enum(['no', 'requested', 'yes'])
      .meta({ description: 'Whether the viewer follows this account' }),
    followsYou: z.boolean(),
    blocked: z.boolean().meta({ description: 'Whether the viewer blocks this account' }),
  })
  .meta({ id: 'Relationship' });
export type Relationship = z.infer<typeof relationship>;

export const accountWithRelationship = accountCard
  .extend({ relationship: relationship })
  .meta({ id: 'AccountWithRelationship' });
export type AccountWithRelationship = z.infer<typeof accountWithRelationship>;

export const person = z
  .object({
    account: accountCard,
    x: z.number().meta({ description: 'From the left edge of the photo as it is shown: 0, to its right: 1' }),
    y: z.number().meta({ description: 'From the upper edge: 0, to the lower: 1' }),
  })
  .meta({ id: 'Person', description: 'Who is on a photo' });

export const photo = z
  .object({
    mediaId: z.string(),
    state: z.enum(['developing', 'ready', 'failed']),
    stage: z
      .enum(['waiting', 'developing', 'ready', 'failed'])
      .meta({ description: 'Like state, and whether it waits for its turn' }),
    failure: z.string().nullable().meta({ description: 'Why it failed, in a sentence for the author' }),
    failureCode: z.string().nullable().meta({ description: 'The same, for clients in other languages' }),
    altText: z.string(),
    filter: z.string(),
    width: z.number().int().meta({ description: 'Of w1080, in px' }),
    height: z.number().int(),
    thumbhash: z.string().nullable().meta({ description: 'ThumbHash, base64' }),
    averageColour: z.string().nullable(),
    takenAt: z.string().nullable().meta({ description: 'What the camera’s clock showed, without a zone' }),
    place: z
      .object({ latitude: z.number(), longitude: z.number() })
      .nullable()
      .meta({ description: 'Where it was taken, if its author shows that' }),
    renditions: z
      .array(
        z.object({ name: z.string(), url: z.string(), width: z.number().int(), height: z.number().int() }),
      )
      .meta({
        description:
          'JPEGs: w1080, w640, w320 (px of width), s150 (a square); w2048 (the longer side) of large photos, a little later; empty until ready',
      }),
    people: z.array(person).meta({ description: 'Those of whom the viewer may see anything' }),
  })
  .meta({ id: 'Photo' });
export type Photo = z.infer<typeof photo>;

export const postAudience = z.enum(['everyone', 'followers']);
export type PostAudience = z.infer<typeof postAudience>;

export const postCard = z
  .object({
    id: z.string(),
    account: accountCard,
    caption: z.string(),
    state: z
      .enum(['developing', 'published', 'failed', 'archived'])
      .meta({ description: 'All but published ones are seen by their author alone' }),
    createdAt: z.string().meta({ format: 'date-time' }),
    photos: z.array(photo),
    placeName: z.string().nullable(),
    audience: postAudience.meta({ description: 'Of those who may see the account’s posts at all' }),
    takesComments: z.boolean(),
    hidesLikeCount: z.boolean(),
    likeCount: z
      .number()
      .int()
      .nullable()
      .meta({ description: 'null: its author shows it to himself alone' }),
    commentCount: z.number().int(),
    isPinned: z.boolean().meta({ description: 'Whether it stands first on its author’s profile' }),
    liked: z.boolean().meta({ description: 'Whether the viewer likes it' }),
    saved: z.boolean().meta({ description: 'Whether the viewer has saved it' }),
  })
  .meta({ id: 'Post' });
export type PostCard = z.infer<typeof postCard>;

export const commentCard = z
  .object({
    id: z.string(),
    postId: z.string(),
    account: accountCard,
    text: z.string(),
    createdAt: z.string().meta({ format: 'date-time' }),
    canDelete: z.boolean(),
    parentId: z.string().nullable().meta({ description: 'Of a reply: the comment beneath which it lies' }),
    likeCount: z.number().int(),
    liked: z.boolean().meta({ description: 'Whether the viewer likes it' }),
    replyCount: z.number().int(),
  })
  .meta({ id: 'Comment' });
export type CommentCard = z.infer<typeof commentCard>;
