/** What stands against entrusting shards to a server: pure, from what it said of itself (inspect.ts). */
import type { ServerFacts } from './inspect.ts';

/** `cure`: the line for postgresql.conf, or the statement for a superuser. */
export type Fault = { says: string; cure?: { in: 'postgresql.conf' | 'psql'; line: string } };
export type Verdict = { faults: Fault[]; warnings: Fault[] };

const VERSION_MIN = 15;
const VERSION_MAX = 18;
/** IDs carry the time: two clocks that differ would order what members did wrongly. */
const CLOCK_MAX_MS = 1_000;
/** What one process of Pinhole may open to a server; facts in infra/database.ts. */
const CONNECTIONS_PER_PROCESS = 20;
const CONNECTIONS_MIN = 60;
/** A move needs a slot for itself, and one for each table that is being copied. */
const SLOTS_MIN = 3;
const SUBSCRIPTION_ROLE_FROM = 16;

/** `database`: that of the shards. */
export function judgeServer(facts: ServerFacts, database: string): Verdict {
  const warnings: Fault[] = [];
  const version = Math.floor(facts.version / 10_000);
  const faults = [
    ...judgeIdentity(facts, version, database),
    ...judgeDurability(facts, warnings),
    ...judgeMoving(facts, warnings),
    ...judgeRights(facts, version, database),
  ];
  if (version > VERSION_MAX)
    warnings.push({
      says: `PostgreSQL ${version} is newer than this version of Pinhole was tried with (${VERSION_MAX}).`,
    });
  const connections = number(facts, 'max_connections') - number(facts, 'superuser_reserved_connections');
  if (connections < CONNECTIONS_MIN)
    warnings.push({
      says: `max_connections leaves ${connections} connections; each process of Pinhole takes up to ${CONNECTIONS_PER_PROCESS} (a pgbouncer in front takes 20 in all), and a move 10.`,
      cure: conf('max_connections = 200'),
    });
  return { faults, warnings };
}

/** What stands against moving shards away from a server that is a part of the network already, or could lose data there. */
export function judgeMember(facts: ServerFacts): Fault[] {
  const faults = [...judgeDurability(facts, []), ...judgeMoving(facts, [])];
  const mayMove = facts.mayReplicate ? [] : [mayNotReplicate(facts.role)];
  return [...faults, ...mayMove];
}

function judgeIdentity(facts: ServerFacts, version: number, database: string): Fault[] {
  const faults: Fault[] = [];
  if (version < VERSION_MIN)
    faults.push({ says: `It is PostgreSQL ${version}; ${VERSION_MIN} to ${VERSION_MAX} will do.` });
  if (facts.isReplica)
    faults.push({ says: 'It is a replica, which cannot be written to. Name its primary.' });
  if (facts.hasDirectory)
    faults.push({
      says: `It holds a directory (${database.replace(/_shard$/, '_directory')}), so it is the first server of a Pinhole. Take another server, or another last part of the URL.`,
    });
  if (facts.encoding !== null && facts.encoding !== 'UTF8')
    faults.push({
      says: `Its database ${database} is in ${facts.encoding}, and must be in UTF8. Drop it: an empty one is made in its place.`,
    });
  if (Math.abs(facts.clockMs) > CLOCK_MAX_MS)
    faults.push({
      says: `Its clock is ${(Math.abs(facts.clockMs) / 1_000).toFixed(1)} s ${facts.clockMs > 0 ? 'ahead of' : 'behind'} the directory's, and IDs carry the time: 1 s at most. Let both machines set their clocks by NTP.`,
    });
  return faults;
}

function judgeDurability(facts: ServerFacts, warnings: Fault[]): Fault[] {
  const { settings } = facts;
  const faults: Fault[] = [];
  const refuse = (name: string, value: string, why: string) =>
    faults.push({ says: `${name} is ${settings[name]}: ${why}.`, cure: conf(`${name} = ${value}`) });
  if (settings.fsync === 'off') refuse('fsync', 'on', 'a power cut could destroy the whole database');
  if (settings.synchronous_commit === 'off')
    refuse('synchronous_commit', 'on', 'a crash would lose what members were told is done');
  if (settings.full_page_writes === 'off')
    refuse('full_page_writes', 'on', 'a power cut could leave torn pages');
  if (settings.data_sync_retry === 'on')
    refuse('data_sync_retry', 'off', 'writes that the disk has lost would be taken for done');
  if (settings.synchronous_commit === 'local' && settings.synchronous_standby_names)
    warnings.push({
      says: 'synchronous_commit is local: the replicas of synchronous_standby_names are not waited for, and may lack the newest when they take over.',
      cure: conf('synchronous_commit = on'),
    });
  return faults;
}

function judgeMoving(facts: ServerFacts, warnings: Fault[]): Fault[] {
  const { settings } = facts;
  const faults: Fault[] = [];
  const refuse = (name: string, value: string, why: string) =>
    faults.push({ says: `${name} is ${settings[name]}: ${why}.`, cure: conf(`${name} = ${value}`) });
  if (settings.wal_level !== 'logical')
    refuse('wal_level', 'logical', 'no shard could be moved away from it');
  if (number(facts, 'max_replication_slots') - facts.slots < SLOTS_MIN)
    refuse(
      'max_replication_slots',
      `${facts.slots + 10}`,
      `${facts.slots} are in use, and a move needs ${SLOTS_MIN}`,
    );
  if (
    'max_active_replication_origins' in settings &&
    number(facts, 'max_active_replication_origins') < SLOTS_MIN
  )
    refuse('max_active_replication_origins', '10', `a move needs ${SLOTS_MIN}`);
  if (number(facts, 'max_wal_senders') - facts.senders < SLOTS_MIN)
    refuse(
      'max_wal_senders',
      `${facts.senders + 10}`,
      `${facts.senders} are in use, and a move needs ${SLOTS_MIN}`,
    );
  if (number(facts, 'max_logical_replication_workers') < 3)
    refuse('max_logical_replication_workers', '4', 'a move needs 3');
  if (number(facts, 'max_worker_processes') < 4)
    refuse('max_worker_processes', '8', 'a move needs 4: those of replication are among them');
  if (settings.max_slot_wal_keep_size === '-1')
    warnings.push({
      says: 'max_slot_wal_keep_size is -1: a slot that nobody reads would fill the disk. Give it a part of the disk that may be lost to it.',
      cure: conf('max_slot_wal_keep_size = 20GB'),
    });
  return faults;
}

function mayNotReplicate(role: string): Fault {
  return {
    says: `The user ${role} may not replicate, so no shard could be moved.`,
    cure: { in: 'psql', line: `alter role ${quoted(role)} replication;` },
  };
}

function judgeRights(facts: ServerFacts, version: number, database: string): Fault[] {
  const faults: Fault[] = [];
  const role = quoted(facts.role);
  const refuse = (says: string, line: string) => faults.push({ says, cure: { in: 'psql', line } });
  if (!facts.mayReplicate) faults.push(mayNotReplicate(facts.role));
  if (!facts.maySubscribe)
    refuse(
      `The user ${facts.role} may not subscribe, so no shard could be moved here.`,
      version >= SUBSCRIPTION_ROLE_FROM
        ? `grant pg_create_subscription to ${role};`
        : `alter role ${role} superuser;`,
    );
  if (facts.encoding === null && !facts.mayMakeDatabases)
    refuse(
      `The user ${facts.role} may not make the database ${database}.`,
      `create database ${quoted(database)} owner ${role} encoding 'UTF8' template template0;`,
    );
  if (!facts.mayCreate)
    refuse(
      `The user ${facts.role} may not make tables in ${database}.`,
      `alter database ${quoted(database)} owner to ${role};`,
    );
  return faults;
}

const conf = (line: string) => ({ in: 'postgresql.conf' as const, line });
const quoted = (name: string) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);
const number = ({ settings }: ServerFacts, name: string) => Number(settings[name] ?? 0);
