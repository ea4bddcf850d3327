import type { App } from '../infra/app.ts';
import { ServerDown } from '../infra/server-down.ts';
import { sql } from '../infra/sql.ts';
import type { Server } from './server.ts';

/**
 * /health: the process answers. /health/ready: it can serve as well. One server of several that is down is no reason to
 * take the process out: it serves the members of the others, and every other process has the same server missing.
 */
export function healthRoutes(server: Server, app: App): void {
  server.get('/health', { schema: { hide: true } }, async () => ({ status: 'ok' }));
  server.get('/health/ready', { schema: { hide: true } }, async () => {
    const databases = [app.shards.directory, ...app.shards.servers.map((each) => each.database)];
    const answers = await Promise.allSettled(databases.map((database) => database.rows(sql`select 1`)));
    const [directory, ...servers] = answers.map(({ status }) => status === 'fulfilled');
    if (!servers.some(Boolean)) throw new ServerDown('servers', 'none answers');
    return { status: directory && servers.every(Boolean) ? 'ready' : 'degraded' };
  });
}
