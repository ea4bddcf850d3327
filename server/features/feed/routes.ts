import type { AccountId } from '../../../core/ids.ts';
import { pageQuery } from '../../../core/shapes.ts';
import { nextCursor, readCursor } from '../../http/cursors.ts';
import type { Server } from '../../http/server.ts';
import { viewerOf } from '../../http/sessions.ts';
import { presentMe } from '../../hydrate/accounts.ts';
import { hydratePostIds, hydratePosts } from '../../hydrate/posts.ts';
import type { App } from '../../infra/app.ts';
import { postsPage } from '../posts/schema.ts';
import { listHome } from './feed.ts';
import { homeQuery, homeReply } from './schema.ts';

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
    async (request) => pageOfFeed(app, viewerOf(request).accountId, request.query),
  );

  server.get(
    '/home',
    {
      schema: {
        tags: ['feed'],
        summary: 'What the first screen needs: GET /me, and the first page of GET /feed',
        querystring: homeQuery,
        response: { 200: homeReply },
      },
    },
    async (request) => {
      const viewer = viewerOf(request);
      const [me, feed] = await Promise.all([
        presentMe(app, viewer),
        pageOfFeed(app, viewer.accountId, request.query),
      ]);
      return { me, feed: request.scope.isPartial ? { ...feed, isPartial: true } : feed };
    },
  );
}

async function pageOfFeed(
  app: App,
  viewer: AccountId,
  { cursor, limit }: { cursor?: string | undefined; limit: number },
) {
  const list = ['feed', viewer];
  const home = await listHome(app, viewer, readCursor(app, list, cursor), limit);
  const postIds = home.way === 'listed' ? home.postIds : home.posts.map((post) => post.post_id);
  const items =
    home.way === 'listed'
      ? await hydratePostIds(app, viewer, postIds, { mayLag: true, onlyFollowed: true })
      : await hydratePosts(app, viewer, home.posts);
  return { items, nextCursor: nextCursor(app, list, postIds.length, limit, postIds.at(-1)) };
}
