/** The PostgreSQL server of the tests: the one that `./pinhole test` started, or, for a file run alone, one of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { readConfig } from '../server/config.ts';
import { startEmbeddedPostgres } from '../server/infra/postgres.ts';
import { type Connect, openApp } from '../server/main/app.ts';

export type TestServer = { socketDir: string; user: string; stop(): Promise<void> };
export const TEMPLATE = 'template_pinhole';

/** `binDir`: the folder of another PostgreSQL's programs, e.g. Debian's. */
export async function startTestServer(binDir?: string): Promise<TestServer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'pinhole-test-pg-'));
  const server = await startEmbeddedPostgres({
    dataDir: path.join(folder, 'postgres'),
    ...(binDir ? { binDir } : {}),
    say: () => undefined,
    settings: { max_connections: '200' },
  });
  const stop = async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  await makeTemplate(connectTo(server.socketDir, server.user));
  return { socketDir: server.socketDir, user: server.user, stop };
}

export function connectTo(socketDir: string, user: string): Connect {
  return (database) => ({ host: socketDir, port: 5432, user, database, ssl: false });
}

/** Migrated once; each test file then gets a copy within a tenth of a second. */
async function makeTemplate(connect: Connect): Promise<void> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'pinhole-test-template-'));
  const { close } = await openApp({ ...readConfig({}), dataDir }, connect, TEMPLATE, () => undefined);
  await close();
  await rm(dataDir, { recursive: true, force: true });
}

export async function withAdmin<Result>(
  connect: Connect,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client(connect('postgres'));
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
