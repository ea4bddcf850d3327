import { Forbidden } from '../../errors.ts';
import type { RateLimits } from '../../http/rate-limits.ts';
import type { Server } from '../../http/server.ts';
import { viewerOf } from '../../http/sessions.ts';
import type { App } from '../../infra/app.ts';
import { openExport } from './exports.ts';

/** Whoever takes nothing for so long has gone, and his place is another's. */
const STALL_MS = 120_000;

export function exportRoutes(server: Server, app: App, limits: RateLimits): void {
  server.get(
    '/me/export',
    {
      exposeHeadRoute: false,
      schema: {
        tags: ['accounts'],
        summary: 'All that is mine, as a ZIP: JSON and photos. From a web session, at most three a day',
        produces: ['application/zip'],
      },
    },
    async (request, reply) => {
      const { accountId, kind } = viewerOf(request);
      if (kind !== 'web')
        throw new Forbidden('web_session_needed', 'Sign in on the web to download your data.');
      // Another site can link here, and so use up what one may download in a day.
      if (request.headers['sec-fetch-site'] === 'cross-site')
        throw new Forbidden('cross_site', 'Open your settings to download your data.');
      const { stream, name } = await openExport(app, accountId, () => limits.export(accountId));
      reply.raw.setTimeout(STALL_MS, () => reply.raw.destroy());
      return reply
        .headers({
          'content-type': 'application/zip',
          'content-disposition': `attachment; filename="${name}"`,
          'content-security-policy': "default-src 'none'; sandbox",
        })
        .send(stream);
    },
  );
}
