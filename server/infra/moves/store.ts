/** Moves as the directory has them, and the lock of the one mover there may be. */

import { MoveRefused } from './faults.ts';
import type { Link } from './links.ts';
import { type PlannedMove, parseRanges, printRanges, type ShardRange, shardsIn } from './plan.ts';

export type MoveState = 'copying' | 'switching' | 'clearing' | 'undoing' | 'done' | 'undone';
export type Move = PlannedMove & { moveId: string; state: MoveState };

/** In the directory. */
export const MOVER_LOCK = 7_234_770_020;

type MoveRow = { move_id: string; ranges: string; source: string; target: string; state: MoveState };

/** Held until the session ends. */
export async function tryMoverLock(directory: Link): Promise<boolean> {
  const [row] = await directory.rows<{ is_mine: boolean }>('select pg_try_advisory_lock($1) as is_mine', [
    MOVER_LOCK,
  ]);
  return row?.is_mine === true;
}

/** Logical shard → name of its server. */
export async function selectMap(directory: Link): Promise<string[]> {
  const rows = await directory.rows<{ server: string }>(
    'select server from logical_shards order by logical_shard',
  );
  return rows.map(({ server }) => server);
}

/** The servers to which the map gives shards of the ranges. */
export async function selectOwners(directory: Link, ranges: readonly ShardRange[]): Promise<string[]> {
  const rows = await directory.rows<{ server: string }>(
    'select distinct server from logical_shards where logical_shard = any ($1::integer[])',
    [shardsIn(ranges)],
  );
  return rows.map(({ server }) => server);
}

/** The move that has not ended. */
export async function findMove(directory: Link): Promise<Move | null> {
  const [row] = await directory.rows<MoveRow>(
    "select move_id, ranges, source, target, state from moves where state not in ('done', 'undone')",
  );
  return row ? moveOf(row) : null;
}

export async function getMove(directory: Link, moveId: string): Promise<Move> {
  const [row] = await directory.rows<MoveRow>(
    'select move_id, ranges, source, target, state from moves where move_id = $1',
    [moveId],
  );
  if (!row) throw new MoveRefused(`The directory knows no move ${moveId}.`);
  return moveOf(row);
}

export async function insertMove(directory: Link, { ranges, source, target }: PlannedMove): Promise<Move> {
  const [row] = await directory.rows<MoveRow>(
    `insert into moves (ranges, source, target, state) values ($1, $2, $3, 'copying')
     returning move_id, ranges, source, target, state`,
    [printRanges(ranges), source, target],
  );
  if (!row) throw new MoveRefused('The directory took no move.');
  return moveOf(row);
}

export async function updateState(directory: Link, move: Move, state: MoveState): Promise<Move> {
  await directory.rows('update moves set state = $2, state_since = now() where move_id = $1', [
    move.moveId,
    state,
  ]);
  return { ...move, state };
}

/** Within a transaction: gives the ranges to the server, and the version of the map from then on. */
export async function updateMap(
  directory: Link,
  ranges: readonly ShardRange[],
  server: string,
): Promise<string> {
  const [row] = await directory.rows<{ version: string }>('select publish_map() as version');
  const version = row?.version ?? '';
  await directory.rows(
    'update logical_shards set server = $2, version = $3 where logical_shard = any ($1::integer[])',
    [shardsIn(ranges), server, version],
  );
  return version;
}

/** The version of the map that gave the ranges to the server that has them now. */
export async function selectVersion(directory: Link, ranges: readonly ShardRange[]): Promise<string> {
  const [row] = await directory.rows<{ version: string }>(
    'select max(version) as version from logical_shards where logical_shard = any ($1::integer[])',
    [shardsIn(ranges)],
  );
  return row?.version ?? '0';
}

/** Names of processes that were there a moment ago, had taken up the map of `from`, and not that of `version`. */
export async function selectLateProcesses(
  directory: Link,
  from: string,
  version: string,
  silenceMs: number,
): Promise<string[]> {
  const rows = await directory.rows<{ name: string }>(
    `select name from processes
     where seen_at > clock_timestamp() - $3 * interval '1 millisecond' and map_version >= $1 and map_version < $2`,
    [from, version, silenceMs],
  );
  return rows.map(({ name }) => name);
}

/** Those that have not been heard of for `quietMs`, and may yet be alive. */
export async function selectQuietProcesses(
  directory: Link,
  quietMs: number,
  silenceMs: number,
): Promise<string[]> {
  const rows = await directory.rows<{ name: string }>(
    `select name from processes where map_version < (select version from map_version)
       and seen_at > clock_timestamp() - $2 * interval '1 millisecond'
     union select name from processes where seen_at between clock_timestamp() - $2 * interval '1 millisecond'
       and clock_timestamp() - $1 * interval '1 millisecond'`,
    [quietMs, silenceMs],
  );
  return rows.map(({ name }) => name);
}

/**
 * How long the directory has run without a crash, in ms: a crash empties the list of processes, and so does the promotion
 * of a standby. The WAL writer starts after both. Who may not see it gets the age of this connection.
 */
export async function selectUptimeMs(directory: Link): Promise<number> {
  const [row] = await directory.rows<{ uptime_ms: number }>(
    `select extract(epoch from clock_timestamp() - coalesce(
       max(backend_start) filter (where backend_type = 'walwriter'),
       max(backend_start) filter (where pid = pg_backend_pid()))) * 1000 as uptime_ms from pg_stat_activity`,
  );
  return Number(row?.uptime_ms ?? 0);
}

function moveOf(row: MoveRow): Move {
  const { move_id: moveId, ranges, source, target, state } = row;
  return { moveId, ranges: parseRanges(ranges), source, target, state };
}
