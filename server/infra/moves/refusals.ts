/** Whatever stands against a move is found before anything is done. */
import path from 'node:path';
import { readMigrations } from '../migration-files.ts';
import { shardTables } from '../shard-tables.ts';
import { MoveRefused, MoveStopped } from './faults.ts';
import type { Link } from './links.ts';
import { type PlannedMove, shardsIn } from './plan.ts';
import { probeSubscription } from './replication.ts';

const MIGRATIONS = path.resolve(import.meta.dirname, '../../../db/shard');
const VERSION_MIN = 150_000;
/** The slot of the move, and one for each table that is being copied. */
const SLOTS = 3;

type Side = {
  version: number;
  wal_level: string;
  free_slots: number;
  free_senders: number;
  may_replicate: boolean;
  may_publish: boolean;
  apply_workers: number;
};

const SIDE = `
  select current_setting('server_version_num')::integer as version, current_setting('wal_level') as wal_level,
    current_setting('max_replication_slots')::integer - (select count(*) from pg_replication_slots)::integer as free_slots,
    current_setting('max_wal_senders')::integer - (select count(*) from pg_stat_replication)::integer as free_senders,
    (select rolsuper or rolreplication from pg_roles where rolname = current_user) as may_replicate,
    has_database_privilege(current_database(), 'CREATE') and not exists (select from pg_class
      where oid = any ($1::regclass[]) and not pg_has_role(relowner, 'USAGE')) as may_publish,
    current_setting('max_logical_replication_workers')::integer as apply_workers`;

/** Throws MoveRefused with one sentence for each reason. Changes nothing. */
export async function mustBeMovable(
  source: Link,
  target: Link,
  move: PlannedMove,
  sourceUrl: string,
): Promise<void> {
  const tables = [...shardTables.map(({ name }) => name), 'move_marks'];
  const [from] = await source.rows<Side>(SIDE, [tables]);
  const [to] = await target.rows<Side>(SIDE, [tables]);
  if (!from || !to) throw new MoveRefused('A server gave no answer about itself.');
  const reasons = [...reasonsOfSource(from, move.source), ...reasonsOfTarget(to, move.target)];
  reasons.push(...(await findUnknownTables(source, target)));
  const shards = shardsIn(move.ranges);
  if ((await countOwned(source, shards)) !== shards.length)
    reasons.push(`${move.source} does not own all of the range, though the map says so.`);
  if ((await countOwned(target, shards)) !== 0)
    reasons.push(`${move.target} owns a part of the range already, though the map says otherwise.`);
  if (reasons.length > 0) throw new MoveRefused(reasons.join('\n'));
  await probeSubscription(target, sourceUrl);
}

function reasonsOfSource(side: Side, name: string): string[] {
  const reasons: string[] = [];
  if (side.version < VERSION_MIN) reasons.push(`${name} must be PostgreSQL 15 or newer.`);
  if (side.wal_level !== 'logical')
    reasons.push(
      `${name} has wal_level = ${side.wal_level}: set it to logical there, and restart that server.`,
    );
  if (side.free_slots < SLOTS)
    reasons.push(
      `${name} has ${side.free_slots} replication slots free, and ${SLOTS} are needed: raise max_replication_slots there.`,
    );
  if (side.free_senders < SLOTS)
    reasons.push(
      `${name} has ${side.free_senders} WAL senders free, and ${SLOTS} are needed: raise max_wal_senders there.`,
    );
  if (!side.may_replicate)
    reasons.push(`The user of ${name} may not replicate: alter role … replication; as a superuser there.`);
  if (!side.may_publish)
    reasons.push(`The user of ${name} must own the tables, and have CREATE on the database.`);
  return reasons;
}

function reasonsOfTarget(side: Side, name: string): string[] {
  const reasons: string[] = [];
  if (side.version < VERSION_MIN) reasons.push(`${name} must be PostgreSQL 15 or newer.`);
  if (side.apply_workers < 2)
    reasons.push(`${name} has max_logical_replication_workers = ${side.apply_workers}: 2 are needed.`);
  return reasons;
}

/**
 * A sentence for each reason why the tables of shard-tables.ts may not be all that members' rows are in: a mover that does
 * not know a table would leave its rows behind. So it works only where both servers are of its own version.
 */
export async function findUnknownTables(source: Link, target: Link): Promise<string[]> {
  const files = (await readMigrations(MIGRATIONS)).map(({ name }) => name);
  const applied = await Promise.all([source, target].map(selectMigrations));
  if (applied[0]?.join() !== applied[1]?.join())
    return [
      `${source.server} and ${target.server} have different migrations: run ./pinhole migrate while both are up.`,
    ];
  const reasons: string[] = [];
  const odd = differences(files, applied[0] ?? []);
  if (odd.length > 0)
    reasons.push(
      `${source.server} and ${target.server} have other migrations than this version of Pinhole (${odd.join(', ')}): run ./pinhole migrate, or this command of the version that they have.`,
    );
  for (const server of [source, target]) {
    const others = differences(
      shardTables.map(({ name }) => name),
      await selectFenced(server),
    );
    if (others.length > 0)
      reasons.push(
        `The tables that are fenced at ${server.server} are not those that this version of Pinhole moves (${others.join(', ')}): their rows would be lost.`,
      );
  }
  return reasons;
}

/** As findUnknownTables, for a move under way: throws MoveStopped. */
export async function mustKnowTables(source: Link, target: Link): Promise<void> {
  const reasons = await findUnknownTables(source, target);
  if (reasons.length > 0) throw new MoveStopped(reasons.join('\n'));
}

async function selectMigrations(server: Link): Promise<string[]> {
  const rows = await server.rows<{ name: string }>('select name from schema_migrations');
  return rows.map(({ name }) => name).sort();
}

async function selectFenced(server: Link): Promise<string[]> {
  const rows = await server.rows<{ name: string }>(
    "select tgrelid::regclass::text as name from pg_trigger where tgname = 'fence'",
  );
  return rows.map(({ name }) => name);
}

/** What only one of them has. */
function differences(one: readonly string[], other: readonly string[]): string[] {
  return [...new Set(one).symmetricDifference(new Set(other))];
}

export async function countOwned(link: Link, shards: number[]): Promise<number> {
  const rows = await link.rows('select from owned_shards where logical_shard = any ($1::integer[])', [
    shards,
  ]);
  return rows.length;
}
