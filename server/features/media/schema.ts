import { z } from 'zod';
import {
  ADJUSTMENT_NAMES,
  ADJUSTMENTS,
  type AdjustmentName,
  DEGREES_MAX,
  type Edits,
  PLAIN_FRAME,
  PLAIN_LOOK,
} from '../../../core/edits.ts';
import { CROP_SIDE_MIN } from '../../../core/frame.ts';
import type { AccountId, MediaId } from '../../../core/ids.ts';
import { limits } from '../../../core/limits.ts';
import { FILTER_NAMES } from '../../../core/look/filters.ts';
import { idOf } from '../../../core/shapes.ts';

/** The folder under which renditions lie: 'public' is served to everybody; 'old' is how the first version laid them. */
export type Shelf = 'public' | 'private' | 'old';

// edits -------------------------------------------------------------------------------------------------------

const fraction = z.number().min(0).max(1);
const cropSide = z.number().min(CROP_SIDE_MIN).max(1);

const frame = z.strictObject({
  turns: z
    .union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)])
    .default(PLAIN_FRAME.turns)
    .meta({ description: 'Quarter turns clockwise' }),
  isMirrored: z.boolean().default(PLAIN_FRAME.isMirrored),
  degrees: z
    .number()
    .min(-DEGREES_MAX)
    .max(DEGREES_MAX)
    .default(PLAIN_FRAME.degrees)
    .meta({ description: 'Straightened clockwise by so much' }),
  crop: z
    .strictObject({ left: fraction, top: fraction, width: cropSide, height: cropSide })
    .nullable()
    .default(PLAIN_FRAME.crop)
    .meta({ description: 'Fractions of the picture after it was turned and mirrored' }),
});

const adjustments = z.strictObject(
  Object.fromEntries(
    ADJUSTMENT_NAMES.map((name) => [
      name,
      z.number().int().min(ADJUSTMENTS[name].min).max(ADJUSTMENTS[name].max).optional(),
    ]),
  ) as Record<AdjustmentName, z.ZodOptional<z.ZodNumber>>,
);

const look = z.strictObject({
  filter: z.enum(FILTER_NAMES).default(PLAIN_LOOK.filter),
  strength: z.number().int().min(0).max(100).default(PLAIN_LOOK.strength),
  adjustments: adjustments.default({}),
});

/** What is absent is left as it was taken. */
export const editsShape = z
  .strictObject({ frame: frame.prefault({}), look: look.prefault({}) })
  .transform((edits) => edits as Edits)
  .meta({
    description: 'What was done to a photo: how it is turned and cropped, its filter and adjustments',
  });

/** Without defaults: as a reply gives them. */
export const editsReply = z.object({
  frame: z.object({
    turns: z.number().int(),
    isMirrored: z.boolean(),
    degrees: z.number(),
    crop: z.object({ left: z.number(), top: z.number(), width: z.number(), height: z.number() }).nullable(),
  }),
  look: z.object({
    filter: z.string(),
    strength: z.number().int(),
    adjustments: z.record(z.string(), z.number().int()),
  }),
});

export const place = z.strictObject({
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
});

// uploads -----------------------------------------------------------------------------------------------------

export const uploadIdParams = z.strictObject({ uploadId: idOf<MediaId>('an upload') });

export const ticketBody = z
  .strictObject({
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional()
      .meta({
        description: 'Of the bytes, in hex: what was sent before need not be sent again, damage is found',
      }),
    sizeBytes: z.number().int().min(1).max(limits.uploadMaxBytes).optional(),
    originalOf: idOf<MediaId>('an upload')
      .optional()
      .meta({ description: 'The bytes are the untouched original of that photo, kept for its owner alone' }),
  })
  .nullish();

export const uploaded = z
  .object({
    uploadId: z.string(),
    width: z.number().int().meta({ description: 'As it will be shown, in px, at most 1080' }),
    height: z.number().int(),
    thumbhash: z.string(),
    averageColour: z.string(),
    takenAt: z.string().nullable().meta({ description: 'What the camera’s clock showed, without a zone' }),
  })
  .meta({ id: 'Uploaded' });
export type Uploaded = z.infer<typeof uploaded>;

export const uploadTicket = z
  .object({
    uploadId: z.string(),
    url: z.string().meta({
      description: 'PUT the bytes of one photo here, or PATCH them in pieces by the tus protocol (1.0.0)',
    }),
    maxBytes: z.number().int(),
    expiresAt: z.string().meta({ format: 'date-time' }),
    form: z
      .object({ url: z.string(), fields: z.record(z.string(), z.string()) })
      .nullable()
      .meta({ description: 'Where not null: POST the fields and then `file` there instead; then /complete' }),
    known: uploaded.nullable().meta({ description: 'Not null: these bytes are here already; send nothing' }),
    knownPostId: z.string().nullable(),
  })
  .meta({ id: 'UploadTicket' });

export const uploadState = z
  .object({
    uploadId: z.string(),
    state: z.enum(['waiting', 'receiving', 'uploaded', 'claimed', 'failed']),
    receivedBytes: z.number().int(),
    sizeBytes: z.number().int().nullable(),
    uploaded: uploaded.nullable(),
    expiresAt: z.string().nullable(),
  })
  .meta({ id: 'UploadState' });

export const avatarBody = z.strictObject({
  uploadId: idOf<MediaId>('an upload'),
  edits: editsShape.optional(),
});

/** Rows. */
export type StoredRendition = {
  name: string;
  width: number;
  height: number;
  sizeBytes: number;
  sha256: string;
};
export type MediaState = 'waiting' | 'receiving' | 'uploaded' | 'developing' | 'ready' | 'failed';
type MediaKind = 'photo' | 'avatar' | 'original';
export type KeptOriginal = { sizeBytes: number; sha256: string; format: string };
export type Place = { latitude: number; longitude: number };
export type MediaRow = {
  media_id: MediaId;
  account_id: AccountId;
  kind: MediaKind;
  state: MediaState;
  edits: Edits;
  revision: number;
  shelf: Shelf;
  width: number | null;
  height: number | null;
  source_width: number | null;
  source_height: number | null;
  thumbhash: string | null;
  average_colour: string | null;
  /** As text: pg would make a Date of it, in this machine's zone. */
  taken_at: string | null;
  sha256: string | null;
  size_bytes: string | null;
  renditions: StoredRendition[];
  kept_original: KeptOriginal | null;
  announced_sha256: string | null;
  announced_bytes: string | null;
  original_of: MediaId | null;
  failure_code: string | null;
  failure_message: string | null;
  tries: number;
  is_in_work: boolean;
  expires_at: Date | null;
  is_expired: boolean;
};

/** Jobs. */
export const mediaDropped = { name: 'media.dropped', payload: z.object({ mediaId: z.string() }) };
export const photoReady = { name: 'photo.ready', payload: z.object({ mediaId: z.string() }) };
export const photoEdited = {
  name: 'photo.edited',
  payload: z.object({ mediaId: z.string(), revision: z.number().int() }),
};
export const photosGone = { name: 'photos.gone', payload: z.object({ folders: z.array(z.string()) }) };
