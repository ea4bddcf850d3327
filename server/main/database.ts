/** The PostgreSQL server of this process: the configured one, or the embedded one, which it then starts and stops. */
import path from 'node:path';
import type { Config } from '../config.ts';
import { startEmbeddedPostgres } from '../infra/postgres.ts';
import { findRunningPostgres } from '../infra/postgres-attach.ts';
import { connectionAt, prefixOf } from '../infra/server-address.ts';
import type { Connect } from './app.ts';
import { OperatorFault, say, step } from './progress.ts';

export type DatabaseServer = { connect: Connect; prefix: string; stop(): Promise<void> };

/** `mayShare`: where another Pinhole runs on the data folder, its database is used, and left running. */
export async function startDatabase(config: Config, { mayShare = false } = {}): Promise<DatabaseServer> {
  if (config.databaseUrl !== '') {
    const connect: Connect = (name) => connectionAt(config.databaseUrl, name);
    return { connect, prefix: prefixOf(config.databaseUrl), stop: async () => undefined };
  }
  const dataDir = path.join(config.dataDir, 'postgres');
  const running = mayShare ? await findRunningPostgres(dataDir) : null;
  if (running) return { connect: connectTo(running), prefix: 'pinhole', stop: async () => undefined };
  const starting = startEmbeddedPostgres({ dataDir, say }).catch((error) => {
    throw new OperatorFault(error instanceof Error ? error.message : String(error));
  });
  const server = await step('Starting the database', starting);
  return { connect: connectTo(server), prefix: 'pinhole', stop: () => server.stop() };
}

function connectTo({ socketDir, user }: { socketDir: string; user: string }): Connect {
  return (database) => ({ host: socketDir, port: 5432, user, database, ssl: false });
}
