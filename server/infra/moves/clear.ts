/** Removes the rows of ranges that a server does not own: the old copy after a move, and what is left of a broken one. */
import { setTimeout as delay } from 'node:timers/promises';
import { type ShardTable, shardTables } from '../shard-tables.ts';
import { type Link, LONG_MS } from './links.ts';
import { isInRanges, type ShardRange } from './plan.ts';
import type { Report } from './report.ts';

const BATCH = 1_000;
const PAUSE_MAX_MS = 1_000;

/**
 * In batches, each followed by a pause as long as itself; each table's key is walked once. Rows of shards that the server
 * owns are never touched. Gives how many rows were removed. `beforeBatch` may throw, to stop.
 */
export async function removeRows(
  link: Link,
  ranges: readonly ShardRange[],
  rowsTotal: number,
  report: Report,
  beforeBatch: () => Promise<void>,
): Promise<number> {
  let removed = 0;
  // Children first: their references would otherwise take them along in one go.
  for (const table of shardTables.toReversed()) {
    let last: string[] | null = null;
    do {
      await beforeBatch();
      const startMs = performance.now();
      const batch = await removeBatch(link, table, ranges, last);
      removed += batch.rows;
      last = batch.last;
      const progress = { phase: 'removing', table: table.name, rows: removed, rowsTotal, bytes: 0 } as const;
      await report({ kind: 'progress', ...progress });
      if (last) await delay(Math.min(performance.now() - startMs, PAUSE_MAX_MS));
    } while (last);
  }
  return removed;
}

async function removeBatch(
  link: Link,
  { name, id, key }: ShardTable,
  ranges: readonly ShardRange[],
  after: string[] | null,
): Promise<{ rows: number; last: string[] | null }> {
  const beyond = after ? `and (${key.join()}) > (${after.map((_, at) => `$${at + 1}`).join()})` : '';
  const text = `
    with doomed as materialized (
      select ${key.join()} from ${name} where ${isInRanges(id, ranges)} and not is_owned(${id}) ${beyond}
      order by ${key.join()} limit ${BATCH}),
    removed as (delete from ${name} using doomed where ${key.map((each) => `${name}.${each} = doomed.${each}`).join(' and ')})
    select (select count(*) from doomed) as rows, ${key.map((each) => `${each}::text`).join()} from doomed
    order by ${key.map((each) => `doomed.${each} desc`).join()} limit 1`;
  await link.rows('begin');
  await link.rows("set local pinhole.is_mover = 'on'");
  const [row] = await link.rows<Record<string, string>>(text, after ?? undefined, LONG_MS);
  await link.rows('commit');
  const rows = Number(row?.rows ?? 0);
  return { rows, last: row && rows === BATCH ? key.map((each) => row[each] ?? '') : null };
}
