/** What a PostgreSQL server says of itself before shards are entrusted to it. */
import { connectionAt, prefixOf, shardDatabaseAt } from '../server-address.ts';
import { sql } from '../sql.ts';
import { type Asked, type Client, isMissingDatabase, withClient } from './client.ts';

export type ServerFacts = {
  version: number;
  role: string;
  isReplica: boolean;
  isSuperuser: boolean;
  mayReplicate: boolean;
  mayMakeDatabases: boolean;
  maySubscribe: boolean;
  /** By name, as pg_settings has them. */
  settings: Record<string, string>;
  slots: number;
  senders: number;
  /** Of the database of shards; null when there is none yet. */
  encoding: string | null;
  mayCreate: boolean;
  /** The database of a directory stands beside it. */
  hasDirectory: boolean;
  /** Ahead of the directory's clock, in ms. */
  clockMs: number;
};

const ANSWER_MS = 5_000;
const CLOCK_TRIES = 5;
const SETTINGS = [
  'data_sync_retry',
  'fsync',
  'full_page_writes',
  'max_active_replication_origins',
  'max_connections',
  'max_logical_replication_workers',
  'max_replication_slots',
  'max_slot_wal_keep_size',
  'max_wal_senders',
  'max_worker_processes',
  'superuser_reserved_connections',
  'synchronous_commit',
  'synchronous_standby_names',
  'wal_level',
];

/** Asks in the database of shards where there is one, since a database may have settings of its own. */
export async function withServer<Result>(
  url: string,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  try {
    return await withClient(connectionAt(url, shardDatabaseAt(url)), ANSWER_MS, work);
  } catch (error) {
    if (!isMissingDatabase(error)) throw error;
    return withClient(connectionAt(url, 'postgres'), ANSWER_MS, work);
  }
}

export async function inspectServer(server: Asked, directory: Asked, url: string): Promise<ServerFacts> {
  const [facts] = await server.rows<Omit<ServerFacts, 'clockMs'>>(sql`
    select current_setting('server_version_num')::integer as version, rolname as role, pg_is_in_recovery() as "isReplica",
      rolsuper as "isSuperuser", rolsuper or rolreplication as "mayReplicate", rolsuper or rolcreatedb as "mayMakeDatabases",
      rolsuper or exists (select from pg_roles where rolname = 'pg_create_subscription' and pg_has_role(oid, 'USAGE'))
        as "maySubscribe",
      (select jsonb_object_agg(name, setting) from pg_settings where name = any(${SETTINGS})) as settings,
      (select count(*) from pg_replication_slots)::integer as slots,
      (select count(*) from pg_stat_replication)::integer as senders,
      (select pg_encoding_to_char(encoding) from pg_database where datname = ${shardDatabaseAt(url)}) as encoding,
      coalesce((select has_database_privilege(oid, 'CREATE') from pg_database where datname = ${shardDatabaseAt(url)}),
        true) as "mayCreate",
      exists (select from pg_database where datname = ${`${prefixOf(url)}_directory`}) as "hasDirectory"
    from pg_roles where rolname = current_user`);
  if (!facts) throw new Error('The server says nothing of itself.');
  return { ...facts, clockMs: (await clockOf(server)) - (await clockOf(directory)) };
}

/** Ahead of this machine's clock, in ms: of several answers the quickest one is nearest to the truth. */
async function clockOf(server: Asked): Promise<number> {
  let best = { tookMs: Number.POSITIVE_INFINITY, aheadMs: 0 };
  for (let tries = 0; tries < CLOCK_TRIES; tries++) {
    const askedMs = performance.timeOrigin + performance.now();
    const [row] = await server.rows<{ ms: number }>(
      sql`select date_part('epoch', clock_timestamp()) * 1000 as ms`,
    );
    const tookMs = performance.timeOrigin + performance.now() - askedMs;
    if (row && tookMs < best.tookMs) best = { tookMs, aheadMs: row.ms - askedMs - tookMs / 2 };
  }
  return best.aheadMs;
}

/**
 * `instance` names the running server, however it was reached, through a pooler too; by the time at which it was started,
 * since copies of a disk share all else. `system`: the same at its replicas; null where that may not be asked.
 */
export async function identityOf(client: Asked): Promise<{ instance: string; system: string | null }> {
  const [row] = await client.rows<{ instance: string; may: boolean }>(sql`
    select date_part('epoch', pg_postmaster_start_time())::text as instance,
      has_function_privilege('pg_control_system()', 'execute') as may`);
  const [system] = row?.may
    ? await client.rows<{ name: string }>(
        sql`select system_identifier::text as name from pg_control_system()`,
      )
    : [];
  return { instance: `${row?.instance} ${system?.name}`, system: system?.name ?? null };
}
