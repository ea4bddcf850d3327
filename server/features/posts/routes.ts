import { pageQuery } from '../../../core/shapes.ts';
import { nextCursor, readCursor } from '../../http/cursors.ts';
import type { RateLimits } from '../../http/rate-limits.ts';
import type { Server } from '../../http/server.ts';
import { viewerOf } from '../../http/sessions.ts';
import { hydratePost, hydratePostIds } from '../../hydrate/posts.ts';
import type { App } from '../../infra/app.ts';
import { accountIdParams } from '../accounts/schema.ts';
import { endDraft } from '../drafts/drafts.ts';
import { mustSeeAll } from '../graph/audience.ts';
import { openOriginal } from '../media/media.ts';
import { editsShape } from '../media/schema.ts';
import * as editing from './editing.ts';
import * as photos from './photos.ts';
import * as posts from './posts.ts';
import {
  editBody,
  photoEdits,
  photoParams,
  postIdParams,
  postReply,
  postsPage,
  publishBody,
  publishHeaders,
  replacePhotoBody,
} from './schema.ts';

/** Own posts that are still in work are shown above the first page of one's own profile. */
const UNPUBLISHED_MAX = 20;

export function postRoutes(server: Server, app: App, limits: RateLimits): void {
  photoRoutes(server, app, limits);
  editingRoutes(server, app, limits);
  server.post(
    '/posts',
    {
      schema: {
        tags: ['posts'],
        summary: 'Publish one to twenty uploaded photos',
        headers: publishHeaders,
        body: publishBody,
        response: { 201: postReply },
      },
    },
    async (request, reply) => {
      const viewer = viewerOf(request).accountId;
      await limits.post(viewer);
      const { draftId } = request.body;
      const postId = await posts.publish(
        app,
        viewer,
        request.body,
        request.headers['idempotency-key'] ?? null,
        draftId && ((tx) => endDraft(tx, viewer, draftId)),
      );
      reply.code(201);
      return hydratePost(app, viewer, postId);
    },
  );

  server.get(
    '/posts/:postId',
    { schema: { tags: ['posts'], summary: 'A post', params: postIdParams, response: { 200: postReply } } },
    async (request) => hydratePost(app, request.viewer?.accountId ?? null, request.params.postId),
  );

  server.delete(
    '/posts/:postId',
    { schema: { tags: ['posts'], summary: 'Delete a post of mine', params: postIdParams } },
    async (request, reply) => {
      await posts.deletePost(app, viewerOf(request).accountId, request.params.postId);
      return reply.code(204).send();
    },
  );

  server.get(
    '/accounts/:accountId/posts',
    {
      schema: {
        tags: ['posts'],
        summary:
          'Posts of an account: with the first page those that are pinned, then the others, newest first',
        params: accountIdParams,
        querystring: pageQuery,
        response: { 200: postsPage },
      },
    },
    async (request) => {
      const viewer = request.viewer?.accountId ?? null;
      const { accountId } = request.params;
      const { cursor, limit } = request.query;
      await mustSeeAll(app, viewer, accountId);
      const list = ['posts', accountId, viewer];
      const before = readCursor(app, list, cursor);
      const { pinned, postIds } = await posts.listProfileIds(app, accountId, before, limit, !cursor);
      const inWork =
        viewer === accountId && !cursor
          ? await posts.listUnpublishedIds(app, accountId, UNPUBLISHED_MAX)
          : [];
      const items = await hydratePostIds(app, viewer, [...inWork, ...pinned, ...postIds], {
        mayLag: viewer !== accountId,
        withOwn: true,
      });
      return { items, nextCursor: nextCursor(app, list, postIds.length, limit, postIds.at(-1)) };
    },
  );
}

/** What an author can do to a post that is there. */
function editingRoutes(server: Server, app: App, limits: RateLimits): void {
  server.patch(
    '/posts/:postId',
    {
      schema: {
        tags: ['posts'],
        summary: 'Change a post of mine; what is not named stays',
        params: postIdParams,
        body: editBody,
        response: { 200: postReply },
      },
    },
    async (request) => {
      const viewer = viewerOf(request).accountId;
      await limits.edit(viewer);
      await editing.editPost(app, viewer, request.params.postId, request.body);
      return hydratePost(app, viewer, request.params.postId);
    },
  );

  const states = [
    ['PUT', 'archive', 'Hide a post of mine from all others, for as long as I like', editing.archivePost],
    ['DELETE', 'archive', 'Show it again', editing.unarchivePost],
    ['PUT', 'pin', 'Show a post of mine first on my profile; at most three', editing.pinPost],
    ['DELETE', 'pin', 'In its place again', editing.unpinPost],
  ] as const;
  for (const [method, state, summary, change] of states)
    server.route({
      method,
      url: `/posts/:postId/${state}`,
      schema: { tags: ['posts'], summary, params: postIdParams, response: { 200: postReply } },
      handler: async (request) => {
        const viewer = viewerOf(request).accountId;
        await limits.edit(viewer);
        await change(app, viewer, request.params.postId);
        return hydratePost(app, viewer, request.params.postId);
      },
    });

  server.get(
    '/posts/archived',
    {
      schema: {
        tags: ['posts'],
        summary: 'My archived posts, newest first',
        querystring: pageQuery,
        response: { 200: postsPage },
      },
    },
    async (request) => {
      const viewer = viewerOf(request).accountId;
      const { cursor, limit } = request.query;
      const list = ['archived', viewer];
      const postIds = await posts.listArchivedIds(app, viewer, readCursor(app, list, cursor), limit);
      const items = await hydratePostIds(app, viewer, postIds, { mayLag: false, withOwn: true });
      return { items, nextCursor: nextCursor(app, list, postIds.length, limit, postIds.at(-1)) };
    },
  );
}

/** What an author can do to one photo of a post. */
function photoRoutes(server: Server, app: App, limits: RateLimits): void {
  const schema = { tags: ['posts'], params: photoParams };
  const path = '/posts/:postId/photos/:mediaId';

  server.get(
    `${path}/edits`,
    { schema: { ...schema, summary: 'What I did to a photo', response: { 200: photoEdits } } },
    async (request) => photos.getEdits(app, viewerOf(request).accountId, request.params),
  );

  server.put(
    `${path}/edits`,
    {
      schema: {
        ...schema,
        summary: 'Other edits: the photo is made anew',
        body: editsShape,
        response: { 200: postReply },
      },
    },
    async (request) => {
      const viewer = viewerOf(request).accountId;
      await limits.edit(viewer);
      await photos.changeEdits(app, viewer, request.params, request.body);
      return hydratePost(app, viewer, request.params.postId);
    },
  );

  server.put(
    path,
    {
      schema: {
        ...schema,
        summary: 'Another photo in the place of one that failed',
        body: replacePhotoBody,
        response: { 200: postReply },
      },
    },
    async (request) => {
      const viewer = viewerOf(request).accountId;
      await photos.replacePhoto(app, viewer, request.params, request.body);
      return hydratePost(app, viewer, request.params.postId);
    },
  );

  server.delete(
    path,
    { schema: { ...schema, summary: 'Leave out a photo that failed', response: { 200: postReply } } },
    async (request) => {
      const viewer = viewerOf(request).accountId;
      await photos.leaveOutPhoto(app, viewer, request.params);
      return hydratePost(app, viewer, request.params.postId);
    },
  );

  server.get(
    `${path}/proof`,
    { schema: { ...schema, summary: 'The whole picture without edits, as a JPEG of at most 2048 px' } },
    async (request, reply) => {
      const viewer = viewerOf(request).accountId;
      await limits.edit(viewer);
      const proof = await photos.getProof(app, viewer, request.params);
      return reply.header('content-type', 'image/jpeg').send(proof);
    },
  );

  server.get(
    `${path}/original`,
    { schema: { ...schema, summary: 'The untouched file, if it was kept' } },
    async (request, reply) => {
      const mediaId = await photos.mustOwnMedia(app, viewerOf(request).accountId, request.params);
      const { stream, sizeBytes, format } = await openOriginal(app, mediaId);
      return reply
        .headers({
          'content-type': 'application/octet-stream',
          'content-length': sizeBytes,
          'content-disposition': `attachment; filename="${mediaId}.${format === 'jpeg' ? 'jpg' : format}"`,
          'content-security-policy': "default-src 'none'; sandbox",
        })
        .send(stream);
    },
  );
}
