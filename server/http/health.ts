import type { App } from '../infra/app.ts';
import { sql } from '../infra/sql.ts';
import type { Server } from './server.ts';

/** /health: the process answers. /health/ready: it can serve as well, because its databases answer. */
export function healthRoutes(server: Server, app: App): void {
  server.get('/health', { schema: { hide: true } }, async () => ({ status: 'ok' }));
  server.get('/health/ready', { schema: { hide: true } }, async () => {
    const databases = [app.shards.directory, ...app.shards.servers.map((each) => each.database)];
    await Promise.all(databases.map((database) => database.rows(sql`select 1`)));
    return { status: 'ready' };
  });
}
