import { pageQuery } from '../../../core/shapes.ts';
import { nextCursor, readCursor } from '../../http/cursors.ts';
import type { Server } from '../../http/server.ts';
import { viewerOf } from '../../http/sessions.ts';
import { hydrateAccounts } from '../../hydrate/accounts.ts';
import type { App } from '../../infra/app.ts';
import { accountsPage } from '../graph/schema.ts';
import { mustSeePost } from '../posts/posts.ts';
import { postIdParams } from '../posts/schema.ts';
import * as likes from './likes.ts';
import { likeReply } from './schema.ts';

export function likeRoutes(server: Server, app: App): void {
  server.put(
    '/posts/:postId/like',
    { schema: { tags: ['likes'], summary: 'Like', params: postIdParams, response: { 200: likeReply } } },
    async (request) => ({
      liked: true,
      likeCount: await likes.like(app, viewerOf(request).accountId, request.params.postId),
    }),
  );

  server.delete(
    '/posts/:postId/like',
    { schema: { tags: ['likes'], summary: 'Unlike', params: postIdParams, response: { 200: likeReply } } },
    async (request) => ({
      liked: false,
      likeCount: await likes.unlike(app, viewerOf(request).accountId, request.params.postId),
    }),
  );

  server.get(
    '/posts/:postId/likes',
    {
      schema: {
        tags: ['likes'],
        summary: 'Who likes it, newest first',
        params: postIdParams,
        querystring: pageQuery,
        response: { 200: accountsPage },
      },
    },
    async (request) => {
      const viewer = request.viewer?.accountId ?? null;
      const { postId } = request.params;
      const { cursor, limit } = request.query;
      await mustSeePost(app, viewer, postId);
      const list = ['likes', postId, viewer];
      const likers = await likes.listLikers(app, postId, readCursor(app, list, cursor), limit);
      const items = await hydrateAccounts(
        app,
        viewer,
        likers.map((liker) => liker.account_id),
      );
      return { items, nextCursor: nextCursor(app, list, likers.length, limit, likers.at(-1)?.like_id) };
    },
  );
}
