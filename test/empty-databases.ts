/** Databases without any schema, for tests below the application: on the shared test server, or one of their own. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../server/infra/postgres.ts';
import { atEnd } from './closing.ts';
import { connectTo, withAdmin } from './postgres.ts';

/** Gives what makes a database; all are dropped at the end of the file. */
export async function openEmptyDatabases(): Promise<() => Promise<pg.ClientConfig>> {
  const connect = await findServer();
  return async () => {
    const name = `test_${randomUUID().replaceAll('-', '')}`;
    await withAdmin(connect, (client) => client.query(`create database ${name}`));
    atEnd(() => withAdmin(connect, (client) => client.query(`drop database ${name} with (force)`)));
    return connect(name);
  };
}

async function findServer() {
  const { PINHOLE_TEST_SOCKET: socketDir, PINHOLE_TEST_USER: user } = process.env;
  if (socketDir && user) return connectTo(socketDir, user);
  const folder = await mkdtemp(path.join(tmpdir(), 'pinhole-test-pg-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  const server = await startEmbeddedPostgres({
    dataDir: path.join(folder, 'postgres'),
    say: () => undefined,
  });
  atEnd(() => server.stop());
  return connectTo(server.socketDir, server.user);
}

/** A connection that is closed at the end of the file. */
export async function openClient(connection: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(connection);
  client.on('error', () => undefined);
  await client.connect();
  atEnd(() => client.end());
  return client;
}
