import { z } from 'zod';
import type { AccountId, DraftId, MediaId } from '../../../core/ids.ts';
import { limits } from '../../../core/limits.ts';
import { accountCard, idOf } from '../../../core/shapes.ts';
import { editsReply, editsShape, place } from '../media/schema.ts';
import { photoWish, publishHeaders } from '../posts/schema.ts';

/** What is still being written may be longer than what can be published. */
const TEXT_MAX = 10_000;
const PEOPLE_MAX = 20;

/** As it was typed, spaces at the end included. */
const typed = z
  .string()
  .max(TEXT_MAX)
  .refine((text) => text.isWellFormed(), 'This contains half a character (a lone surrogate).')
  .refine((text) => !text.includes('\u0000'), 'This contains control characters.');

const fraction = z.number().min(0).max(1);
const person = z.strictObject({ accountId: idOf<AccountId>('an account'), x: fraction, y: fraction });

const draftPhoto = z.strictObject({
  uploadId: idOf<MediaId>('an upload'),
  altText: typed.default(''),
  edits: editsShape.prefault({}),
  people: z.array(person).max(PEOPLE_MAX).default([]),
  takenAt: photoWish.shape.takenAt.unwrap().nullable().default(null),
  place: place.nullable().default(null),
  showsPlace: z.boolean().default(false),
});

export const draftContent = z
  .strictObject({
    caption: typed.default(''),
    placeName: typed.nullable().default(null),
    audience: z.enum(['everyone', 'followers']).default('everyone'),
    takesComments: z.boolean().default(true),
    hidesLikeCount: z.boolean().default(false),
    photos: z.array(draftPhoto).max(limits.photosPerPost).default([]),
  })
  .refine(
    (content) => Buffer.byteLength(JSON.stringify(content)) <= limits.draftBytesMax,
    `A draft holds at most ${limits.draftBytesMax / 1024} kB.`,
  );
export type DraftContent = z.infer<typeof draftContent>;

export const draftIdParams = z.strictObject({ draftId: idOf<DraftId>('a draft') });
export const draftPhotoParams = draftIdParams.extend({ uploadId: idOf<MediaId>('an upload') });
export const thumbnailQuery = z.strictObject({ edits: z.string().max(64).optional() });
export const createDraftHeaders = publishHeaders;
export const createDraftBody = z.strictObject({ content: draftContent });
export const saveDraftBody = z.strictObject({
  content: draftContent,
  version: z.number().int().min(1).max(2_147_483_647).meta({
    description: 'Of the draft that was changed: 409 draft_changed when there is a newer one',
  }),
});
export const scheduleBody = z.strictObject({
  publishAt: z.iso.datetime({ offset: true }).meta({
    description: `When it shall be published: in a minute to ${limits.scheduleDaysMax} days from now`,
  }),
});

export const draft = z
  .object({
    id: z.string(),
    version: z.number().int(),
    updatedAt: z.string(),
    publishAt: z.string().nullable(),
    failure: z.string().nullable().meta({ description: 'Why it could not be published when it was due' }),
    failureCode: z.string().nullable().meta({ description: 'The same, for clients in other languages' }),
    content: z.object({
      caption: z.string(),
      placeName: z.string().nullable(),
      audience: z.enum(['everyone', 'followers']),
      takesComments: z.boolean(),
      hidesLikeCount: z.boolean(),
      photos: z.array(
        z.object({
          uploadId: z.string(),
          altText: z.string(),
          edits: editsReply,
          people: z.array(z.object({ accountId: z.string(), x: z.number(), y: z.number() })),
          takenAt: z.string().nullable(),
          place: z.object({ latitude: z.number(), longitude: z.number() }).nullable(),
          showsPlace: z.boolean(),
        }),
      ),
    }),
    photos: z
      .array(
        z.object({
          uploadId: z.string(),
          url: z.string().nullable().meta({
            description: 'A JPEG of at most 320 px in width, for me alone; null while its bytes are not here',
          }),
          thumbhash: z.string().nullable(),
          isMissing: z.boolean().meta({ description: 'The upload is gone: add the photo again' }),
        }),
      )
      .meta({ description: 'Of the photos in `content`, in their order' }),
    people: z.array(accountCard).meta({ description: 'Whom `content` names, as far as I see them' }),
  })
  .meta({ id: 'Draft' });
export type Draft = Omit<z.infer<typeof draft>, 'people'>;
export const draftsReply = z.object({ items: z.array(draft) });
