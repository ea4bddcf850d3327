import type { RateLimits } from '../../http/rate-limits.ts';
import type { Server } from '../../http/server.ts';
import { viewerOf } from '../../http/sessions.ts';
import type { App } from '../../infra/app.ts';
import { findThumbnail, makeThumbnail } from '../media/thumbnails.ts';
import * as drafts from './drafts.ts';
import {
  createDraftBody,
  createDraftHeaders,
  draft,
  draftIdParams,
  draftPhotoParams,
  draftsReply,
  saveDraftBody,
  scheduleBody,
  thumbnailQuery,
} from './schema.ts';

const THUMBNAIL_SECONDS = 86_400;

export function draftRoutes(server: Server, app: App, limits: RateLimits): void {
  server.get(
    '/drafts',
    {
      schema: { tags: ['drafts'], summary: 'My drafts, changed last first', response: { 200: draftsReply } },
    },
    async (request) => ({ items: await drafts.listDrafts(app, viewerOf(request).accountId) }),
  );

  server.post(
    '/drafts',
    {
      schema: {
        tags: ['drafts'],
        summary: 'A new draft',
        headers: createDraftHeaders,
        body: createDraftBody,
        response: { 201: draft },
      },
    },
    async (request, reply) => {
      const viewer = viewerOf(request).accountId;
      await limits.draft(viewer);
      const key = request.headers['idempotency-key'] ?? null;
      reply.code(201);
      return drafts.createDraft(app, viewer, request.body.content, key);
    },
  );

  server.get(
    '/drafts/:draftId',
    {
      schema: {
        tags: ['drafts'],
        summary: 'A draft of mine',
        params: draftIdParams,
        response: { 200: draft },
      },
    },
    async (request) => drafts.getDraft(app, viewerOf(request).accountId, request.params.draftId),
  );

  server.put(
    '/drafts/:draftId',
    {
      schema: {
        tags: ['drafts'],
        summary: 'Save a draft; one that is scheduled stays so',
        params: draftIdParams,
        body: saveDraftBody,
        response: { 200: draft },
      },
    },
    async (request) => {
      const viewer = viewerOf(request).accountId;
      await limits.draft(viewer);
      return drafts.saveDraft(app, viewer, request.params.draftId, request.body);
    },
  );

  server.delete(
    '/drafts/:draftId',
    { schema: { tags: ['drafts'], summary: 'Throw a draft away', params: draftIdParams } },
    async (request, reply) => {
      await drafts.deleteDraft(app, viewerOf(request).accountId, request.params.draftId);
      return reply.code(204).send();
    },
  );

  scheduleRoutes(server, app, limits);
  thumbnailRoutes(server, app, limits);
}

function scheduleRoutes(server: Server, app: App, limits: RateLimits): void {
  server.put(
    '/drafts/:draftId/schedule',
    {
      schema: {
        tags: ['drafts'],
        summary: 'Publish a draft at a later moment',
        params: draftIdParams,
        body: scheduleBody,
        response: { 200: draft },
      },
    },
    async (request) => {
      const viewer = viewerOf(request).accountId;
      await limits.draft(viewer);
      const publishAt = new Date(request.body.publishAt);
      return drafts.scheduleDraft(app, viewer, request.params.draftId, publishAt);
    },
  );

  server.delete(
    '/drafts/:draftId/schedule',
    {
      schema: {
        tags: ['drafts'],
        summary: 'Do not publish it by itself any more',
        params: draftIdParams,
        response: { 200: draft },
      },
    },
    async (request) => drafts.unscheduleDraft(app, viewerOf(request).accountId, request.params.draftId),
  );
}

function thumbnailRoutes(server: Server, app: App, limits: RateLimits): void {
  server.get(
    '/drafts/:draftId/photos/:uploadId/thumbnail',
    {
      schema: {
        tags: ['drafts'],
        summary: 'A photo of a draft of mine with its edits, as a JPEG of at most 320 px in width',
        params: draftPhotoParams,
        querystring: thumbnailQuery,
      },
    },
    async (request, reply) => {
      const viewer = viewerOf(request).accountId;
      const { draftId, uploadId } = request.params;
      const photo = await drafts.mustFindPhoto(app, viewer, draftId, uploadId);
      let bytes = await findThumbnail(app, photo);
      if (!bytes) {
        await limits.thumbnail(viewer);
        bytes = await makeThumbnail(app, viewer, photo);
      }
      return reply
        .headers({
          'content-type': 'image/jpeg',
          'cache-control': `private, max-age=${THUMBNAIL_SECONDS}`,
          'content-security-policy': "default-src 'none'; sandbox",
          'cross-origin-resource-policy': 'same-origin',
        })
        .send(bytes);
    },
  );
}
