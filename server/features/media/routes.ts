import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { MediaId } from '../../../core/ids.ts';
import { limits as sizes } from '../../../core/limits.ts';
import { idOf } from '../../../core/shapes.ts';
import { ExpectedError, Invalid, NotFound, Unauthenticated } from '../../errors.ts';
import type { RateLimits } from '../../http/rate-limits.ts';
import type { Server } from '../../http/server.ts';
import { authenticate, viewerOf } from '../../http/sessions.ts';
import { presentMe } from '../../hydrate/accounts.ts';
import type { App } from '../../infra/app.ts';
import { me } from '../accounts/schema.ts';
import type { ViewerId } from '../graph/audience.ts';
import { findPhoto } from './addresses.ts';
import { removeAvatar, setAvatar } from './avatars.ts';
import { avatarBody, ticketBody, uploaded, uploadIdParams, uploadState, uploadTicket } from './schema.ts';
import * as uploads from './uploads.ts';

const TUS_VERSION = '1.0.0';
const TUS_PIECE = 'application/offset+octet-stream';

export function mediaRoutes(server: Server, app: App, limits: RateLimits): void {
  ticketRoutes(server, app, limits);
  pieceRoutes(server, app);
  avatarRoutes(server, app);
}

function ticketRoutes(server: Server, app: App, limits: RateLimits): void {
  server.post(
    '/uploads',
    {
      schema: {
        tags: ['uploads'],
        summary: 'A ticket for the bytes of one photo',
        body: ticketBody,
        response: { 201: uploadTicket },
      },
    },
    async (request, reply) => {
      const viewer = viewerOf(request).accountId;
      await limits.upload(viewer);
      const ticket = await uploads.openTicket(app, viewer, request.body ?? {});
      reply.code(201);
      return {
        ...ticket,
        url: `/api/v1/uploads/${ticket.uploadId}`,
        maxBytes: sizes.uploadMaxBytes,
        expiresAt: ticket.expiresAt.toISOString(),
      };
    },
  );

  server.put(
    '/uploads/:uploadId',
    {
      config: { takesBytes: true },
      schema: {
        tags: ['uploads'],
        summary: 'The bytes of one photo: JPEG, PNG, WebP, AVIF, HEIC or GIF',
        consumes: ['application/octet-stream', 'image/*'],
        params: uploadIdParams,
        response: { 200: uploaded },
      },
    },
    async (request) =>
      uploads.receiveUpload(
        app,
        viewerOf(request).accountId,
        request.params.uploadId,
        bytesOf(request.body as IncomingMessage | undefined),
      ),
  );

  server.post(
    '/uploads/:uploadId/complete',
    {
      schema: {
        tags: ['uploads'],
        summary: 'All pieces were sent, or the form: look at the photo',
        params: uploadIdParams,
        response: { 200: uploaded },
      },
    },
    async (request) => uploads.completeUpload(app, viewerOf(request).accountId, request.params.uploadId),
  );

  server.delete(
    '/uploads/:uploadId',
    { schema: { tags: ['uploads'], summary: 'Throw an upload away', params: uploadIdParams } },
    async (request, reply) => {
      await uploads.dropUpload(app, viewerOf(request).accountId, request.params.uploadId);
      return reply.code(204).send();
    },
  );
}

function bytesOf(body: IncomingMessage | undefined): AsyncIterable<Uint8Array> {
  if (!body)
    throw new Invalid('no_body', 'Send the bytes of a photo, with content type application/octet-stream.');
  return body.iterator({ destroyOnReturn: false });
}

/** The core of the tus protocol, https://tus.io/protocols/resumable-upload: the ticket is its "creation". */
function pieceRoutes(server: Server, app: App): void {
  server.head(
    '/uploads/:uploadId',
    { schema: { hide: true, params: uploadIdParams } },
    async (request, reply) => {
      const found = await uploads.describeUpload(app, viewerOf(request).accountId, request.params.uploadId);
      return reply
        .headers({
          'tus-resumable': TUS_VERSION,
          'upload-offset': found.receivedBytes,
          ...(found.sizeBytes === null
            ? { 'upload-defer-length': '1' }
            : { 'upload-length': found.sizeBytes }),
        })
        .send();
    },
  );

  server.get(
    '/uploads/:uploadId',
    {
      schema: {
        tags: ['uploads'],
        summary: 'Where an upload stands',
        params: uploadIdParams,
        response: { 200: uploadState },
      },
    },
    async (request) => uploads.describeUpload(app, viewerOf(request).accountId, request.params.uploadId),
  );

  server.patch(
    '/uploads/:uploadId',
    {
      config: { takesBytes: true },
      schema: {
        tags: ['uploads'],
        summary: 'A piece of a photo (tus 1.0.0)',
        consumes: [TUS_PIECE],
        params: uploadIdParams,
      },
    },
    async (request, reply) => {
      const version = request.headers['tus-resumable'];
      reply.header('tus-resumable', TUS_VERSION);
      if (version !== TUS_VERSION)
        throw new ExpectedError(
          412,
          'tus_version',
          `This speaks tus ${TUS_VERSION}: say so in Tus-Resumable.`,
        );
      if (request.headers['content-type'] !== TUS_PIECE)
        throw new ExpectedError(415, 'media_type', `Send pieces with the content type ${TUS_PIECE}.`);
      const offset = String(request.headers['upload-offset']);
      if (!/^\d{1,15}$/.test(offset))
        throw new Invalid('upload_offset', 'Upload-Offset must say where it begins.');
      const end = await uploads.receivePiece(
        app,
        viewerOf(request).accountId,
        request.params.uploadId,
        Number(offset),
        bytesOf(request.body as IncomingMessage | undefined),
      );
      return reply.code(204).header('upload-offset', end).send();
    },
  );
}

function avatarRoutes(server: Server, app: App): void {
  server.put(
    '/me/avatar',
    { schema: { tags: ['accounts'], summary: 'Set my avatar', body: avatarBody, response: { 200: me } } },
    async (request) => {
      const viewer = viewerOf(request);
      await setAvatar(app, viewer.accountId, request.body.uploadId, request.body.edits);
      return presentMe(app, viewer);
    },
  );

  server.delete(
    '/me/avatar',
    { schema: { tags: ['accounts'], summary: 'Remove my avatar', response: { 200: me } } },
    async (request) => {
      const viewer = viewerOf(request);
      await removeAvatar(app, viewer.accountId);
      return presentMe(app, viewer);
    },
  );
}

// seeing ------------------------------------------------------------------------------------------------------

const addressParams = z.strictObject({
  shelf: z.enum(['public', 'private']),
  tail: z.string().regex(/^\d\d$/),
  accountId: z.string().regex(/^\d{1,19}$/),
  mediaId: idOf<MediaId>('a photo'),
  token: z.string().regex(/^[0-9a-f]{32}$/),
  file: z.string().regex(/^[a-z0-9]{1,10}\.jpg$/),
});
const addressQuery = z.strictObject({
  e: z
    .string()
    .regex(/^\d{1,12}$/)
    .optional(),
  s: z.string().max(60).optional(),
});
const BROWSER_SECONDS = 31_536_000;

/** A session that has ended sees what a stranger sees. */
async function viewerOrStranger(app: App, request: FastifyRequest): Promise<ViewerId> {
  try {
    return (await authenticate(app, request))?.accountId ?? null;
  } catch (error) {
    if (error instanceof Unauthenticated) return null;
    throw error;
  }
}

/** Photo bytes, for whoever holds an address and may see the photo; mounted at the root. */
export function photoRoutes(server: Server, app: App): void {
  // Where the cache in front can be told what is gone, it may keep everything else; else it must ask now and then.
  const sharedSeconds = app.config.purgeUrl ? BROWSER_SECONDS : 600;
  const cacheControl = {
    public: `public, max-age=${BROWSER_SECONDS}, s-maxage=${sharedSeconds}, immutable`,
    private: 'private, max-age=300',
  };
  server.get(
    '/media/:shelf/:tail/:accountId/:mediaId/:token/:file',
    { schema: { hide: true } },
    async (request, reply) => {
      const params = addressParams.safeParse(request.params);
      const query = addressQuery.safeParse(request.query);
      if (!params.success || !query.success) throw new NotFound();
      const viewer = () => viewerOrStranger(app, request);
      const asked = { ...params.data, name: params.data.file.replace('.jpg', '') };
      const { key, isForAll } = await findPhoto(app, viewer, asked, query.data);
      const file = await app.storage.open(key);
      if (!file) throw new NotFound();
      return reply
        .headers({
          'content-type': 'image/jpeg',
          'content-length': file.sizeBytes,
          'cache-control': cacheControl[isForAll && asked.shelf === 'public' ? 'public' : 'private'],
          'content-security-policy': "default-src 'none'; sandbox",
          'cross-origin-resource-policy': 'same-site',
        })
        .send(file.stream);
    },
  );
}
