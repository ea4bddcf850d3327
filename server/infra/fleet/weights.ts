/**
 * What each logical shard weighs. Bytes: its rows in each table, times what a row of that table takes on average over
 * all servers, indexes included. Load: its rows that were made within seven days, each counting one, since IDs carry
 * their time and most of what members do leaves a row.
 */
import { ID_EPOCH_MS, LOGICAL_SHARDS } from '../../../core/ids.ts';
import { shardTables } from '../shard-tables.ts';
import { sql } from '../sql.ts';
import type { Placement, Weight } from './balance.ts';
import type { Client } from './client.ts';

type TableWeight = { name: string; bytes: number; rows: number; shards: ShardRows[] };
type ShardRows = { shard: number; rows: number; made: number };
export type ServerWeight = { server: string; tables: TableWeight[] };

const RECENT_MS = 7 * 86_400_000;
const SAMPLE_ABOVE_ROWS = 4_000_000;
const SAMPLE_ROWS = 1_000_000;
/** Of a small table the pages are mostly empty, and say nothing of its rows. */
const FEW_ROWS = 1_000;
const FEW_ROWS_BYTES = 500;
/** The column that carries a row's time, where its ID is another's. */
const MADE: Partial<Record<string, string>> = {
  sessions: 'session_id',
  post_media: 'media_id',
  follows: 'follow_id',
  blocks: 'block_id',
  likes: 'like_id',
  activity: 'activity_id',
  followers: 'follow_id',
  post_likes: 'like_id',
  hashtag_posts: 'post_id',
};
/** Their rows carry the time of their account alone. */
const UNTIMED = new Set(['credentials', 'mail_tokens']);

/** Reads each table once; of those above four million rows a sample of a million. */
export async function weighServer(server: string, client: Client, nowMs: number): Promise<ServerWeight> {
  const sizes = await client.rows<{ name: string; bytes: number; rows: number }>(sql`
    select relname as name, pg_total_relation_size(oid)::double precision as bytes, reltuples::double precision as rows
    from pg_class where oid = any(${shardTables.map(({ name }) => name)}::regclass[])`);
  const since = BigInt(nowMs - RECENT_MS - ID_EPOCH_MS) << 23n;
  const tables: TableWeight[] = [];
  for (const { name, id } of shardTables) {
    const size = sizes.find((each) => each.name === name);
    const part = size && size.rows > SAMPLE_ABOVE_ROWS ? SAMPLE_ROWS / size.rows : 1;
    const made = UNTIMED.has(name) ? '0' : `count(*) filter (where ${MADE[name] ?? id} >= ${since})`;
    const counted = await client.text<ShardRows>(`
      select ((${id} >> 10) & ${LOGICAL_SHARDS - 1})::integer as shard, count(*)::double precision as rows,
        ${made}::double precision as made
      from ${name} ${part < 1 ? `tablesample system (${part * 100})` : ''} group by 1`);
    const shards = counted.map((each) => ({
      shard: each.shard,
      rows: each.rows / part,
      made: each.made / part,
    }));
    tables.push({
      name,
      bytes: size?.bytes ?? 0,
      rows: shards.reduce((sum, { rows }) => sum + rows, 0),
      shards,
    });
  }
  return { server, tables };
}

/** `owners`: by logical shard. What stands on a server that does not own it is a copy, and weighs nothing. */
export function weighShards(owners: readonly string[], servers: readonly ServerWeight[]): Placement {
  const weights = owners.map((): Weight => ({ bytes: 0, load: 0 }));
  for (const { name } of shardTables) {
    const each = servers.flatMap(({ server, tables }) =>
      tables.filter((table) => table.name === name).map((table) => ({ server, ...table })),
    );
    const rows = each.reduce((sum, table) => sum + table.rows, 0);
    const bytes = each.reduce((sum, table) => sum + table.bytes, 0);
    const bytesPerRow = rows < FEW_ROWS ? FEW_ROWS_BYTES : bytes / rows;
    for (const { server, shards } of each)
      for (const { shard, rows, made } of shards) {
        const weight = weights[shard];
        if (!weight || owners[shard] !== server) continue;
        weight.bytes += rows * bytesPerRow;
        weight.load += made;
      }
  }
  return weights.map((weight, shard) => ({ ...weight, server: owners[shard] ?? '' }));
}
