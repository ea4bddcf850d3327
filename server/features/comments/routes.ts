import { pageQuery } from '../../../core/shapes.ts';
import { NotFound } from '../../errors.ts';
import { nextCursor, readCursor } from '../../http/cursors.ts';
import type { RateLimits } from '../../http/rate-limits.ts';
import type { Server } from '../../http/server.ts';
import { viewerOf } from '../../http/sessions.ts';
import { hydrateAccounts } from '../../hydrate/accounts.ts';
import { hydrateComments } from '../../hydrate/comments.ts';
import type { App } from '../../infra/app.ts';
import { accountsPage } from '../graph/schema.ts';
import { likeReply } from '../likes/schema.ts';
import { mustSeePost } from '../posts/posts.ts';
import { postIdParams, publishHeaders } from '../posts/schema.ts';
import * as commentLikes from './comment-likes.ts';
import * as comments from './comments.ts';
import { commentBody, commentIdParams, commentReply, commentsPage, repliesPage } from './schema.ts';

const OLDEST = '0';

export function commentRoutes(server: Server, app: App, limits: RateLimits): void {
  listRoutes(server, app);
  writeRoutes(server, app, limits);
  likeRoutes(server, app);
}

function listRoutes(server: Server, app: App): void {
  server.get(
    '/posts/:postId/comments',
    {
      schema: {
        tags: ['comments'],
        summary: 'Comments, newest first, without replies',
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

  server.get(
    '/comments/:commentId/replies',
    {
      schema: {
        tags: ['comments'],
        summary: 'Replies to a comment, oldest first',
        params: commentIdParams,
        querystring: pageQuery,
        response: { 200: repliesPage },
      },
    },
    async (request) => {
      const viewer = request.viewer?.accountId ?? null;
      const { commentId } = request.params;
      const { cursor, limit } = request.query;
      const { ownerId } = await comments.mustSeeComment(app, viewer, commentId);
      const list = ['replies', commentId, viewer];
      const after = readCursor(app, list, cursor, OLDEST);
      const rows = await comments.listReplies(app, commentId, after, limit);
      const items = await hydrateComments(app, viewer, ownerId, rows);
      return { items, nextCursor: nextCursor(app, list, rows.length, limit, rows.at(-1)?.comment_id) };
    },
  );
}

function writeRoutes(server: Server, app: App, limits: RateLimits): void {
  server.post(
    '/posts/:postId/comments',
    {
      schema: {
        tags: ['comments'],
        summary: 'Comment, or reply to a comment',
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
        request.body.parentId ?? null,
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
        summary: 'Delete a comment of mine, or one on my post, with its replies',
        params: commentIdParams,
      },
    },
    async (request, reply) => {
      await comments.deleteComment(app, viewerOf(request).accountId, request.params.commentId);
      return reply.code(204).send();
    },
  );
}

function likeRoutes(server: Server, app: App): void {
  const one = { tags: ['comments'], params: commentIdParams, response: { 200: likeReply } };

  server.put(
    '/comments/:commentId/like',
    { schema: { ...one, summary: 'Like a comment' } },
    async (request) => ({
      liked: true,
      likeCount: await commentLikes.likeComment(app, viewerOf(request).accountId, request.params.commentId),
    }),
  );

  server.delete(
    '/comments/:commentId/like',
    { schema: { ...one, summary: 'Unlike a comment' } },
    async (request) => ({
      liked: false,
      likeCount: await commentLikes.unlikeComment(app, viewerOf(request).accountId, request.params.commentId),
    }),
  );

  server.get(
    '/comments/:commentId/likes',
    {
      schema: {
        tags: ['comments'],
        summary: 'Who likes the comment, newest first',
        params: commentIdParams,
        querystring: pageQuery,
        response: { 200: accountsPage },
      },
    },
    async (request) => {
      const viewer = request.viewer?.accountId ?? null;
      const { commentId } = request.params;
      const { cursor, limit } = request.query;
      await comments.mustSeeComment(app, viewer, commentId);
      const list = ['comment-likes', commentId, viewer];
      const before = readCursor(app, list, cursor);
      const likers = await commentLikes.listCommentLikers(app, commentId, before, limit);
      const items = await hydrateAccounts(
        app,
        viewer,
        likers.map((liker) => liker.account_id),
      );
      return { items, nextCursor: nextCursor(app, list, likers.length, limit, likers.at(-1)?.like_id) };
    },
  );
}
