/** How much the ranges hold on a server. */
import { shardTables } from '../shard-tables.ts';
import { type Link, LONG_MS } from './links.ts';
import { isInRanges, type ShardRange } from './plan.ts';

export type TableSize = { name: string; rows: number; bytes: number };

/** Reads each table once, in full. `bytes`: of the rows, without indexes. */
export async function measure(link: Link, ranges: readonly ShardRange[]): Promise<TableSize[]> {
  const sizes: TableSize[] = [];
  for (const { name, id } of shardTables) {
    const [row] = await link.rows<{ rows: string; bytes: string }>(
      `select count(*) as rows, coalesce(sum(pg_column_size(each.*)), 0) as bytes
       from ${name} as each where ${isInRanges(id, ranges)}`,
      undefined,
      LONG_MS,
    );
    sizes.push({ name, rows: Number(row?.rows ?? 0), bytes: Number(row?.bytes ?? 0) });
  }
  return sizes;
}

export function total(sizes: readonly TableSize[]): { rows: number; bytes: number } {
  return sizes.reduce((sum, { rows, bytes }) => ({ rows: sum.rows + rows, bytes: sum.bytes + bytes }), {
    rows: 0,
    bytes: 0,
  });
}
