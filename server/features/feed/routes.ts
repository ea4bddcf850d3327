import { pageQuery } from '../../../core/shapes.ts';
import { nextCursor, readCursor } from '../../http/cursors.ts';
import type { Server } from '../../http/server.ts';
import { viewerOf } from '../../http/sessions.ts';
import { hydratePostIds, hydratePosts } from '../../hydrate/posts.ts';
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
      const home = await listHome(app, viewer, readCursor(app, list, cursor), limit);
      const postIds = home.way === 'listed' ? home.postIds : home.posts.map((post) => post.post_id);
      const items =
        home.way === 'listed'
          ? await hydratePostIds(app, viewer, postIds, { mayLag: true, onlyFollowed: true })
          : await hydratePosts(app, viewer, home.posts);
      return { items, nextCursor: nextCursor(app, list, postIds.length, limit, postIds.at(-1)) };
    },
  );
}
