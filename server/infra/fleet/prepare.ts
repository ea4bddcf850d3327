/** Makes a server ready to be given shards. Every step can be done again, and none touches what is not new. */

import { LOGICAL_SHARDS } from '../../../core/ids.ts';
import { migrate } from '../migrations.ts';
import { connectionAt, shardDatabaseAt } from '../server-address.ts';
import { shardTables } from '../shard-tables.ts';
import { sql } from '../sql.ts';
import { type Client, withClient } from './client.ts';

const ANSWER_MS = 60_000;
const NAMED_MAX = 5;

/** The server's database is not one that may become a part of this network. */
export class NotNew extends Error {
  readonly isForOperator = true;
}

/** `folder`: of the numbered SQL files. Throws NotNew, and what PostgreSQL says. */
export async function prepareShardServer(
  url: string,
  folder: string,
  say: (line: string) => void,
): Promise<void> {
  const database = shardDatabaseAt(url);
  const connection = connectionAt(url, database);
  await withClient(connectionAt(url, 'postgres'), ANSWER_MS, async (client) => {
    const there = await client.rows(sql`select from pg_database where datname = ${database}`);
    if (there.length === 0)
      await client.text(
        `create database "${database.replaceAll('"', '""')}" encoding 'UTF8' template template0`,
      );
  });
  await withClient(connection, ANSWER_MS, (client) => mustHoldNothingElse(client, database));
  await migrate(connection, folder, say);
  await withClient(connection, ANSWER_MS, (client) => giveUpShards(client, database));
}

async function mustHoldNothingElse(client: Client, database: string): Promise<void> {
  const tables = await client.rows<{ name: string }>(sql`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema') and to_regclass('schema_migrations') is null
    order by 1`);
  if (tables.length > 0)
    throw new NotNew(
      `The database ${database} holds tables of something else (${listed(tables.map(({ name }) => name))}). Name another last part of the URL, or another server.`,
    );
}

/** A new database owns all shards, since that is right for the only server of a network. */
async function giveUpShards(client: Client, database: string): Promise<void> {
  await client.text('begin');
  const filled = await client.text<{ name: string }>(
    shardTables
      .map(({ name }) => `select '${name}' as name where exists (select from ${name})`)
      .join(' union all '),
  );
  const [owned] = await client.rows<{ count: number }>(
    sql`select count(*)::integer as count from owned_shards`,
  );
  if (filled.length > 0)
    throw new NotNew(
      `The database ${database} holds rows already (${listed(filled.map(({ name }) => name))}). A server joins with an empty one: drop it, if nobody needs it, or name another last part of the URL.`,
    );
  if (owned?.count !== 0 && owned?.count !== LOGICAL_SHARDS)
    throw new NotNew(
      `The database ${database} owns ${owned?.count} logical shards, so it is a part of another network. Name another last part of the URL, or another server.`,
    );
  await client.text('delete from owned_shards');
  await client.text('commit');
}

function listed(names: string[]): string {
  const more = names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : '';
  return names.slice(0, NAMED_MAX).join(', ') + more;
}
