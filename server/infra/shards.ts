/**
 * Which server holds what. An ID names its logical shard, the map names the logical shard's server; all shards of
 * a server share one set of tables, so a batch read is one query per server. Today the map has one entry, and every
 * caller already goes through it.
 */
import { type AnyId, LOGICAL_SHARDS, shardOf } from '../../core/ids.ts';
import type { Database, Row, Transaction } from './database.ts';
import { type Statement, sql } from './sql.ts';

export type ShardServer = { name: string; database: Database; isOpen: boolean };
export type Shards = {
  directory: Database;
  servers: ShardServer[];
  /** Logical shard → server, 8,192 entries. */
  map: ShardServer[];
};

export function mapShards(
  directory: Database,
  servers: ShardServer[],
  rows: { logicalShard: number; server: string }[],
): Shards {
  const byName = new Map(servers.map((server) => [server.name, server]));
  const map = rows
    .toSorted((a, b) => a.logicalShard - b.logicalShard)
    .map(({ server }) => byName.get(server))
    .filter((server) => server !== undefined);
  if (map.length !== LOGICAL_SHARDS)
    throw new Error(`The directory maps ${map.length} of ${LOGICAL_SHARDS} logical shards to known servers.`);
  return { directory, servers, map };
}

/** A logical shard for a new account, at random among those whose server takes newcomers. */
export function drawShard(shards: Shards): number {
  const open = shards.map.flatMap((server, logicalShard) => (server.isOpen ? [logicalShard] : []));
  const drawn = open[Math.floor(Math.random() * open.length)];
  if (drawn === undefined) throw new Error('No server is open to new accounts.');
  return drawn;
}

export function serverOf(shards: Shards, id: AnyId): ShardServer {
  return serverOfShard(shards, shardOf(id));
}

export function serverOfShard(shards: Shards, logicalShard: number): ShardServer {
  const server = shards.map[logicalShard];
  if (!server) throw new Error(`Logical shard ${logicalShard} does not exist.`);
  return server;
}

/** Rows from the one server that holds the ID. */
export function readAt<Shape extends Row>(shards: Shards, id: AnyId, statement: Statement): Promise<Shape[]> {
  return serverOf(shards, id).database.rows<Shape>(statement);
}

/** A transaction in the server that holds the ID. */
export function writeAt<Result>(
  shards: Shards,
  id: AnyId,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  return serverOf(shards, id).database.transaction(work);
}

/** One query per server that holds any of the IDs, with that server's share of them; all rows together. */
export async function readEach<Shape extends Row, Id extends AnyId>(
  shards: Shards,
  ids: readonly Id[],
  statement: (share: Id[]) => Statement,
): Promise<Shape[]> {
  const found = await Promise.all(
    [...groupByServer(shards, ids)].map(([server, share]) => server.database.rows<Shape>(statement(share))),
  );
  return found.flat();
}

export function groupByServer<Id extends AnyId>(shards: Shards, ids: readonly Id[]): Map<ShardServer, Id[]> {
  return Map.groupBy(new Set(ids), (id) => serverOf(shards, id));
}

/**
 * Serialises the jobs that mirror the same edge: taken at the mirror's side before the source is read, so that the
 * last job to run always sees the last state. Held until the transaction ends; sorted, so that two cannot deadlock.
 */
export async function lockEdges(tx: Transaction, edges: readonly string[]): Promise<void> {
  await tx.rows(sql`
    select pg_advisory_xact_lock(edge) from (
      select distinct hashtextextended(text, 0) as edge from unnest(${edges}::text[]) as text order by 1
    ) as sorted`);
}
