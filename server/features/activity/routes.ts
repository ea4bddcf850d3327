import { pageQuery } from '../../../core/shapes.ts';
import { nextCursor, readCursor } from '../../http/cursors.ts';
import type { Server } from '../../http/server.ts';
import { viewerOf } from '../../http/sessions.ts';
import { hydrateActivity } from '../../hydrate/activity.ts';
import type { App } from '../../infra/app.ts';
import * as activity from './activity.ts';
import { activityPage, seenBody, unreadReply } from './schema.ts';

export function activityRoutes(server: Server, app: App): void {
  server.get(
    '/activity',
    {
      schema: {
        tags: ['activity'],
        summary: 'What I was told, newest first; likes of one post or comment together',
        querystring: pageQuery,
        response: { 200: activityPage },
      },
    },
    async (request) => {
      const viewer = viewerOf(request).accountId;
      const { cursor, limit } = request.query;
      const list = ['activity', viewer];
      const before = readCursor(app, list, cursor);
      const seenId = await activity.findSeenId(app, viewer);
      const { groups, last, isEnd } = await activity.listActivity(app, viewer, before, limit, seenId);
      const items = await hydrateActivity(app, viewer, groups, seenId);
      return { items, nextCursor: isEnd ? null : nextCursor(app, list, limit, limit, last) };
    },
  );

  server.get(
    '/activity/unread',
    { schema: { tags: ['activity'], summary: 'How much of it is unread', response: { 200: unreadReply } } },
    async (request) => ({ count: await activity.countUnread(app, viewerOf(request).accountId) }),
  );

  server.put(
    '/activity/seen',
    { schema: { tags: ['activity'], summary: 'Mark all up to this one as read', body: seenBody } },
    async (request, reply) => {
      await activity.markSeen(app, viewerOf(request).accountId, request.body.activityId);
      return reply.code(204).send();
    },
  );
}
