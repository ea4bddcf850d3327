/**
 * Streaming replicas of one server. They answer reads that may be a little old: never what privacy depends on, never to a
 * session that has written something they do not have yet, and not at all when they lag too far or do not answer.
 */
import type { Database } from './database.ts';
import { parseLogPosition } from './log-position.ts';
import { requestContext } from './request-context.ts';
import { type Statement, sql } from './sql.ts';

/** Beyond this a replica gets no reads. */
export const LAG_MAX_MS = 10_000;
const LOOK_EVERY_MS = 500;
/** A replica that has not been seen for so long is not known to be any good. */
const SEEN_MAX_MS = 2_000;

type Replica = { database: Database; position: bigint; lagMs: number; seenMs: number };
export type Replicas = {
  /** One that may answer the present request, or null. */
  pick(): Database | null;
  /** Of each: by how much it is behind the server, in ms and in bytes of log; null while it does not answer. */
  list(): { name: string; lag: { ms: number; bytes: number } | null }[];
  close(): Promise<void>;
};

const NONE: Replicas = { pick: () => null, list: () => [], close: async () => undefined };

export function openReplicas(primary: Database, databases: Database[]): Replicas {
  if (databases.length === 0) return NONE;
  const replicas: Replica[] = databases.map((database) => ({
    database,
    position: 0n,
    lagMs: Number.POSITIVE_INFINITY,
    seenMs: Number.NEGATIVE_INFINITY,
  }));
  /** How far the server's log had come, and when, oldest first. */
  const history: { position: bigint; atMs: number }[] = [];
  let turn = 0;
  let looking: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    looking = Promise.all([lookAtPrimary(), ...replicas.map(lookAt)]);
  }, LOOK_EVERY_MS).unref();

  async function lookAtPrimary(): Promise<void> {
    const atMs = performance.now();
    const found = await positionOf(primary, sql`select pg_current_wal_insert_lsn() as position, 0 as age_ms`);
    if (!found) return;
    history.push({ position: found.position, atMs });
    while (history.length > 2 && (history[1]?.atMs ?? 0) < atMs - 2 * LAG_MAX_MS) history.shift();
  }

  async function lookAt(replica: Replica): Promise<void> {
    const found = await positionOf(
      replica.database,
      sql`
      select pg_last_wal_replay_lsn() as position, extract(epoch from now() - pg_last_xact_replay_timestamp()) * 1000 as age_ms
      where pg_is_in_recovery()`,
    );
    if (!found) return;
    replica.position = found.position;
    replica.seenMs = performance.now();
    replica.lagMs = lagAt(found.position, found.ageMs);
  }

  /** What it lacks may be older than our history; then it says by itself how old the newest is that it has. */
  function lagAt(position: bigint, ageMs: number): number {
    const missing = history.find((each) => each.position > position);
    if (!missing) return 0;
    const missingMs = performance.now() - missing.atMs;
    return missing === history[0] ? Math.max(missingMs, ageMs) : missingMs;
  }

  const isSeen = (replica: Replica) =>
    performance.now() - replica.seenMs < SEEN_MAX_MS && !replica.database.isDown();

  return {
    pick() {
      const context = requestContext();
      if (!context?.mayReadReplicas) return null;
      const mark = context.marks.get(primary.name) ?? 0n;
      const fit = replicas.filter((each) => isSeen(each) && each.lagMs < LAG_MAX_MS && each.position >= mark);
      return fit[turn++ % fit.length]?.database ?? null;
    },
    list() {
      const newest = history.at(-1)?.position ?? 0n;
      return replicas.map((each) => ({
        name: each.database.name,
        lag: isSeen(each) ? { ms: each.lagMs, bytes: Math.max(0, Number(newest - each.position)) } : null,
      }));
    },
    async close() {
      clearInterval(timer);
      await looking;
      await Promise.all(replicas.map(({ database }) => database.close()));
    },
  };
}

/** Null: it is down, which infra/waiting.ts has noticed. `ageMs`: how long ago the newest was written. */
async function positionOf(database: Database, statement: Statement) {
  try {
    const [row] = await database.rows<{ position: string; age_ms: string | null }>(statement);
    if (!row) return null;
    const ageMs = row.age_ms === null ? Number.POSITIVE_INFINITY : Number(row.age_ms);
    return { position: parseLogPosition(row.position), ageMs };
  } catch {
    return null;
  }
}
