import { z } from 'zod';
import type { MediaId } from '../../../core/ids.ts';
import { idOf } from '../../../core/shapes.ts';

export const uploadIdParams = z.strictObject({ uploadId: idOf<MediaId>('an upload') });

export const uploadTicket = z
  .object({
    uploadId: z.string(),
    url: z.string().meta({ description: 'PUT the bytes of one photo here, as they are' }),
    maxBytes: z.number().int(),
    expiresAt: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'UploadTicket' });

export const uploaded = z
  .object({
    uploadId: z.string(),
    width: z.number().int().meta({ description: 'As it will be shown, in px, at most 1080' }),
    height: z.number().int(),
    thumbhash: z.string(),
    averageColour: z.string(),
  })
  .meta({ id: 'Uploaded' });

export const avatarBody = z.strictObject({ uploadId: idOf<MediaId>('an upload') });

/** Jobs. */
export const mediaDropped = { name: 'media.dropped', payload: z.object({ mediaId: z.string() }) };
