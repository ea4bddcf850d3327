/** Whatever stands against a move is found before anything is done. */
import { shardTables } from '../shard-tables.ts';
import { MoveRefused } from './faults.ts';
import type { Link } from './links.ts';
import { type PlannedMove, shardsIn } from './plan.ts';
import { probeSubscription } from './replication.ts';

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
  migrations: string[];
};

const SIDE = `
  select current_setting('server_version_num')::integer as version, current_setting('wal_level') as wal_level,
    current_setting('max_replication_slots')::integer - (select count(*) from pg_replication_slots)::integer as free_slots,
    current_setting('max_wal_senders')::integer - (select count(*) from pg_stat_replication)::integer as free_senders,
    (select rolsuper or rolreplication from pg_roles where rolname = current_user) as may_replicate,
    has_database_privilege(current_database(), 'CREATE') and not exists (select from pg_class
      where oid = any ($1::regclass[]) and not pg_has_role(relowner, 'USAGE')) as may_publish,
    current_setting('max_logical_replication_workers')::integer as apply_workers,
    (select array_agg(name order by name) from schema_migrations) as migrations`;

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
  if (from.migrations.join() !== to.migrations.join())
    reasons.push(
      `${move.source} and ${move.target} have different migrations: run ./pinhole migrate while both are up.`,
    );
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

async function countOwned(link: Link, shards: number[]): Promise<number> {
  const rows = await link.rows('select from owned_shards where logical_shard = any ($1::integer[])', [
    shards,
  ]);
  return rows.length;
}
