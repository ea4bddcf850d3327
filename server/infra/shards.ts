/**
 * Which server holds what. An ID names its logical shard, the map names the logical shard's server; all shards of
 * a server share one set of tables, so a batch read is one query per server.
 *
 * Shards move while they are written to. Each server checks with every write whether it owns the shard (db/shard/0003);
 * where it does not (any more), the work is done again by a newer map. Reads need no such check: a shard is written to at
 * its new place only when every process has said that it reads there (infra/shard-map.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type AnyId, LOGICAL_SHARDS, shardOf } from '../../core/ids.ts';
import type { Database, Row, Transaction } from './database.ts';
import { parseLogPosition } from './log-position.ts';
import type { Replicas } from './replicas.ts';
import { noteWrite, requestContext } from './request-context.ts';
import { ServerDown } from './server-down.ts';
import { type Statement, sql } from './sql.ts';

export type ShardServer = {
  name: string;
  /** Straight to the server, also where a pooler is in front of it. */
  connection: pg.ClientConfig;
  /** The same as a libpq URI, which the other servers can reach; '' for the embedded one. */
  url: string;
  database: Database;
  replicas: Replicas;
  /** Takes new accounts. */
  isOpen: boolean;
};
/** One object as long as the process lives: what is in it changes with the map. */
export type Shards = {
  directory: Database;
  /** Straight to the directory's server. */
  directoryConnection: pg.ClientConfig;
  servers: ShardServer[];
  /** Logical shard → server, 8,192 entries. */
  map: ShardServer[];
  version: number;
  /** On performance.now(): the map was the newest then. Null: there is one server for ever. */
  confirmedMs: number | null;
  /** Replicas are not read before: after a move a session's marks say nothing of the new server. */
  replicasFromMs: number;
  /** Hears short texts that processes send through the directory, on the connection that also hears of the map; null: it is not open. */
  listen: ((hear: (text: string) => void) => void) | null;
  /** Makes the map the newest. */
  reload(): Promise<void>;
  close(): Promise<void>;
};

/** SQLSTATE of a write to a shard that the server does not own. */
const NOT_OWNED = 'PHF01';
const MOVING_MAX_MS = 3_000;
const MOVING_PAUSE_MS = 5;
const SWEEP_TRIES = 10;
const SWEEP_PAUSE_MS = 200;
/** A process that has heard nothing of the directory for so long asks the server after each read. */
const CONFIRMED_MAX_MS = 5_000;

/** A logical shard for a new account, at random among those whose server takes newcomers, and answers. */
export function drawShard(shards: Shards): number {
  const open = shards.map.flatMap((server, logicalShard) =>
    server.isOpen && !server.database.isDown() ? [logicalShard] : [],
  );
  const drawn = open[Math.floor(Math.random() * open.length)];
  if (drawn === undefined) throw new ServerDown('servers', 'none of those open to new accounts answers');
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

export function groupByServer<Id extends AnyId>(shards: Shards, ids: readonly Id[]): Map<ShardServer, Id[]> {
  return Map.groupBy(new Set(ids), (id) => serverOf(shards, id));
}

/** Those that answer just now: for what is done again and again, and can wait for the others. */
export function answering(shards: Shards): ShardServer[] {
  return shards.servers.filter(({ database }) => !database.isDown());
}

// reading -----------------------------------------------------------------------------------------------------

/** Rows from the one server that holds the ID. */
export function readAt<Shape extends Row>(shards: Shards, id: AnyId, statement: Statement): Promise<Shape[]> {
  return readAtShard(shards, shardOf(id), statement);
}

export function readAtShard<Shape extends Row>(
  shards: Shards,
  logicalShard: number,
  statement: Statement,
): Promise<Shape[]> {
  const server = serverOfShard(shards, logicalShard);
  return confirmed(shards, server, [logicalShard], server.database.rows<Shape>(statement));
}

/** For a store's function that takes a database: the place of an ID, for reading. */
export function at(shards: Shards, id: AnyId): { rows: Database['rows'] } {
  return { rows: (statement) => readAt(shards, id, statement) };
}

/** One query per server that holds any of the IDs, with that server's share of them; all rows together. */
export async function readEach<Shape extends Row, Id extends AnyId>(
  shards: Shards,
  ids: readonly Id[],
  statement: (share: Id[]) => Statement,
): Promise<Shape[]> {
  const found = await Promise.all(
    [...groupByServer(shards, ids)].map(([server, share]) =>
      confirmed(shards, server, share.map(shardOf), server.database.rows<Shape>(statement(share))),
    ),
  );
  return found.flat();
}

/**
 * As readEach, for the lists that a member is shown: servers that do not answer are left out, and the answer is marked as
 * partial. Elsewhere, where nobody could be told, it throws ServerDown. `mayLag`: replicas may answer.
 */
export async function readReachable<Shape extends Row, Id extends AnyId>(
  shards: Shards,
  ids: readonly Id[],
  statement: (share: Id[]) => Statement,
  { mayLag = false } = {},
): Promise<Shape[]> {
  const context = requestContext();
  const found = await Promise.all(
    [...groupByServer(shards, ids)].map(([server, share]) =>
      (mayLag ? readLagging : readPrimary)<Shape>(shards, server, share.map(shardOf), statement(share)).catch(
        (error: unknown) => {
          if (!context || !(error instanceof ServerDown)) throw error;
          context.isPartial = true;
          return [];
        },
      ),
    ),
  );
  return found.flat();
}

/** As readAt, where a replica may answer as well: not for what privacy depends on. */
export function readAtLagging<Shape extends Row>(
  shards: Shards,
  id: AnyId,
  statement: Statement,
): Promise<Shape[]> {
  return readLagging(shards, serverOf(shards, id), [shardOf(id)], statement);
}

function readPrimary<Shape extends Row>(
  shards: Shards,
  server: ShardServer,
  logicalShards: number[],
  statement: Statement,
): Promise<Shape[]> {
  return confirmed(shards, server, logicalShards, server.database.rows<Shape>(statement));
}

async function readLagging<Shape extends Row>(
  shards: Shards,
  server: ShardServer,
  logicalShards: number[],
  statement: Statement,
): Promise<Shape[]> {
  const replica = performance.now() < shards.replicasFromMs ? null : server.replicas.pick();
  if (!replica) return readPrimary(shards, server, logicalShards, statement);
  try {
    const rows = await replica.rows<Shape>(statement);
    const context = requestContext();
    if (context) context.hasReadReplica = true;
    return await confirmed(shards, server, logicalShards, Promise.resolve(rows));
  } catch (error) {
    if (!(error instanceof ServerDown)) throw error;
    return readPrimary(shards, server, logicalShards, statement);
  }
}

async function confirmed<Shape extends Row>(
  shards: Shards,
  server: ShardServer,
  logicalShards: number[],
  reading: Promise<Shape[]>,
): Promise<Shape[]> {
  const rows = await reading;
  await confirm(shards, server.name, server.database, logicalShards);
  return rows;
}

/** Without news of the directory the shards may be elsewhere by now: then the server is asked, after what was done there. */
async function confirm(
  shards: Shards,
  server: string,
  place: Pick<Database, 'rows'>,
  logicalShards: number[],
): Promise<void> {
  if (shards.confirmedMs === null || performance.now() - shards.confirmedMs < CONFIRMED_MAX_MS) return;
  const wanted = [...new Set(logicalShards)];
  const owned = await place.rows(
    sql`select from owned_shards where logical_shard = any(${wanted}::integer[])`,
  );
  if (owned.length < wanted.length) throw new ServerDown(server, 'has given away shards, and the map is old');
}

/** From now on the session is shown nothing older than what stands at the ID's place now. */
export async function markSeen(shards: Shards, id: AnyId): Promise<void> {
  const { database, replicas } = serverOf(shards, id);
  if (!requestContext() || replicas.list().length === 0) return;
  const [row] = await database.rows<{ position: string }>(
    sql`select pg_current_wal_insert_lsn() as position`,
  );
  noteWrite(database.name, parseLogPosition(row?.position));
}

// writing -----------------------------------------------------------------------------------------------------

/** A transaction in the server that holds the ID. `work` may be run again, when that turns out to be another one. */
export function writeAt<Result>(
  shards: Shards,
  id: AnyId,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  return writeAtShard(shards, shardOf(id), work);
}

export function writeAtShard<Result>(
  shards: Shards,
  logicalShard: number,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  return untilOwned(shards, () =>
    serverOfShard(shards, logicalShard).database.transaction(async (tx) => {
      const result = await work(tx);
      await confirm(shards, tx.server, tx, [logicalShard]);
      return result;
    }),
  );
}

/** One statement that writes, in the server that holds the ID. */
export function changeAt<Shape extends Row>(
  shards: Shards,
  id: AnyId,
  statement: Statement,
): Promise<Shape[]> {
  return untilOwned(shards, () => readAt<Shape>(shards, id, statement));
}

/** For a store's function that takes a database: the place of an ID, for a single write. */
export function changing(shards: Shards, id: AnyId): { rows: Database['rows'] } {
  return { rows: (statement) => changeAt(shards, id, statement) };
}

/** A transaction in each server that holds any of the IDs, with that server's share of them, one after the other. */
export async function writeEach<Id extends AnyId>(
  shards: Shards,
  ids: readonly Id[],
  work: (tx: Transaction, share: Id[]) => Promise<void>,
): Promise<void> {
  let rest = ids;
  await untilOwned(shards, async () => {
    for (const [server, share] of groupByServer(shards, rest)) {
      await server.database.transaction(async (tx) => {
        await work(tx, share);
        await confirm(shards, tx.server, tx, share.map(shardOf));
      });
      const done = new Set(share);
      rest = rest.filter((id) => !done.has(id));
    }
  });
}

/**
 * Work on what every server owns, such as taking out all that refers to something: its statements leave alone what
 * `is_owned` says is another's. Done again when shards moved meanwhile, which it then may have met nowhere.
 */
export async function sweepServers(
  shards: Shards,
  work: (database: Database) => Promise<void>,
): Promise<void> {
  for (let tries = 0; tries < SWEEP_TRIES; tries++) {
    let owned = 0;
    let isSteady = true;
    // One that does not answer is missed by the sum, unless it has nothing to sweep.
    for (const { database } of answering(shards)) {
      const before = shards.confirmedMs === null ? ALL_OWNED : await readOwnership(database);
      await work(database);
      const after = shards.confirmedMs === null ? ALL_OWNED : await readOwnership(database);
      isSteady &&= before.state === after.state;
      owned += after.count;
    }
    if (isSteady && owned === LOGICAL_SHARDS) return;
    await delay(SWEEP_PAUSE_MS);
    await shards.reload();
  }
  throw new ServerDown('servers', 'shards are moving');
}

const ALL_OWNED = { count: LOGICAL_SHARDS, state: '' };

/** `state` is another after each change, also after one that was taken back: is_owned was made anew then. */
async function readOwnership(database: Database): Promise<{ count: number; state: string }> {
  const [row] = await database.rows<{ count: string; state: string }>(sql`
    select count(*), (select string_agg(xmin::text, ' ') from pg_proc where proname = 'is_owned') as state from owned_shards`);
  return { count: Number(row?.count), state: row?.state ?? '' };
}

/** Does the work again with a newer map, as long as a server says that it does not own what was to be written. */
async function untilOwned<Result>(shards: Shards, work: () => Promise<Result>): Promise<Result> {
  for (const startMs = performance.now(); ; ) {
    try {
      return await work();
    } catch (error) {
      const isRefused = error instanceof pg.DatabaseError && error.code === NOT_OWNED;
      if (!isRefused && !(error instanceof NotOwned)) throw error;
      if (performance.now() - startMs > MOVING_MAX_MS)
        throw new ServerDown('servers', 'none owns the shard just now', { cause: error });
    }
    await shards.reload();
    await delay(MOVING_PAUSE_MS);
  }
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

/** For a transaction that holds a lock here, and writes elsewhere: makes it begin again where the shard is now. */
export async function mustBeOwned(tx: Transaction, id: AnyId): Promise<void> {
  const [row] = await tx.rows<{ is_owned: boolean }>(sql`select is_owned(${id}::bigint)`);
  if (!row?.is_owned) throw new NotOwned();
}

class NotOwned extends Error {}

/** Throws unless every logical shard has a server. */
export function mustBeWhole(map: ShardServer[]): void {
  const known = map.filter((server) => server !== undefined).length;
  if (known !== LOGICAL_SHARDS)
    throw new Error(`The directory maps ${known} of ${LOGICAL_SHARDS} logical shards to known servers.`);
}
