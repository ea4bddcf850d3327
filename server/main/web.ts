/** The web process's server: all routes, the API's description, the web client. */

import path from 'node:path';
import swaggerUi from '@fastify/swagger-ui';
import { accountRoutes } from '../features/accounts/routes.ts';
import { activityRoutes } from '../features/activity/routes.ts';
import { commentRoutes } from '../features/comments/routes.ts';
import { draftRoutes } from '../features/drafts/routes.ts';
import { exploreRoutes } from '../features/explore/routes.ts';
import { exportRoutes } from '../features/exports/routes.ts';
import { feedRoutes } from '../features/feed/routes.ts';
import { graphRoutes } from '../features/graph/routes.ts';
import { likeRoutes } from '../features/likes/routes.ts';
import { liveRoutes } from '../features/live/routes.ts';
import { mediaRoutes, photoRoutes } from '../features/media/routes.ts';
import { ownerRoutes } from '../features/owners/routes.ts';
import { peopleRoutes } from '../features/people/routes.ts';
import { postRoutes } from '../features/posts/routes.ts';
import { healthRoutes } from '../http/health.ts';
import { pageRoutes } from '../http/pages.ts';
import { policyReportRoutes } from '../http/policy-reports.ts';
import { buildServer, type Server } from '../http/server.ts';
import type { App } from '../infra/app.ts';
import { root } from './app.ts';

/** The API's page is Swagger's: it shows images as data: addresses, and talks to this server alone. */
const API_PAGE_POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

export const webFolder = path.join(root, 'dist/web');

export async function buildWeb(app: App, isSetupCode: (code: string) => boolean): Promise<Server> {
  const server = await buildServer(app, {
    api: [
      accountRoutes(isSetupCode),
      graphRoutes,
      mediaRoutes,
      ownerRoutes,
      peopleRoutes,
      postRoutes,
      draftRoutes,
      likeRoutes,
      commentRoutes,
      feedRoutes,
      exploreRoutes,
      activityRoutes,
      liveRoutes,
      exportRoutes,
      policyReportRoutes,
    ],
    root: [healthRoutes, photoRoutes],
  });
  await server.register(swaggerUi, {
    routePrefix: '/api',
    staticCSP: true,
    transformStaticCSP: () => API_PAGE_POLICY,
    uiConfig: { docExpansion: 'list', deepLinking: true },
  });
  server.get('/api/openapi.json', { schema: { hide: true } }, async () => server.swagger());
  await pageRoutes(server, app, webFolder);
  return server;
}
