/**
 * The stream of a move, by PostgreSQL's own logical replication: a publication with row filters and a slot at the source,
 * a subscription at the target. All three bear one name. A slot that is left behind keeps the source's log for ever, so
 * the ending is as careful as the beginning.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { shardTables } from '../shard-tables.ts';
import { ConnectionLost, MoveRefused } from './faults.ts';
import { type Link, LONG_MS } from './links.ts';
import { isInRanges, type ShardRange } from './plan.ts';
import type { Report } from './report.ts';
import type { Move } from './store.ts';

const NAMES = 'pinhole_move_';
const MARKS = 'move_marks';
const PUBLISHED = [...shardTables.map(({ name }) => name), MARKS];
const DROP_MS = 8_000;
const IN_USE = '55006';
const UNDEFINED = '42704';
const NOWHERE = 'host=127.0.0.1 port=1 password=none';

const nameOfMove = (move: Move): string => `${NAMES}${move.moveId}`;

/** Whether all three parts are there, for all tables, and the slot still has what the target lacks. */
export async function isReplicating(source: Link, target: Link, move: Move): Promise<boolean> {
  const name = nameOfMove(move);
  const [there] = await source.rows<{ is_there: boolean }>(
    `select (select array_agg(tablename::text order by tablename collate "C") from pg_publication_tables
       where pubname = $1) is not distinct from $2::text[] and exists (select from pg_replication_slots
       where slot_name = $1 and database = current_database() and coalesce(wal_status, '') <> 'lost') as is_there`,
    [name, PUBLISHED.toSorted()],
  );
  const [here] = await target.rows<{ is_there: boolean }>(
    `select exists (select from pg_subscription where subname = $1 and subenabled
       and subdbid = (select oid from pg_database where datname = current_database())) as is_there`,
    [name],
  );
  return there?.is_there === true && here?.is_there === true;
}

/** Ends before anything is removed at the source. */
export async function isPublished(source: Link, move: Move): Promise<boolean> {
  const rows = await source.rows('select from pg_publication where pubname = $1', [nameOfMove(move)]);
  return rows.length > 0;
}

/** `url`: the source, as the target reaches it. */
export async function beginReplication(
  source: Link,
  target: Link,
  move: Move,
  url: string,
  report: Report,
): Promise<void> {
  const name = nameOfMove(move);
  await deleteMarks(source);
  await deleteMarks(target);
  await source.rows(
    `create publication ${name} for ${publishedTables(move.ranges)} with (publish = 'insert, update, delete')`,
  );
  await report({ kind: 'step', step: 'published' });
  // Waits until every writing transaction of this moment has ended.
  await source.rows("select pg_create_logical_replication_slot($1, 'pgoutput')", [name], LONG_MS);
  await report({ kind: 'step', step: 'slot made' });
  await target.rows(
    `create subscription ${name} connection ${pg.escapeLiteral(patient(url))} publication ${name}
     with (create_slot = false, slot_name = ${name}, copy_data = true)`,
    undefined,
    LONG_MS,
  );
  await report({ kind: 'step', step: 'subscribed' });
}

/** Tables whose first copy is complete and follows the source; null when the subscription is not at work. */
export async function selectCopyState(
  target: Link,
  move: Move,
): Promise<{ name: string; isReady: boolean; hasCopied: boolean; rows: number }[] | null> {
  const rows = await target.rows<{ name: string; state: string; rows: string; is_enabled: boolean }>(
    `select relname as name, srsubstate as state, coalesce(tuples_processed, 0) as rows, subenabled as is_enabled
     from pg_subscription join pg_subscription_rel on srsubid = pg_subscription.oid
     join pg_class on pg_class.oid = srrelid left join pg_stat_progress_copy on relid = srrelid
     where subname = $1 and subdbid = (select oid from pg_database where datname = current_database())`,
    [nameOfMove(move)],
  );
  if (rows.length <= shardTables.length || rows.some((each) => !each.is_enabled)) return null;
  return rows.map(({ name, state, rows }) => ({
    name,
    isReady: state === 'r',
    hasCopied: 'fsr'.includes(state),
    rows: Number(rows),
  }));
}

/** How often applying or copying has failed at the target, each time tried again. */
export async function selectFaults(target: Link, move: Move): Promise<number> {
  const [row] = await target.rows<{ faults: string }>(
    'select apply_error_count + sync_error_count as faults from pg_stat_subscription_stats where subname = $1',
    [nameOfMove(move)],
  );
  return Number(row?.faults ?? 0);
}

/**
 * Takes all three parts away, and what the first copy has left of its own; does nothing where nothing is. `target` is
 * null when that server is gone: its subscription is then removed by the next move to it.
 */
export async function endReplication(
  source: Link,
  target: Link | null,
  move: Move,
  report: Report,
): Promise<void> {
  if (target) {
    await dropSubscriptions(target);
    await deleteMarks(target);
  }
  await report({ kind: 'step', step: 'unsubscribed' });
  await dropSlots(source, target ? await selectSystem(target) : null);
  await report({ kind: 'step', step: 'slot dropped' });
  await source.rows(`drop publication if exists ${nameOfMove(move)}`);
  await deleteMarks(source);
  await report({ kind: 'step', step: 'unpublished' });
}

/** Whether the target can reach the source and may subscribe: throws MoveRefused when not. Changes nothing. */
export async function probeSubscription(target: Link, url: string): Promise<void> {
  await target.rows('begin');
  try {
    await target.rows(
      `create subscription ${NAMES}probe connection ${pg.escapeLiteral(patient(url))} publication ${NAMES}probe
       with (create_slot = false, slot_name = none, enabled = false, copy_data = false)`,
    );
  } catch (error) {
    // A source that the target cannot reach looks like a lost connection, only that the target says so.
    const said = error instanceof ConnectionLost ? error.cause : error;
    if (!(said instanceof pg.DatabaseError)) throw error;
    throw new MoveRefused(
      `${target.server} cannot subscribe to the source (${said.message}). It must reach that server at the address that it was added with, with a user who has REPLICATION there; at ${target.server} the user must be a superuser or have the role pg_create_subscription.`,
    );
  } finally {
    await target.rows('rollback').catch(() => undefined);
  }
}

function publishedTables(ranges: readonly ShardRange[]): string {
  const tables = shardTables.map(({ name, id }) => `table ${name} where (${isInRanges(id, ranges)})`);
  return [...tables, `table ${MARKS}`].join(', ');
}

/** A network that is gone is noticed within seconds, not within hours. */
function patient(url: string): string {
  const each = new URL(url);
  const wanted = {
    connect_timeout: '5',
    keepalives_idle: '5',
    keepalives_interval: '2',
    keepalives_count: '5',
  };
  for (const [name, value] of Object.entries(wanted))
    if (!each.searchParams.has(name)) each.searchParams.set(name, value);
  return each.href;
}

async function deleteMarks(link: Link): Promise<void> {
  await link.rows('delete from move_marks');
}

/** Of earlier moves too, whose target was away when they ended. Without its slot, so that it works without the source. */
async function dropSubscriptions(target: Link): Promise<void> {
  const found = await target.rows<{ name: string }>(
    `select subname as name from pg_subscription where subname ~ $1
     and subdbid = (select oid from pg_database where datname = current_database())`,
    [`^${NAMES}[0-9]+$`],
  );
  for (const { name } of found) {
    await target.rows(`alter subscription ${name} disable`);
    await target.rows(`alter subscription ${name} set (slot_name = none)`);
    // Otherwise dropping it in the middle of the first copy waits for a source that may be cut off.
    await target.rows(`alter subscription ${name} connection '${NOWHERE}'`);
    await target.rows(`drop subscription ${name}`);
  }
}

/** Which cluster it is: part of the name of the slots that its first copies make. */
async function selectSystem(link: Link): Promise<string> {
  const [row] = await link.rows<{ system: string }>(
    'select system_identifier as system from pg_control_system()',
  );
  return row?.system ?? '';
}

/** Those of all moves, and those of first copies of the target's, or where that is unknown, of all that nobody uses. */
async function dropSlots(source: Link, targetSystem: string | null): Promise<void> {
  for (const startMs = performance.now(); ; await delay(50)) {
    const slots = await source.rows<{ name: string; pid: number | null }>(
      `select slot_name as name, active_pid as pid from pg_replication_slots where database = current_database()
       and (slot_name ~ $1 or slot_name ~ $2 and (active_pid is null or $3))`,
      [`^${NAMES}[0-9]+$`, `^pg_[0-9]+_sync_[0-9]+_${targetSystem ?? '[0-9]+'}$`, targetSystem !== null],
    );
    if (slots.length === 0) return;
    for (const { name, pid } of slots) {
      if (pid !== null) await source.rows('select pg_terminate_backend($1)', [pid]);
      await source.rows('select pg_drop_replication_slot($1)', [name]).catch((error: unknown) => {
        const isLate = error instanceof pg.DatabaseError && [IN_USE, UNDEFINED].includes(error.code ?? '');
        if (!isLate || performance.now() - startMs > DROP_MS) throw error;
      });
    }
  }
}
