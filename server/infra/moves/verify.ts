/**
 * Compares what was copied with its source while both go on: page by page along each table's key, rows counted and their
 * checksums joined. Where a page differs, its rows are compared one by one, and those in motion are looked at again until
 * each has agreed once. Memory is bounded by a page, and the two looks at a page lie milliseconds apart.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type ShardTable, shardTables } from '../shard-tables.ts';
import { MoveRefused } from './faults.ts';
import { type Link, LONG_MS } from './links.ts';
import { isInRanges, type ShardRange } from './plan.ts';
import type { Report } from './report.ts';

const PAGE = 10_000;
const LOOK_AGAIN_MS = 10;
const LOOK_AGAIN_MAX_MS = 1_000;
const SHOWN_MAX = 5;

type Between = { after: string[] | null; upTo: string[] | null };
export type VerifiedTable = { name: string; rows: number; checksum: string };

/** `agreeMs`: how long rows in motion are looked at. Throws MoveRefused with the rows that stay different. */
export async function verify(
  source: Link,
  target: Link,
  ranges: readonly ShardRange[],
  rowsTotal: number,
  agreeMs: number,
  report: Report,
  beforePage: () => Promise<void>,
): Promise<VerifiedTable[]> {
  const verified: VerifiedTable[] = [];
  let rowsBefore = 0;
  for (const table of shardTables) {
    let [rows, checksum, after] = [0, 0n, null as string[] | null];
    do {
      await beforePage();
      const page = await readPage(source, table, ranges, after);
      const between = { after, upTo: page.last };
      const copy = await sum(target, table, ranges, between);
      if (page.rows !== copy.rows || page.checksum !== copy.checksum)
        await compareRows(source, target, table, ranges, between, agreeMs);
      rows += page.rows;
      checksum ^= BigInt(page.checksum);
      after = page.last;
      const done = { phase: 'comparing', table: table.name, rows: rowsBefore + rows, rowsTotal } as const;
      await report({ kind: 'progress', ...done, bytes: 0 });
    } while (after);
    rowsBefore += rows;
    verified.push({
      name: table.name,
      rows,
      checksum: BigInt.asUintN(64, checksum).toString(16).padStart(16, '0'),
    });
  }
  return verified;
}

const hashOf = (name: string) => `('x' || left(md5(${name}::text), 16))::bit(64)::bigint`;
const keyOf = ({ key }: ShardTable) => `json_build_array(${key.map((each) => `${each}::text`).join()})::text`;

type Sum = { rows: number; checksum: string };

/** `last`: the key that the page ends with; null when it is the table's last page. */
async function readPage(
  link: Link,
  table: ShardTable,
  ranges: readonly ShardRange[],
  after: string[] | null,
): Promise<Sum & { last: string[] | null }> {
  const where = whereBetween(table, ranges, { after, upTo: null });
  const [row] = await link.rows<{ rows: string; checksum: string; last: string | null }>(
    `select count(*) as rows, coalesce(bit_xor(hash), 0) as checksum, (array_agg(key))[${PAGE}] as last from (
       select ${keyOf(table)} as key, ${hashOf(table.name)} as hash from ${table.name} where ${where.text}
       order by ${table.key.join()} limit ${PAGE}) as page`,
    where.values,
    LONG_MS,
  );
  const last = row?.last ? (JSON.parse(row.last) as string[]) : null;
  return { rows: Number(row?.rows ?? 0), checksum: row?.checksum ?? '0', last };
}

async function sum(
  link: Link,
  table: ShardTable,
  ranges: readonly ShardRange[],
  between: Between,
): Promise<Sum> {
  const where = whereBetween(table, ranges, between);
  const [row] = await link.rows<{ rows: string; checksum: string }>(
    `select count(*) as rows, coalesce(bit_xor(${hashOf(table.name)}), 0) as checksum
     from ${table.name} where ${where.text}`,
    where.values,
    LONG_MS,
  );
  return { rows: Number(row?.rows ?? 0), checksum: row?.checksum ?? '0' };
}

async function compareRows(
  source: Link,
  target: Link,
  table: ShardTable,
  ranges: readonly ShardRange[],
  between: Between,
  agreeMs: number,
): Promise<void> {
  let unequal: string[] | null = null;
  const startMs = performance.now();
  for (let pauseMs = LOOK_AGAIN_MS; performance.now() - startMs < agreeMs; pauseMs += LOOK_AGAIN_MS) {
    const theirs = await selectHashes(source, table, ranges, between);
    const ours = await selectHashes(target, table, ranges, between);
    const differing = new Set<string>();
    for (const [key, hash] of theirs) if (ours.get(key) !== hash) differing.add(key);
    for (const key of ours.keys()) if (!theirs.has(key)) differing.add(key);
    unequal = unequal ? unequal.filter((key) => differing.has(key)) : [...differing];
    if (unequal.length === 0) return;
    await delay(Math.min(pauseMs, LOOK_AGAIN_MAX_MS));
  }
  const shown = (unequal ?? []).slice(0, SHOWN_MAX).join(' ');
  throw new MoveRefused(
    `The copy is not equal to its source: ${unequal?.length} rows of ${table.name} differ (${shown}). Nothing was switched. ./pinhole shard move --undo removes the copy.`,
  );
}

async function selectHashes(
  link: Link,
  table: ShardTable,
  ranges: readonly ShardRange[],
  between: Between,
): Promise<Map<string, string>> {
  const where = whereBetween(table, ranges, between);
  const rows = await link.rows<{ key: string; hash: string }>(
    `select ${keyOf(table)} as key, ${hashOf(table.name)} as hash from ${table.name} where ${where.text}`,
    where.values,
    LONG_MS,
  );
  return new Map(rows.map(({ key, hash }) => [key, hash]));
}

function whereBetween(
  { id, key }: ShardTable,
  ranges: readonly ShardRange[],
  { after, upTo }: Between,
): { text: string; values: string[] } {
  const values = [...(after ?? []), ...(upTo ?? [])];
  const place = (from: number) => key.map((_, at) => `$${from + at + 1}`).join();
  const parts = [isInRanges(id, ranges)];
  if (after) parts.push(`(${key.join()}) > (${place(0)})`);
  if (upTo) parts.push(`(${key.join()}) <= (${place(after ? key.length : 0)})`);
  return { text: parts.join(' and '), values };
}
