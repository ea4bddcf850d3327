import { pageQuery } from '../../../core/shapes.ts';
import { nextCursor, readCursor } from '../../http/cursors.ts';
import type { RateLimits } from '../../http/rate-limits.ts';
import type { Server } from '../../http/server.ts';
import { viewerOf } from '../../http/sessions.ts';
import { hydratePost, hydratePostIds } from '../../hydrate/posts.ts';
import type { App } from '../../infra/app.ts';
import { accountIdParams } from '../accounts/schema.ts';
import { mustSeeAll } from '../graph/audience.ts';
import * as posts from './posts.ts';
import { postIdParams, postReply, postsPage, publishBody, publishHeaders } from './schema.ts';

/** Own posts that are still in work are shown above the first page of one's own profile. */
const UNPUBLISHED_MAX = 20;

export function postRoutes(server: Server, app: App, limits: RateLimits): void {
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
      const postId = await posts.publish(
        app,
        viewer,
        request.body,
        request.headers['idempotency-key'] ?? null,
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
        summary: 'Posts of an account, newest first',
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
      const postIds = await posts.listPostIdsOfAccount(app, accountId, readCursor(app, list, cursor), limit);
      const inWork =
        viewer === accountId && !cursor
          ? await posts.listUnpublishedIds(app, accountId, UNPUBLISHED_MAX)
          : [];
      const items = await hydratePostIds(app, viewer, [...inWork, ...postIds]);
      return { items, nextCursor: nextCursor(app, list, postIds.length, limit, postIds.at(-1)) };
    },
  );
}
