import type { FastifyRequest } from 'fastify';
import { Unauthenticated } from '../../errors.ts';
import { openEventStream } from '../../http/event-stream.ts';
import type { Server } from '../../http/server.ts';
import { authenticate, viewerOf } from '../../http/sessions.ts';
import { hydrateComments } from '../../hydrate/comments.ts';
import { hydrateCounts } from '../../hydrate/posts.ts';
import type { App } from '../../infra/app.ts';
import type { Viewer } from '../accounts/accounts.ts';
import { openLive } from './live.ts';
import { changesQuery, changesReply, liveHeaders, liveQuery } from './schema.ts';

export function liveRoutes(server: Server, app: App): void {
  const live = openLive(app, { counts: hydrateCounts, comments: hydrateComments });
  // Before the server waits for its connections: a stream would never end by itself.
  server.addHook('preClose', async () => live.close());

  server.get(
    '/live',
    {
      // A HEAD would have no end.
      exposeHeadRoute: false,
      schema: {
        tags: ['live'],
        summary: 'What concerns me, as it happens: server-sent events, whose data is that of a LiveEvent',
        description:
          'Events: `activity`, `feed`, `post`, `comment`, `comment-gone`, `signed-out`. Something may be told twice, never not at all: what was missed since Last-Event-ID, or `after`, comes first.',
        produces: ['text/event-stream'],
        querystring: liveQuery,
        headers: liveHeaders,
      },
    },
    (request, reply) => {
      const viewer = viewerOf(request);
      const { after, posts, tab } = request.query;
      live.makeRoom(viewer.accountId, tab ?? null);
      const stream = openEventStream(request, reply);
      const end = live.connect(
        {
          accountId: viewer.accountId,
          after: request.headers['last-event-id'] ?? after ?? null,
          postIds: posts ?? [],
          tab: tab ?? null,
        },
        { ...stream, isSignedIn: () => isStillSignedIn(app, request, viewer) },
      );
      stream.onClose(end);
    },
  );

  server.get(
    '/live/changes',
    {
      schema: {
        tags: ['live'],
        summary: 'The same for those who cannot keep a stream: what happened since `after`',
        querystring: changesQuery,
        response: { 200: changesReply },
      },
    },
    async (request) => {
      const { after, posts } = request.query;
      const { accountId } = viewerOf(request);
      return live.changes({ accountId, after: after ?? null, postIds: posts ?? [] });
    },
  );
}

async function isStillSignedIn(app: App, request: FastifyRequest, viewer: Viewer): Promise<boolean> {
  try {
    const now = await authenticate(app, request);
    return now?.sessionId === viewer.sessionId;
  } catch (error) {
    if (error instanceof Unauthenticated) return false;
    throw error;
  }
}
