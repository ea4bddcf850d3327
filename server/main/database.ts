/** The PostgreSQL server of this process: the configured one, or the embedded one, which it then starts and stops. */
import path from 'node:path';
import type { Config } from '../config.ts';
import { startEmbeddedPostgres } from '../infra/postgres.ts';
import type { Connect } from './app.ts';
import { say, step } from './progress.ts';

export type DatabaseServer = { connect: Connect; prefix: string; stop(): Promise<void> };

export async function startDatabase(config: Config): Promise<DatabaseServer> {
  if (config.databaseUrl !== '') {
    const url = new URL(config.databaseUrl);
    const prefix = decodeURIComponent(url.pathname.slice(1)) || 'pinhole';
    const connect: Connect = (name) => {
      const each = new URL(url);
      each.pathname = `/${encodeURIComponent(name)}`;
      return { connectionString: each.href };
    };
    return { connect, prefix, stop: async () => undefined };
  }
  const server = await step(
    'Starting the database',
    startEmbeddedPostgres({ dataDir: path.join(config.dataDir, 'postgres'), say }),
  );
  const connect: Connect = (database) => ({
    host: server.socketDir,
    port: 5432,
    user: server.user,
    database,
    ssl: false,
  });
  return { connect, prefix: 'pinhole', stop: () => server.stop() };
}
