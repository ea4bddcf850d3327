/** What a server holds, does and waits for just now. */
import { setTimeout as delay } from 'node:timers/promises';
import { parseLogPosition } from '../log-position.ts';
import { connectionAt, shardDatabaseAt, withoutPassword } from '../server-address.ts';
import { shardTables } from '../shard-tables.ts';
import { sql } from '../sql.ts';
import { type Asked, type Client, reasonOf, withClient } from './client.ts';
import type { Server } from './servers.ts';
import { type Slot, selectSlots } from './slots.ts';

/** `lag`: null when it does not answer. Seconds are 0 below one. */
type ReplicaState = { url: string; lag: { bytes: number; seconds: number } | null; fault: string | null };
export type ServerState = {
  accounts: number;
  rows: number;
  bytes: number;
  transactionsPerSecond: number;
  rowsReadPerSecond: number;
  rowsWrittenPerSecond: number;
  connections: number;
  connectionsMax: number;
  replicas: ReplicaState[];
  slots: Slot[];
};
type Counters = { atMs: number; transactions: number; read: number; written: number };

const ANSWER_MS = 2_000;
const EXACT_MS = 10 * 60_000;
const SAMPLE_MS = 1_000;

/** `isExact`: rows are counted, in full, instead of estimated. Throws what pg throws; takes a second. */
export function observeServer(server: Server, isExact: boolean): Promise<ServerState> {
  const connection = connectionAt(server.url, shardDatabaseAt(server.url));
  return withClient(connection, isExact ? EXACT_MS : ANSWER_MS, async (client) => {
    const [before, position] = [await selectCounters(client), await positionOf(client)];
    await delay(SAMPLE_MS);
    const after = await selectCounters(client);
    const replicas = await Promise.all(server.replicaUrls.map((url) => observeReplica(url, position)));
    const seconds = (after.atMs - before.atMs) / 1_000;
    return {
      ...(isExact ? await countRows(client) : await estimateRows(client)),
      ...(await selectSize(client)),
      transactionsPerSecond: (after.transactions - before.transactions) / seconds,
      rowsReadPerSecond: (after.read - before.read) / seconds,
      rowsWrittenPerSecond: (after.written - before.written) / seconds,
      replicas,
      slots: await selectSlots(client),
    };
  });
}

/** `position`: where the server's log was a second ago: a replica that is there is less than a second behind. */
async function observeReplica(url: string, position: bigint): Promise<ReplicaState> {
  const shown = withoutPassword(url);
  try {
    return await withClient(connectionAt(url, shardDatabaseAt(url)), ANSWER_MS, async (client) => {
      const [row] = await client.rows<{ position: string | null; seconds: number | null }>(sql`
        select pg_last_wal_replay_lsn() as position,
          date_part('epoch', clock_timestamp() - pg_last_xact_replay_timestamp()) as seconds`);
      if (!row || row.position === null) throw new Error('it is no replica');
      const bytes = Math.max(0, Number(position - parseLogPosition(row.position)));
      const lag = { bytes, seconds: bytes === 0 ? 0 : (row.seconds ?? 0) };
      return { url: shown, lag, fault: null };
    });
  } catch (error) {
    return { url: shown, lag: null, fault: reasonOf(error) };
  }
}

async function positionOf(server: Asked): Promise<bigint> {
  const [row] = await server.rows<{ position: string }>(sql`select pg_current_wal_lsn() as position`);
  return parseLogPosition(row?.position);
}

async function selectCounters(server: Asked): Promise<Counters> {
  const [row] = await server.rows<Counters>(sql`
    select date_part('epoch', clock_timestamp()) * 1000 as "atMs",
      (xact_commit + xact_rollback)::double precision as transactions, tup_fetched::double precision as read,
      (tup_inserted + tup_updated + tup_deleted)::double precision as written
    from pg_stat_database where datname = current_database()`);
  if (!row) throw new Error('The server keeps no statistics.');
  return row;
}

async function selectSize(
  server: Asked,
): Promise<Pick<ServerState, 'bytes' | 'connections' | 'connectionsMax'>> {
  const [row] = await server.rows<Pick<ServerState, 'bytes' | 'connections' | 'connectionsMax'>>(sql`
    select pg_database_size(current_database())::double precision as bytes,
      (select count(*) from pg_stat_activity where backend_type = 'client backend')::integer as connections,
      current_setting('max_connections')::integer as "connectionsMax"`);
  if (!row) throw new Error('The server says nothing of itself.');
  return row;
}

/** A table that was never analysed has no estimate of its own yet. */
async function estimateRows(server: Asked): Promise<{ accounts: number; rows: number }> {
  const tables = await server.rows<{ name: string; rows: number }>(sql`
    select relname as name,
      case when reltuples < 0 then pg_stat_get_live_tuples(oid) else reltuples end::double precision as rows
    from pg_class where oid = any(${shardTables.map(({ name }) => name)}::regclass[])`);
  return totalled(tables);
}

/** Without copies that are on their way from or to another server. */
async function countRows(server: Client): Promise<{ accounts: number; rows: number }> {
  const counts = shardTables.map(
    ({ name, id }) =>
      `select '${name}' as name, count(*)::double precision as rows from ${name} where is_owned(${id})`,
  );
  return totalled(await server.text(counts.join(' union all ')));
}

function totalled(tables: { name: string; rows: number }[]): { accounts: number; rows: number } {
  return {
    accounts: tables.find(({ name }) => name === 'accounts')?.rows ?? 0,
    rows: tables.reduce((sum, { rows }) => sum + rows, 0),
  };
}
