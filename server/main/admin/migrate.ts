/** ./pinhole migrate: the directory, then all servers at the same time; before the new version starts. `up` does the same by itself. */
import pg from 'pg';
import { readConfig } from '../../config.ts';
import { type MigrationTarget, migrate, migrateAll } from '../../infra/migrations.ts';
import { connectionAt, shardDatabaseAt } from '../../infra/server-address.ts';
import { FIRST_SERVER } from '../../infra/shard-map.ts';
import { makeDatabases } from '../app.ts';
import { startDatabase } from '../database.ts';
import { say } from '../progress.ts';
import { folders } from '../servers.ts';

const CONNECT_MAX_MS = 5_000;

export async function run(): Promise<void> {
  const database = await startDatabase(readConfig(process.env), { mayShare: true });
  try {
    const { connect, prefix } = database;
    const names = { directory: `${prefix}_directory`, shard: `${prefix}_shard` };
    await makeDatabases(connect, Object.values(names));
    // First, because it says which servers there are.
    const applied = await migrate(connect(names.directory), folders.directory, say);
    for (const file of applied) say(`directory: ${file}`);
    await migrateAll(
      [
        { name: FIRST_SERVER, connection: connect(names.shard), folder: folders.shard },
        ...(await listOthers(connect(names.directory))),
      ],
      say,
    );
    say('All databases have the schema of this version.');
  } finally {
    await database.stop();
  }
}

async function listOthers(directory: pg.ClientConfig): Promise<MigrationTarget[]> {
  const client = new pg.Client(directory);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string; url: string }>(
      "select name, url from servers where url <> '' order by name",
    );
    return rows.map(({ name, url }) => ({
      name,
      connection: {
        ...connectionAt(url, shardDatabaseAt(url)),
        connectionTimeoutMillis: CONNECT_MAX_MS,
      },
      folder: folders.shard,
    }));
  } finally {
    await client.end();
  }
}
