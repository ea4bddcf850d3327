/**
 * Who a session's token says one is, nearer than its row: for 4 s in this process, and for 30 s in Redis, so that a member who
 * comes to one process after the other costs PostgreSQL two looks in a minute. A lost Redis signs nobody out.
 *
 * A session that has ended is dead at once: it is taken out of Redis and of all processes after the commit, and once more by
 * the job `sessions.ended` of the same transaction, which waits for a Redis that is down. Whoever read the row before the commit
 * does not write it back after that (infra/redis/leased.ts).
 *
 * Redis, role sessions: session:{generation}:{hash}: JSON of the viewer.
 */
import { z } from 'zod';
import type { AccountId, SessionId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';
import { forget } from '../../infra/cache.ts';
import type { Transaction } from '../../infra/database.ts';
import { fillLeased, forgetLeased, lookLeased } from '../../infra/redis/leased.ts';
import { whereServed } from '../../infra/redis/optional.ts';
import type { Redis } from '../../infra/redis/redis.ts';
import type { Viewer } from './accounts.ts';
import { sessionsEnded } from './schema.ts';
import * as store from './store.ts';

/** How long a session that has ended may live on in a process that could not be told. */
const CACHE_MS = 4_000;
/** The same for Redis, should it fail at that moment, and with it the process that wanted to tell it. */
const REDIS_MS = 30_000;
/** Sessions that one job, or one command, forgets. */
const PART_MAX = 200;

const storedViewer = z.object({
  accountId: z.string().transform((id) => id as AccountId),
  sessionId: z.string().transform((id) => id as SessionId),
  role: z.enum(['member', 'admin']),
  kind: z.enum(['web', 'bearer']),
});

/** `read` asks PostgreSQL; null: there is no such session. `hash`: of its token. */
export async function findLiveViewer(
  app: App,
  hash: Buffer,
  read: () => Promise<Viewer | null>,
): Promise<Viewer | null> {
  const key = cacheKey(hash);
  const cached = app.cache.get<Viewer>(key);
  if (cached) return cached;
  const viewer = await readThrough(app.redis.sessions, hash, read);
  if (viewer) app.cache.set(key, viewer, CACHE_MS);
  return viewer;
}

async function readThrough(
  redis: Redis | null,
  hash: Buffer,
  read: () => Promise<Viewer | null>,
): Promise<Viewer | null> {
  const found = redis && isBelieved(redis) ? await whereServed(() => findCopy(redis, hash)) : null;
  if (found?.viewer) return found.viewer;
  const viewer = await read();
  const lease = found?.lease;
  if (redis && viewer && lease) await whereServed(() => keepCopy(redis, hash, lease, viewer));
  return viewer;
}

/** Of what ended while it did not answer, Redis may not know: what it has kept from before is waited out. */
function isBelieved(redis: Redis): boolean {
  return performance.now() - redis.answersSinceMs() > REDIS_MS;
}

/** Ends `only`, or all but `keep`; gives the hashes of their tokens, which `forgetSessions` wants after the commit. */
export async function endSessions(
  app: App,
  tx: Transaction,
  accountId: AccountId,
  only: SessionId | null,
  keep: SessionId | null,
): Promise<Buffer[]> {
  const ended = (await store.deleteSessions(tx, accountId, only, keep)).map((row) => row.token_hash);
  const jobs = inParts(ended).map((part) => ({ hashes: part.map(textOf) }));
  await app.queue.enqueue(tx, sessionsEnded, jobs);
  return ended;
}

/** Waits for Redis no longer than it takes to find out that it is down. */
export async function forgetSessions(app: App, hashes: Buffer[]): Promise<void> {
  const redis = app.redis.sessions;
  // First: otherwise another process, told to forget it, would find it there again.
  if (redis) await whereServed(() => dropCopies(redis, hashes));
  forget(app, hashes.map(cacheKey));
}

/** Runs in a job. Throws ServerDown while Redis is down. Without it here, what others keep there is void from now on. */
export async function forgetEndedSessions(app: App, hashes: string[]): Promise<void> {
  const buffers = hashes.map((hash) => Buffer.from(hash, 'base64url'));
  const redis = app.redis.sessions;
  if (!redis) await app.epoch.end();
  // One that has been silent for longer than copies live has none.
  else if (redis.downForMs() < REDIS_MS) await dropCopies(redis, buffers);
  forget(app, buffers.map(cacheKey));
}

// Redis -------------------------------------------------------------------------------------------------------

/** The viewer; or, where there is none, perhaps the lease with which he may be kept, once he was read. */
export async function findCopy(
  redis: Redis,
  hash: Buffer,
): Promise<{ viewer: Viewer | null; lease: string | null }> {
  const { value, lease } = await lookLeased(redis, keyOf(redis, hash));
  return { viewer: value === null ? null : parseViewer(value), lease };
}

/** Null for what no Pinhole of this version wrote. */
function parseViewer(text: string): Viewer | null {
  try {
    return storedViewer.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** False when the session ended since the lease was given, or that is too long ago. */
export function keepCopy(redis: Redis, hash: Buffer, lease: string, viewer: Viewer): Promise<boolean> {
  return fillLeased(redis, keyOf(redis, hash), lease, JSON.stringify(viewer), REDIS_MS);
}

async function dropCopies(redis: Redis, hashes: Buffer[]): Promise<void> {
  for (const part of inParts(hashes))
    await forgetLeased(
      redis,
      part.map((hash) => keyOf(redis, hash)),
    );
}

function inParts(hashes: Buffer[]): Buffer[][] {
  const parts: Buffer[][] = [];
  for (let at = 0; at < hashes.length; at += PART_MAX) parts.push(hashes.slice(at, at + PART_MAX));
  return parts;
}

function keyOf(redis: Redis, hash: Buffer): string {
  return `session:${redis.generation()}:${textOf(hash)}`;
}

function cacheKey(hash: Buffer): string {
  return `session:${textOf(hash)}`;
}

function textOf(hash: Buffer): string {
  return hash.toString('base64url');
}
