import { pageQuery } from '../../../core/shapes.ts';
import { nextCursor, readCursor } from '../../http/cursors.ts';
import type { Server } from '../../http/server.ts';
import { viewerOf } from '../../http/sessions.ts';
import { hydratePosts } from '../../hydrate/posts.ts';
import type { App } from '../../infra/app.ts';
import { postsPage } from '../posts/schema.ts';
import { listHome } from './feed.ts';

export function feedRoutes(server: Server, app: App): void {
  server.get(
    '/feed',
    {
      schema: {
        tags: ['feed'],
        summary: 'My home feed, newest first',
        querystring: pageQuery,
        response: { 200: postsPage },
      },
    },
    async (request) => {
      const viewer = viewerOf(request).accountId;
      const { cursor, limit } = request.query;
      const list = ['feed', viewer];
      const rows = await listHome(app, viewer, readCursor(app, list, cursor), limit);
      const items = await hydratePosts(app, viewer, rows);
      return { items, nextCursor: nextCursor(app, list, rows.length, limit, rows.at(-1)?.post_id) };
    },
  );
}
