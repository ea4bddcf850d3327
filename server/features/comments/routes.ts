import { pageQuery } from '../../../core/shapes.ts';
import { NotFound } from '../../errors.ts';
import { nextCursor, readCursor } from '../../http/cursors.ts';
import type { RateLimits } from '../../http/rate-limits.ts';
import type { Server } from '../../http/server.ts';
import { viewerOf } from '../../http/sessions.ts';
import { hydrateComments } from '../../hydrate/comments.ts';
import type { App } from '../../infra/app.ts';
import { mustSeePost } from '../posts/posts.ts';
import { postIdParams, publishHeaders } from '../posts/schema.ts';
import * as comments from './comments.ts';
import { commentBody, commentIdParams, commentReply, commentsPage } from './schema.ts';

export function commentRoutes(server: Server, app: App, limits: RateLimits): void {
  server.get(
    '/posts/:postId/comments',
    {
      schema: {
        tags: ['comments'],
        summary: 'Comments, newest first',
        params: postIdParams,
        querystring: pageQuery,
        response: { 200: commentsPage },
      },
    },
    async (request) => {
      const viewer = request.viewer?.accountId ?? null;
      const { postId } = request.params;
      const { cursor, limit } = request.query;
      const post = await mustSeePost(app, viewer, postId);
      const list = ['comments', postId, viewer];
      const rows = await comments.listComments(app, postId, readCursor(app, list, cursor), limit);
      const items = await hydrateComments(app, viewer, post.account_id, rows);
      return { items, nextCursor: nextCursor(app, list, rows.length, limit, rows.at(-1)?.comment_id) };
    },
  );

  server.post(
    '/posts/:postId/comments',
    {
      schema: {
        tags: ['comments'],
        summary: 'Comment',
        headers: publishHeaders,
        params: postIdParams,
        body: commentBody,
        response: { 201: commentReply },
      },
    },
    async (request, reply) => {
      const viewer = viewerOf(request).accountId;
      await limits.comment(viewer);
      const row = await comments.comment(
        app,
        viewer,
        request.params.postId,
        request.body.text,
        request.headers['idempotency-key'] ?? null,
      );
      const [card] = await hydrateComments(app, viewer, viewer, [row]);
      if (!card) throw new NotFound();
      reply.code(201);
      return card;
    },
  );

  server.delete(
    '/comments/:commentId',
    {
      schema: {
        tags: ['comments'],
        summary: 'Delete a comment of mine, or one on my post',
        params: commentIdParams,
      },
    },
    async (request, reply) => {
      await comments.deleteComment(app, viewerOf(request).accountId, request.params.commentId);
      return reply.code(204).send();
    },
  );
}
