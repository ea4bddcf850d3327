import type { AccountId } from '../../../core/ids.ts';
import { NotFound } from '../../errors.ts';
import type { RateLimits } from '../../http/rate-limits.ts';
import type { Server } from '../../http/server.ts';
import { viewerOf } from '../../http/sessions.ts';
import { hydrateAccounts } from '../../hydrate/accounts.ts';
import type { App } from '../../infra/app.ts';
import { findThumbnail, makeThumbnail, makeUploadProof } from '../media/thumbnails.ts';
import * as drafts from './drafts.ts';
import {
  createDraftBody,
  createDraftHeaders,
  type Draft,
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
    async (request) => {
      const viewer = viewerOf(request).accountId;
      return { items: await withPeople(app, viewer, await drafts.listDrafts(app, viewer)) };
    },
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
      return present(app, viewer, drafts.createDraft(app, viewer, request.body.content, key));
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
    async (request) => {
      const viewer = viewerOf(request).accountId;
      return present(app, viewer, drafts.getDraft(app, viewer, request.params.draftId));
    },
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
      return present(app, viewer, drafts.saveDraft(app, viewer, request.params.draftId, request.body));
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
      return present(app, viewer, drafts.scheduleDraft(app, viewer, request.params.draftId, publishAt));
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
    async (request) => {
      const viewer = viewerOf(request).accountId;
      return present(app, viewer, drafts.unscheduleDraft(app, viewer, request.params.draftId));
    },
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

  server.get(
    '/drafts/:draftId/photos/:uploadId/proof',
    {
      schema: {
        tags: ['drafts'],
        summary:
          'The whole picture of a photo of a draft of mine without edits, as a JPEG of at most 2048 px',
        params: draftPhotoParams,
      },
    },
    async (request, reply) => {
      const viewer = viewerOf(request).accountId;
      const { draftId, uploadId } = request.params;
      const { mediaId } = await drafts.mustFindPhoto(app, viewer, draftId, uploadId);
      await limits.thumbnail(viewer);
      const bytes = await makeUploadProof(app, viewer, mediaId);
      return reply
        .headers({ 'content-type': 'image/jpeg', 'cross-origin-resource-policy': 'same-origin' })
        .send(bytes);
    },
  );
}

async function present(app: App, viewer: AccountId, draft: Promise<Draft>) {
  const [presented] = await withPeople(app, viewer, [await draft]);
  if (!presented) throw new NotFound();
  return presented;
}

async function withPeople(app: App, viewer: AccountId, items: Draft[]) {
  const named = items.map(({ content }) =>
    content.photos.flatMap(({ people }) => people.map(({ accountId }) => accountId as AccountId)),
  );
  const wanted = [...new Set(named.flat())];
  const seen = wanted.length === 0 ? [] : await hydrateAccounts(app, viewer, wanted);
  const cards = new Map(seen.map((account) => [account.id, account]));
  return items.map((item, at) => ({
    ...item,
    people: [...new Set(named[at])].flatMap((accountId) => cards.get(accountId) ?? []),
  }));
}
