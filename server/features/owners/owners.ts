/**
 * Whose a post is, for those who know nothing of it but its ID. Redis has it of published posts that are for
 * everyone; what it does not know, PostgreSQL is asked for, and told to it. Without Redis PostgreSQL answers all.
 */
import { type AccountId, ID_EPOCH_MS, type PostId, timeOf } from '../../../core/ids.ts';
import type { PostAudience } from '../../../core/shapes.ts';
import type { App } from '../../infra/app.ts';
import type { Database } from '../../infra/database.ts';
import { type IdMap, openIdMap } from '../../infra/redis/id-map.ts';
import { beginRebuild, type Rebuild } from '../../infra/redis/id-map-rebuild.ts';
import { isFull } from '../../infra/redis/optional.ts';
import type { Redis } from '../../infra/redis/redis.ts';
import { ServerDown } from '../../infra/server-down.ts';
import { maySeePost, seeAccounts, type ViewerId } from '../graph/audience.ts';
import * as store from './store.ts';

export type Owner = { postId: PostId; accountId: AccountId };
/** `resumed` of those that are done had been done before. */
export type Progress = { done: number; resumed: number; all: number };

const REBUILD_BATCH = 5_000;
const FIRST: store.OwnerRow = { account_id: '0' as AccountId, post_id: '0' as PostId };

type Found = { accountId: AccountId; audience: PostAudience };

/** Of published posts alone; the others are absent, as are in a member's request those of servers that do not answer. */
export async function findOwners(app: App, postIds: PostId[]): Promise<Map<PostId, Found>> {
  const wanted = [...new Set(postIds)];
  const owners = ownersIn(app);
  const found = owners ? await owners.find(wanted).catch(orNull) : null;
  const missing = found ? wanted.filter((postId) => !found.has(postId)) : wanted;
  const known = new Map<PostId, Found>();
  for (const [postId, accountId] of found ?? []) known.set(postId, { accountId, audience: 'everyone' });
  if (missing.length === 0) return known;
  const rows = await store.selectOwners(app.shards, missing);
  for (const row of rows) known.set(row.post_id, { accountId: row.account_id, audience: row.audience });
  const entries = entriesOf(rows);
  if (owners && found && entries.length > 0) await owners.add(entries).catch(orNull);
  return known;
}

/** Those that everybody may be told who sees their account. */
function entriesOf(rows: Awaited<ReturnType<typeof store.selectOwners>>): [PostId, AccountId][] {
  return rows.filter(({ audience }) => audience === 'everyone').map((row) => [row.post_id, row.account_id]);
}

/**
 * Whose the posts are, in the order asked, of those accounts whose posts the viewer may see. The posts themselves are not
 * looked at: one that was deleted, archived or given to followers within the last moments may still be named, with whose it was, though nothing of it is shown.
 */
export async function listOwners(app: App, viewer: ViewerId, postIds: PostId[]): Promise<Owner[]> {
  const owners = await findOwners(app, postIds);
  const accountIds = [...owners.values()].map(({ accountId }) => accountId);
  const seen = await seeAccounts(app, viewer, [...new Set(accountIds)]);
  return postIds.flatMap((postId) => {
    const owner = owners.get(postId);
    if (!owner) return [];
    const { accountId, audience } = owner;
    const post = { account_id: accountId, state: 'published', audience };
    return maySeePost(viewer, post, seen.get(accountId)) ? [{ postId, accountId }] : [];
  });
}

/** When it is published. What Redis is not told now it is told by the first who asks. */
export async function rememberOwner(app: App, postId: PostId): Promise<void> {
  const owners = ownersIn(app);
  if (!owners || app.redis.map?.isDown()) return;
  const rows = await store.selectOwners(app.shards, [postId]);
  await owners.add(entriesOf(rows)).catch(orNull);
}

/** When it is deleted, archived, or for followers alone: for good, also where somebody has read it before and fills the map only later. Throws ServerDown. */
export async function forgetOwner(app: App, postId: PostId): Promise<void> {
  try {
    await ownersIn(app)?.remove([postId]);
  } catch (error) {
    if (!isFull(error)) throw error;
    throw new ServerDown('redis', 'takes nothing just now', { cause: error });
  }
}

const maps = new WeakMap<Redis, IdMap<PostId, AccountId>>();

function ownersIn({ redis: { map: redis } }: App): IdMap<PostId, AccountId> | null {
  if (!redis) return null;
  const owners = maps.get(redis) ?? openIdMap<PostId, AccountId>(redis, store.OWNERS);
  maps.set(redis, owners);
  return owners;
}

function orNull(error: unknown): null {
  if (error instanceof ServerDown || isFull(error)) return null;
  throw error;
}

// rebuilding --------------------------------------------------------------------------------------------------

/**
 * The whole map from PostgreSQL, sized for what there is, beside the one in use. Goes on where it was broken off, unless
 * `isFromStart`. Posts that move to another server meanwhile may be left out: the first who asks for one puts it in.
 */
export async function rebuildOwners(
  app: App,
  redis: Redis,
  options: { isFromStart: boolean; onProgress(progress: Progress): void },
): Promise<Progress> {
  const { servers } = app.shards;
  const counts = await Promise.all(servers.map(({ database }) => store.countPublished(database)));
  const firstMs = counts.flatMap(({ firstId }) => (firstId ? timeOf(firstId) : []));
  const progress = { done: 0, resumed: 0, all: counts.reduce((all, { count }) => all + count, 0) };
  const rebuild = await beginRebuild(redis, store.OWNERS, {
    expected: progress.all,
    startMs: firstMs.length > 0 ? Math.min(...firstMs) : Math.max(ID_EPOCH_MS, app.clock.nowMs()),
    isFromStart: options.isFromStart,
  });
  for (const { name, database } of servers) {
    const from = readCursor(await rebuild.readCursor(name));
    progress.resumed += from.done;
    progress.done += from.done;
    for await (const count of readInto(rebuild, name, database, from)) {
      progress.done += count;
      options.onProgress(progress);
    }
  }
  await rebuild.finish();
  return progress;
}

/** How far a server has been read. */
type Cursor = { after: store.OwnerRow; done: number };

/** Gives how many each batch had. */
async function* readInto(
  rebuild: Rebuild,
  server: string,
  database: Database,
  { after, done }: Cursor,
): AsyncGenerator<number> {
  for (let rows: store.OwnerRow[] = []; ; ) {
    rows = await store.selectOwnersAfter(database, rows.at(-1) ?? after, REBUILD_BATCH);
    await rebuild.add(rows.map((row) => [row.post_id, row.account_id]));
    done += rows.length;
    yield rows.length;
    const last = rows.at(-1);
    if (!last || rows.length < REBUILD_BATCH) return;
    await rebuild.writeCursor(server, [last.account_id, last.post_id, done].join());
  }
}

function readCursor(text: string | null): Cursor {
  const [accountId, postId, done] = text?.split(',') ?? [];
  if (!accountId || !postId) return { after: FIRST, done: 0 };
  return { after: { account_id: accountId as AccountId, post_id: postId as PostId }, done: Number(done) };
}
