import { pageQuery } from '../../../core/shapes.ts';
import { nextCursor, readCursor } from '../../http/cursors.ts';
import type { Server } from '../../http/server.ts';
import { viewerOf } from '../../http/sessions.ts';
import { hydratePostIds } from '../../hydrate/posts.ts';
import type { App } from '../../infra/app.ts';
import { accountIdParams } from '../accounts/schema.ts';
import { mustSeeAll } from '../graph/audience.ts';
import { postIdParams, postsPage } from '../posts/schema.ts';
import { listTaggedPosts, removeMyName } from './people.ts';

export function peopleRoutes(server: Server, app: App): void {
  server.get(
    '/accounts/:accountId/tagged',
    {
      schema: {
        tags: ['people'],
        summary: 'Posts on which an account is named, newest first',
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
      const list = ['tagged', accountId, viewer];
      const postIds = await listTaggedPosts(app, accountId, readCursor(app, list, cursor), limit);
      const posts = await hydratePostIds(app, viewer, postIds, { mayLag: true });
      // Who has just taken his name away is not shown until the mirror knows.
      const items = posts.filter(({ photos }) =>
        photos.some(({ people }) => people.some(({ account }) => account.id === accountId)),
      );
      return { items, nextCursor: nextCursor(app, list, postIds.length, limit, postIds.at(-1)) };
    },
  );

  server.delete(
    '/posts/:postId/people/me',
    { schema: { tags: ['people'], summary: 'Take my name away from a post', params: postIdParams } },
    async (request, reply) => {
      await removeMyName(app, viewerOf(request).accountId, request.params.postId);
      return reply.code(204).send();
    },
  );
}
