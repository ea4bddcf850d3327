import type { Server } from '../../http/server.ts';
import type { App } from '../../infra/app.ts';
import { listOwners } from './owners.ts';
import { ownersQuery, ownersReply } from './schema.ts';

export function ownerRoutes(server: Server, app: App): void {
  server.get(
    '/posts/owners',
    {
      schema: {
        tags: ['posts'],
        summary: 'Whose posts these are; those that I may not see are left out',
        querystring: ownersQuery,
        response: { 200: ownersReply },
      },
    },
    async (request) => ({
      items: await listOwners(app, request.viewer?.accountId ?? null, request.query.ids),
    }),
  );
}
