/** Whether an address leads to the server that it is said to lead to. */
import { connectionAt, shardDatabaseAt, withoutPassword } from '../server-address.ts';
import { sql } from '../sql.ts';
import { type Asked, reasonOf, withClient } from './client.ts';
import { identityOf, withServer } from './inspect.ts';
import type { Server } from './servers.ts';

const ANSWER_MS = 3_000;

/** Throws what pg throws when the server does not answer. */
export function identityAt(url: string): ReturnType<typeof identityOf> {
  return withServer(url, identityOf);
}

/** The registered server that the URL leads to as well: same running server, same database. */
export async function findSame(url: string, servers: readonly Server[]): Promise<Server | null> {
  const own = await identityAt(url);
  for (const server of servers) {
    if (shardDatabaseAt(server.url) !== shardDatabaseAt(url)) continue;
    const other = await identityAt(server.url).catch(() => null);
    if (other ? other.instance === own.instance : isSameText(server.url, url)) return server;
  }
  return null;
}

/** `databases`: those that must be reached by way of the pooler. Gives a sentence for each fault. */
export async function checkPooler(
  poolerUrl: string,
  serverUrl: string,
  databases: readonly string[],
): Promise<string[]> {
  const shown = withoutPassword(poolerUrl);
  const server = await identityAt(serverUrl);
  const faults = databases.map(async (database) => {
    try {
      return await withClient(connectionAt(poolerUrl, database), ANSWER_MS, async (client) => {
        const [row] = await client.rows<{ name: string }>(sql`select current_database() as name`);
        const reached = await identityOf(client);
        if (reached.instance !== server.instance) return [`The pooler ${shown} leads to another server.`];
        if (row?.name !== database)
          return [`The pooler ${shown} gives the database ${row?.name} where ${database} is asked for.`];
        return [];
      });
    } catch (error) {
      return [`The pooler ${shown} does not give the database ${database}: ${reasonOf(error)}.`];
    }
  });
  return (await Promise.all(faults)).flat();
}

/** Gives a sentence for each fault. */
export async function checkReplica(replicaUrl: string, serverUrl: string): Promise<string[]> {
  const shown = withoutPassword(replicaUrl);
  const server = await identityAt(serverUrl);
  try {
    return await withClient(connectionAt(replicaUrl, 'postgres'), ANSWER_MS, async (client) => {
      const reached = await identityOf(client);
      const faults: string[] = [];
      if (!(await isReplica(client))) faults.push(`${shown} is no replica: it can be written to.`);
      else if (server.system !== null && reached.system !== null && reached.system !== server.system)
        faults.push(`${shown} is a replica of another server.`);
      if (shardDatabaseAt(replicaUrl) !== shardDatabaseAt(serverUrl))
        faults.push(`The last part of ${shown} must be that of its server.`);
      return faults;
    });
  } catch (error) {
    return [`The replica ${shown} does not answer: ${reasonOf(error)}.`];
  }
}

async function isReplica(client: Asked): Promise<boolean> {
  const [row] = await client.rows<{ is: boolean }>(sql`select pg_is_in_recovery() as is`);
  return row?.is === true;
}

function isSameText(a: string, b: string): boolean {
  const [one, other] = [new URL(a), new URL(b)];
  return one.hostname === other.hostname && (one.port || '5432') === (other.port || '5432');
}
