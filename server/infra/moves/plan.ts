/** Which logical shards a wish means, where they are, and how that is written: ranges like 0-99,4096-8191. */
import { LOGICAL_SHARDS } from '../../../core/ids.ts';
import { MoveRefused } from './faults.ts';

/** Both ends are within. */
export type ShardRange = { from: number; to: number };
/** What one move carries: all ranges lie on one server. */
export type PlannedMove = { source: string; target: string; ranges: ShardRange[] };

/** A row filter is looked at for each row that changes at the source: of many ranges several moves are made. */
export const RANGES_MAX = 64;
/** What a pause costs grows with the shards that change hands in it: of more than this several moves are made. */
export const SHARDS_MAX = 2_048;

/** Throws MoveRefused when the text is no list of logical shards. */
export function parseRanges(text: string): ShardRange[] {
  const ranges = text.split(',').map((part) => {
    const match = /^\s*(\d{1,4})(?:\s*-\s*(\d{1,4}))?\s*$/.exec(part);
    const [from, to] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (!match || to >= LOGICAL_SHARDS || from > to)
      throw new MoveRefused(
        `"${part.trim()}" is no range of logical shards: these are numbered 0 to ${LOGICAL_SHARDS - 1}, and a list of them looks like 0-99,4096-8191.`,
      );
    return { from, to };
  });
  return mergeRanges(ranges);
}

export function printRanges(ranges: readonly ShardRange[]): string {
  return ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
}

/** In order, without overlaps or neighbours. */
export function mergeRanges(ranges: readonly ShardRange[]): ShardRange[] {
  const merged: ShardRange[] = [];
  for (const { from, to } of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && from <= last.to + 1) last.to = Math.max(last.to, to);
    else merged.push({ from, to });
  }
  return merged;
}

export function shardsIn(ranges: readonly ShardRange[]): number[] {
  return ranges.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, at) => from + at));
}

/**
 * The moves that bring the wish about, one source after the other; what is at the target already is left out.
 * `map`: logical shard → name of its server.
 */
export function planMoves(
  map: readonly string[],
  wish: readonly ShardRange[],
  target: string,
): PlannedMove[] {
  const elsewhere = shardsIn(wish).filter((shard) => map[shard] !== target);
  return [...Map.groupBy(elsewhere, (shard) => map[shard] ?? '')].flatMap(([source, shards]) => {
    const ranges = chunk(shards, SHARDS_MAX).flatMap((some) =>
      chunk(mergeRanges(some.map((shard) => ({ from: shard, to: shard }))), RANGES_MAX),
    );
    return ranges.map((part) => ({ source, target, ranges: part }));
  });
}

function chunk<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) =>
    all.slice(at * size, (at + 1) * size),
  );
}

/** SQL: whether the ID in the column is of one of the ranges. With built-in operators alone, as publications ask. */
export function isInRanges(column: string, ranges: readonly ShardRange[]): string {
  const shard = `((${column} >> 10) & ${LOGICAL_SHARDS - 1})`;
  return `(${ranges.map(({ from, to }) => `${shard} between ${from} and ${to}`).join(' or ')})`;
}
