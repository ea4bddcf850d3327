import type { AccountId } from '../../../core/ids.ts';
import { pageQuery } from '../../../core/shapes.ts';
import { NotFound } from '../../errors.ts';
import { type ListName, nextCursor, readCursor } from '../../http/cursors.ts';
import type { Server } from '../../http/server.ts';
import { viewerOf } from '../../http/sessions.ts';
import { hydrateAccounts, hydrateBlocked } from '../../hydrate/accounts.ts';
import type { App } from '../../infra/app.ts';
import { accountIdParams } from '../accounts/schema.ts';
import { mustSee, mustSeeAll, seeAccount, type ViewerId } from './audience.ts';
import * as graph from './graph.ts';
import { accountsPage, relationshipReply } from './schema.ts';
import type { Edge } from './store.ts';

export function graphRoutes(server: Server, app: App): void {
  tieRoutes(server, app);
  requestRoutes(server, app);
  listRoutes(server, app);
}

async function relationshipOf(app: App, viewer: AccountId, accountId: AccountId) {
  const relationship = (await graph.listRelationships(app, viewer, [accountId])).get(accountId);
  if (!relationship) throw new NotFound();
  return relationship;
}

/** Also one who blocks the viewer can be blocked and unblocked; one who does not exist cannot. */
async function mustExist(app: App, accountId: AccountId): Promise<void> {
  if (!(await seeAccount(app, null, accountId))) throw new NotFound();
}

function tieRoutes(server: Server, app: App): void {
  const schema = { tags: ['graph'], params: accountIdParams, response: { 200: relationshipReply } };

  server.put(
    '/accounts/:accountId/follow',
    { schema: { ...schema, summary: 'Follow; a private account is asked first' } },
    async (request) => {
      const viewer = viewerOf(request).accountId;
      await graph.follow(app, viewer, request.params.accountId);
      return relationshipOf(app, viewer, request.params.accountId);
    },
  );

  server.delete(
    '/accounts/:accountId/follow',
    { schema: { ...schema, summary: 'Unfollow, or take back the request' } },
    async (request) => {
      const viewer = viewerOf(request).accountId;
      await graph.unfollow(app, viewer, request.params.accountId);
      await mustSee(app, viewer, request.params.accountId);
      return relationshipOf(app, viewer, request.params.accountId);
    },
  );

  server.delete(
    '/accounts/:accountId/follower',
    { schema: { ...schema, summary: 'Remove a follower' } },
    async (request) => {
      const viewer = viewerOf(request).accountId;
      await graph.removeFollower(app, viewer, request.params.accountId);
      await mustSee(app, viewer, request.params.accountId);
      return relationshipOf(app, viewer, request.params.accountId);
    },
  );

  server.put(
    '/accounts/:accountId/block',
    { schema: { ...schema, summary: 'Block: neither sees anything of the other' } },
    async (request) => {
      const viewer = viewerOf(request).accountId;
      await mustExist(app, request.params.accountId);
      await graph.block(app, viewer, request.params.accountId);
      return { ...(await relationshipOf(app, viewer, request.params.accountId)), blocked: true };
    },
  );

  server.delete(
    '/accounts/:accountId/block',
    { schema: { ...schema, summary: 'Unblock' } },
    async (request) => {
      const viewer = viewerOf(request).accountId;
      await mustExist(app, request.params.accountId);
      await graph.unblock(app, viewer, request.params.accountId);
      return relationshipOf(app, viewer, request.params.accountId);
    },
  );
}

function requestRoutes(server: Server, app: App): void {
  server.get(
    '/follow-requests',
    {
      schema: {
        tags: ['graph'],
        summary: 'Who asks to follow me',
        querystring: pageQuery,
        response: { 200: accountsPage },
      },
    },
    async (request) => {
      const viewer = viewerOf(request).accountId;
      return pageOfEdges(app, viewer, ['requests', viewer], request.query, (before, limit) =>
        graph.listRequests(app, viewer, before, limit),
      );
    },
  );

  server.put(
    '/follow-requests/:accountId',
    { schema: { tags: ['graph'], summary: 'Accept', params: accountIdParams } },
    async (request, reply) => {
      await graph.acceptRequest(app, viewerOf(request).accountId, request.params.accountId);
      return reply.code(204).send();
    },
  );

  server.delete(
    '/follow-requests/:accountId',
    { schema: { tags: ['graph'], summary: 'Decline', params: accountIdParams } },
    async (request, reply) => {
      const viewer = viewerOf(request).accountId;
      await graph.removeFollower(app, viewer, request.params.accountId);
      await mustSee(app, viewer, request.params.accountId);
      return reply.code(204).send();
    },
  );
}

function listRoutes(server: Server, app: App): void {
  const schema = {
    tags: ['graph'],
    params: accountIdParams,
    querystring: pageQuery,
    response: { 200: accountsPage },
  };

  server.get(
    '/accounts/:accountId/followers',
    { schema: { ...schema, summary: 'Who follows it, newest first' } },
    async (request) => {
      const viewer = request.viewer?.accountId ?? null;
      const { accountId } = request.params;
      await mustSeeAll(app, viewer, accountId);
      return pageOfEdges(app, viewer, ['followers', accountId, viewer], request.query, (before, limit) =>
        graph.listFollowers(app, accountId, before, limit),
      );
    },
  );

  server.get(
    '/accounts/:accountId/following',
    { schema: { ...schema, summary: 'Whom it follows, newest first' } },
    async (request) => {
      const viewer = request.viewer?.accountId ?? null;
      const { accountId } = request.params;
      await mustSeeAll(app, viewer, accountId);
      return pageOfEdges(app, viewer, ['following', accountId, viewer], request.query, (before, limit) =>
        graph.listFollowing(app, accountId, before, limit),
      );
    },
  );

  server.get(
    '/blocks',
    {
      schema: {
        tags: ['graph'],
        summary: 'Whom I block',
        querystring: pageQuery,
        response: { 200: accountsPage },
      },
    },
    async (request) => {
      const viewer = viewerOf(request).accountId;
      const list = ['blocks', viewer];
      const { items, edges } = await hydrateBlocked(
        app,
        viewer,
        readCursor(app, list, request.query.cursor),
        request.query.limit,
      );
      return {
        items,
        nextCursor: nextCursor(app, list, edges.length, request.query.limit, edges.at(-1)?.follow_id),
      };
    },
  );
}

async function pageOfEdges(
  app: App,
  viewer: ViewerId,
  list: ListName,
  query: { cursor?: string | undefined; limit: number },
  read: (before: string, limit: number) => Promise<Edge[]>,
) {
  const edges = await read(readCursor(app, list, query.cursor), query.limit);
  const items = await hydrateAccounts(
    app,
    viewer,
    edges.map((edge) => edge.account_id),
  );
  return { items, nextCursor: nextCursor(app, list, edges.length, query.limit, edges.at(-1)?.follow_id) };
}
