import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { MediaId } from '../../../core/ids.ts';
import { limits as sizes } from '../../../core/limits.ts';
import { idOf } from '../../../core/shapes.ts';
import { Invalid, NotFound } from '../../errors.ts';
import type { Server } from '../../http/server.ts';
import { viewerOf } from '../../http/sessions.ts';
import { presentMe } from '../../hydrate/accounts.ts';
import type { App } from '../../infra/app.ts';
import { me } from '../accounts/schema.ts';
import { checkAddress } from './addresses.ts';
import * as media from './media.ts';
import { avatarBody, uploaded, uploadIdParams, uploadTicket } from './schema.ts';
import { keys } from './store.ts';

const CACHE_CONTROL = {
  public: 'public, max-age=86400, s-maxage=600, immutable',
  private: 'private, max-age=300',
};

export function mediaRoutes(server: Server, app: App): void {
  server.post(
    '/uploads',
    {
      schema: {
        tags: ['uploads'],
        summary: 'A ticket for the bytes of one photo',
        response: { 201: uploadTicket },
      },
    },
    async (request, reply) => {
      const { uploadId, expiresAt } = await media.openTicket(app, viewerOf(request).accountId);
      reply.code(201);
      return {
        uploadId,
        url: `/api/v1/uploads/${uploadId}`,
        maxBytes: sizes.uploadMaxBytes,
        expiresAt: expiresAt.toISOString(),
      };
    },
  );

  server.put(
    '/uploads/:uploadId',
    {
      config: { takesBytes: true },
      schema: {
        tags: ['uploads'],
        summary: 'The bytes of one photo: JPEG, PNG, WebP, AVIF or GIF',
        consumes: ['application/octet-stream', 'image/*'],
        params: uploadIdParams,
        response: { 200: uploaded },
      },
    },
    async (request) => {
      const viewer = viewerOf(request).accountId;
      if (!request.body)
        throw new Invalid(
          'no_body',
          'Send the bytes of a photo, with content type application/octet-stream.',
        );
      const body = (request.body as IncomingMessage).iterator({ destroyOnReturn: false });
      const found = await media.receiveUpload(app, viewer, request.params.uploadId, body);
      return { uploadId: request.params.uploadId, ...found };
    },
  );

  server.delete(
    '/uploads/:uploadId',
    { schema: { tags: ['uploads'], summary: 'Throw an upload away', params: uploadIdParams } },
    async (request, reply) => {
      await media.dropUpload(app, viewerOf(request).accountId, request.params.uploadId);
      return reply.code(204).send();
    },
  );

  server.put(
    '/me/avatar',
    { schema: { tags: ['accounts'], summary: 'Set my avatar', body: avatarBody, response: { 200: me } } },
    async (request) => {
      const viewer = viewerOf(request);
      await media.setAvatar(app, viewer.accountId, request.body.uploadId);
      return presentMe(app, viewer);
    },
  );

  server.delete(
    '/me/avatar',
    { schema: { tags: ['accounts'], summary: 'Remove my avatar', response: { 200: me } } },
    async (request) => {
      const viewer = viewerOf(request);
      await media.removeAvatar(app, viewer.accountId);
      return presentMe(app, viewer);
    },
  );
}

const addressParams = z.strictObject({
  mediaId: idOf<MediaId>('a photo'),
  file: z.string().regex(/^(w1080|w640|w320|s320|s150)\.jpg$/),
});
const addressQuery = z.strictObject({
  c: z.enum(['p', 'r']),
  e: z.string().regex(/^[0-9a-z]{1,10}$/),
  s: z.string().max(60),
});

/** Photo bytes, for whoever holds a signed address; mounted at the root. */
export function photoRoutes(server: Server, app: App): void {
  server.get('/media/:mediaId/:file', { schema: { hide: true } }, async (request, reply) => {
    const params = addressParams.safeParse(request.params);
    const query = addressQuery.safeParse(request.query);
    if (!params.success || !query.success) throw new NotFound();
    const name = params.data.file.replace('.jpg', '');
    const { addressClass } = await checkAddress(app, params.data.mediaId, name, query.data);
    const file = await app.storage.open(keys.rendition(params.data.mediaId, name));
    if (!file) throw new NotFound();
    return reply
      .headers({
        'content-type': 'image/jpeg',
        'content-length': file.sizeBytes,
        'cache-control': CACHE_CONTROL[addressClass],
        'content-security-policy': "default-src 'none'; sandbox",
        'cross-origin-resource-policy': 'same-site',
      })
      .send(file.stream);
  });
}
