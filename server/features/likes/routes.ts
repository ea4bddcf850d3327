import { pageQuery } from '../../../core/shapes.ts';
import { nextCursor, readCursor } from '../../http/cursors.ts';
import type { Server } from '../../http/server.ts';
import { viewerOf } from '../../http/sessions.ts';
import { hydrateAccounts } from '../../hydrate/accounts.ts';
import { hydratePostIds } from '../../hydrate/posts.ts';
import type { App } from '../../infra/app.ts';
import { accountsPage } from '../graph/schema.ts';
import { postIdParams, postsPage } from '../posts/schema.ts';
import * as likes from './likes.ts';
import * as saves from './saves.ts';
import { likeReply } from './schema.ts';

export function likeRoutes(server: Server, app: App): void {
  saveRoutes(server, app);
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
      await likes.mustSeeLikers(app, viewer, postId);
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

function saveRoutes(server: Server, app: App): void {
  server.put(
    '/posts/:postId/save',
    { schema: { tags: ['saves'], summary: 'Save, for myself alone', params: postIdParams } },
    async (request, reply) => {
      await saves.save(app, viewerOf(request).accountId, request.params.postId);
      return reply.code(204).send();
    },
  );

  server.delete(
    '/posts/:postId/save',
    { schema: { tags: ['saves'], summary: 'Do not keep it any more', params: postIdParams } },
    async (request, reply) => {
      await saves.unsave(app, viewerOf(request).accountId, request.params.postId);
      return reply.code(204).send();
    },
  );

  server.get(
    '/saves',
    {
      schema: {
        tags: ['saves'],
        summary: 'What I have saved, last saved first; what I may not see any more is left out',
        querystring: pageQuery,
        response: { 200: postsPage },
      },
    },
    async (request) => {
      const viewer = viewerOf(request).accountId;
      const { cursor, limit } = request.query;
      const list = ['saves', viewer];
      const saved = await saves.listSaves(app, viewer, readCursor(app, list, cursor), limit);
      const postIds = saved.map((each) => each.post_id);
      const items = await hydratePostIds(app, viewer, postIds, { mayLag: true });
      return { items, nextCursor: nextCursor(app, list, saved.length, limit, saved.at(-1)?.save_id) };
    },
  );
}
